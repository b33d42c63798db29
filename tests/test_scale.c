/* test_scale.c -- the model of scale against cases that can be worked out by hand. */
#include "measure/scale.h"

#include <math.h>

#include "measure/limits.h"
#include "testing.h"

/* One of everything: nothing but a rollout takes long. */
static struct scale_costs easy(void)
{
    return (struct scale_costs){.compute = 1e-2,
                                .fetch = 1e-4,
                                .push = 2e-4,
                                .apply = {1e-5, 1e-5, 1e-5, 1e-5, 1e-5},
                                .fetch_bytes = 1e6,
                                .push_bytes = 1e6};
}

static struct scale_layout near_by(int actors)
{
    return (struct scale_layout){.actors = actors, .per_node = 4096, .even = true};
}

static void test_one_actor(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(1);
    struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (1e-4 + 1e-2 + 2e-4), 0.1);
    EXPECT_NEAR(r.updates_per_s, r.rollouts_per_s, 1e-9);
    EXPECT_NEAR(r.lag_mean, 1, 0); /* its own push before: it fetches while rank 0 applies that */
    EXPECT_NEAR(r.master, 1e-5 * r.rollouts_per_s, 1e-4);
    EXPECT_NEAR(scale_ideal(&c, &l), r.rollouts_per_s, 0.1);

    /* an answer that takes longer than a cycle holds the next push up */
    c.apply[0] = 3e-2;
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (3e-2 + 2e-4), 0.1);
    EXPECT_NEAR(scale_ideal(&c, &l), r.rollouts_per_s, 0.1);
}

static void test_one_far_actor(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(1);
    c.bandwidth = 1e9;
    c.latency = 5e-4;
    l.far = true;
    const struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (1e-2 + 2 * (5e-4 + 1e-3)), 0.1);
    EXPECT_NEAR(r.in, 1e-3 * r.rollouts_per_s, 1e-3);
    EXPECT_NEAR(r.lag_mean, 0, 0); /* by the time it has asked, its push is applied */
    EXPECT_NEAR(scale_ideal(&c, &l), r.rollouts_per_s, 0.1);

    /* the parts of a transfer go on at once: the slowest counts */
    c.serve = 3e-9;
    c.drive = 2e-9;
    const struct scale_result slow = scale_run(&c, &l);
    EXPECT_NEAR(slow.rollouts_per_s, 1 / (1e-2 + 2 * (5e-4 + 3e-3)), 0.1);
    EXPECT_NEAR(slow.master, (6e-3 + 1e-5) * slow.rollouts_per_s, 1e-3);
    EXPECT_NEAR(scale_ideal(&c, &l), slow.rollouts_per_s, 0.1);
}

static void test_rank0_saturated(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(64);
    for (int i = 0; i < SCALE_APPLIES; i++) c.apply[i] = 4e-4 - 5e-5 * i; /* 2e-4 from 16 on */
    l.even = false;
    const struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 5000, 25);
    EXPECT_NEAR(r.master, 1, 0.01);
    EXPECT(r.lag_mean > 64 && r.lag_mean < 129); /* the mailboxes of all, and of those who wait no more than one pass */
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_RANK0);
    enum scale_limit limit;
    struct scale_result at;
    const int knee = scale_knee(&c, &l, 1e9, 4096, &limit, &at), bound = scale_bound(&c, &l, 1e9, 4096);
    EXPECT(bound == 52); /* 52 / 1.03e-2 > 5000 */
    EXPECT(limit == SCALE_RANK0 && knee > 0.75 * bound && knee < 1.3 * bound);
    EXPECT(at.rollouts_per_s > 0.75 * 5000 && at.rollouts_per_s <= 5025);
}

static void test_link_saturated(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(64);
    c.bandwidth = 1e9;
    c.push_bytes = 2e6;
    l.far = true;
    l.even = false;
    struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1e9 / 2e6, 5);
    EXPECT_NEAR(r.in, 1, 0.01);
    EXPECT_NEAR(r.out, 0.5, 0.01);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_LINK);
    c.push_bytes = 1e6; /* half the bytes, twice the rate */
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1000, 10);
    c.serve = 4e-9; /* and now rank 0 itself is slower than the wire: 8 ms of every rollout's 2 MB */
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (8e-3 + 1e-5), 2);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_RANK0);
}

static void test_lag(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    for (int actors = 2; actors <= 32; actors *= 4) {
        struct scale_layout l = near_by(actors);
        l.even = false;
        struct scale_result r = scale_run(&c, &l);
        EXPECT_NEAR(r.lag_mean, actors, 0.1 * actors); /* the others once each, and its own before */
        EXPECT(scale_judge(&r, scale_ideal(&c, &l), actors - 1) == SCALE_LAG);
        EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1.5 * actors) == SCALE_NO_LIMIT);
        l.far = true;
        c.latency = 1e-3;
        r = scale_run(&c, &l);
        EXPECT_NEAR(r.lag_mean, actors - 1, 0.15 * actors); /* its own is applied before it asks */
        c.latency = 0;
    }
    struct scale_layout l = near_by(1);
    enum scale_limit limit;
    struct scale_result at;
    EXPECT(scale_bound(&c, &l, 20, 4096) == 21);
    const int knee = scale_knee(&c, &l, 20, 4096, &limit, &at);
    EXPECT(limit == SCALE_LAG && knee >= 19 && knee <= 23);
    EXPECT(scale_knee(&c, &l, 1e9, 8, &limit, &at) == 8 && limit == SCALE_NO_LIMIT);
}

static void test_shared_cores(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(256);
    l.cores = 1; /* sleepers: their copies and rank 0's work take turns on one core */
    l.idle = true;
    l.even = false;
    struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (3e-4 + 1e-5), 40);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_CORES);
    l.idle = false; /* and those who compute, with their rollouts too */
    l.actors = 8;
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1 / (1e-2 + 3e-4 + 1e-5), 2);
    l.cores = 4;
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 4 / (1e-2 + 3e-4 + 1e-5), 8);
}

static void test_relays(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = {.actors = 256, .per_node = 16};
    c.bandwidth = 1e9;
    const struct scale_result direct = scale_run(&c, &l);
    l.relays = true;
    const struct scale_result forward = scale_run(&c, &l);
    l.sum = true;
    const struct scale_result sum = scale_run(&c, &l);
    /* everybody's push crosses but for those of rank 0's node: 1000/s at the most */
    EXPECT_NEAR(forward.rollouts_per_s, 1000 + 16 / 1.03e-2, 100);
    EXPECT_NEAR(forward.updates_per_s, forward.rollouts_per_s, 1e-9);
    EXPECT_NEAR(forward.rollouts_per_s, direct.rollouts_per_s, 0.1 * direct.rollouts_per_s);
    /* sums shrink that: fewer updates, more rollouts */
    EXPECT(sum.updates_per_s < 0.5 * sum.rollouts_per_s && sum.rollouts_per_s > 3 * forward.rollouts_per_s);
    EXPECT(sum.in <= 1 && sum.out <= 1 && sum.lag_mean < forward.lag_mean);

    /* weights cross once for a node and version: sixteen actors share each Get */
    l = (struct scale_layout){.actors = 32, .per_node = 16, .relays = true};
    c.push_bytes = 1e3;
    const struct scale_result r = scale_run(&c, &l);
    const double gets = r.out * 1e9 / 1e6;
    EXPECT(gets > 400 && gets < 0.75 * r.rollouts_per_s / 2); /* half of the rollouts are of that node */
    l.relays = false;                                         /* each fetches for itself: the link bears a thousand */
    const struct scale_result d = scale_run(&c, &l);
    EXPECT_NEAR(d.out, 1, 0.02);
    EXPECT_NEAR(d.rollouts_per_s, 1000 + 16 / 1.03e-2, 30);
    EXPECT(r.rollouts_per_s > 1.05 * d.rollouts_per_s);

    /* one behind a relay waits for each round: an empty one's latency, its weights, and the copy */
    l = (struct scale_layout){.actors = 2, .per_node = 1, .relays = true, .even = true};
    c.latency = 1e-3;
    const double near = 1 / 1.03e-2, far = 1 / (1e-2 + 3e-4 + 1e-3 + 1e-3);
    EXPECT_NEAR(scale_run(&c, &l).rollouts_per_s, near + far, 2);
    EXPECT_NEAR(scale_ideal(&c, &l), near + far, 0.1);
    /* packing costs its relay, unpacking rank 0 */
    c.encode = 5e-2;
    EXPECT_NEAR(scale_run(&c, &l).rollouts_per_s, near + 1 / (5e-2 + 1e-3), 4);
    c.encode = 0;
    c.decode = 5e-2;
    const struct scale_result slow = scale_run(&c, &l);
    EXPECT(slow.master > 0.9 && slow.rollouts_per_s < 60);
}

/* Gradients that a relay takes at once: what the link bears is sums, in each as many as come, up to the bound. */
static void test_sums_nobody_waits_for(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = {.actors = 256, .per_node = 16, .relays = true, .sum = true, .most = 4};
    c.bandwidth = 1e9;
    const double near = 16 / 1.03e-2, far = 240 / 1.03e-2;
    struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, near + 4 * 1000, 250);
    EXPECT_NEAR(r.updates_per_s, near + 1000, 80);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_LINK);
    EXPECT_NEAR(scale_ideal(&c, &l), near + far, 1);
    l.most = 64;
    r = scale_run(&c, &l);
    EXPECT(r.rollouts_per_s > 0.97 * (near + far) && r.updates_per_s < near + 1050);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_NO_LIMIT);
    /* more nodes, more frames, with a bound that grows like them */
    l.actors = 1024, l.most = 256;
    const struct scale_result more = scale_run(&c, &l);
    EXPECT(more.rollouts_per_s > 3.8 * r.rollouts_per_s && more.updates_per_s < near + 1050);
    /* a thread adds one gradient after another */
    l.actors = 256, l.most = 64;
    c.sum = 1e-3;
    r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, near + 15 * 1000, 400); /* a sum is counted when it is applied */
    EXPECT_NEAR(r.relay, 1, 0.02);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_RELAY);
    /* by hand: a relay's thread has enough with ten actors; the lag of as many updates as there are sums */
    enum scale_limit limit;
    struct scale_result at;
    EXPECT_NEAR(scale_bound(&c, &l, 1e9, 4096), 16 + 11, 1);
    const int knee = scale_knee(&c, &l, 1e9, 4096, &limit, &at);
    EXPECT(limit == SCALE_RELAY && knee >= 24 && knee <= 34);
}

/* A sum is one update, as late as its oldest part. One actor of each of two nodes pushes every millisecond, and the
 * link carries a sum, and weights beside it, in ten; then weights alone, while the answer is awaited. A sum that is
 * closed at 0 is applied at 10. Its parts were pushed since -20, the first of them with weights that were told at -30
 * and had left rank 0 at -40, the others with later ones. */
static void test_lag_of_sums(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    const struct scale_layout l = {.actors = 2, .per_node = 1, .relays = true, .sum = true, .most = 64, .even = true};
    c.compute = 7e-4;
    c.bandwidth = 1e8;
    const struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.updates_per_s, 1000 + 50, 5);
    EXPECT_NEAR(r.lag_mean, (1000 * 1.05 + 50 * 52.5) / 1050, 0.2); /* 1,050 updates/s for 50 ms; near by for one */
}

static void test_threads(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_layout l = near_by(1024);
    for (int i = 0; i < SCALE_APPLIES; i++) c.apply[i] = 2e-4;
    c.serial = 0.2;
    for (int threads = 1; threads <= 8; threads *= 2) {
        l.threads = threads;
        const double each = 2e-4 * (0.2 + 0.8 / threads);
        EXPECT_NEAR(scale_run(&c, &l).updates_per_s, 1 / each, 0.01 / each);
        EXPECT_NEAR(scale_bound(&c, &l, 1e9, 4096), 1.03e-2 / each + 1, 1);
    }
    c.scan = 1e-6; /* a look at each mailbox before each pass of 64 */
    EXPECT_NEAR(scale_run(&c, &l).updates_per_s, 64 / (64 * 2e-4 * 0.3 + 1024e-6), 60);

    /* a link that carries a message in 0.1 ms: facts, word and two pieces, and what the seven of a fetch ask */
    c = easy();
    l = (struct scale_layout){.actors = 64, .per_node = 4096, .far = true};
    c.message = 1e-4;
    c.pieces = 2;
    const struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.rollouts_per_s, 1e4 / (4 + 7), 10);
    EXPECT_NEAR(r.out, 7 / 11.0, 0.02);
    EXPECT(scale_judge(&r, scale_ideal(&c, &l), 1e9) == SCALE_LINK);
}

/* A relay's round is in many messages, and its answers are asked for. */
static void test_messages_of_relays(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    struct scale_messages n = scale_round_messages(&c, 1, 16, 16, true);
    EXPECT(n.in == 1 + 2 * 16 + 2 + 3 + 2 + 16 && n.out == 3 + 2 + 16);
    c.pieces = 3;
    n = scale_round_messages(&c, 16, 16, 16, false);
    EXPECT(n.in == 3 * 16 + 2 * 16 + 2 + 16 && n.out == 2 + 16);
    n = scale_round_messages(&c, 0, 0, 16, false);
    EXPECT(n.in == 2 + 16 && n.out == 2 + 16);

    /* Sums in turn with weights alone: 24 messages, two for each of k gradients, and 23, in 0.1 ms each. The 16 actors
     * behind the relay push k in that time. */
    struct scale_layout l = {.actors = 32, .per_node = 16, .relays = true, .sum = true, .most = 64};
    c = easy();
    c.message = 1e-4;
    const double near = 16 / 1.03e-2, k = near * 47e-4 / (1 - 2e-4 * near), sums = near / k;
    const struct scale_result r = scale_run(&c, &l);
    EXPECT_NEAR(r.updates_per_s, near + sums, 0.05 * sums);
    EXPECT_NEAR(r.in, 1, 0.02);
    EXPECT_NEAR(r.out, 2 * 21e-4 * sums, 0.04);
    EXPECT_NEAR(r.rollouts_per_s, 2 * near, 60);
    EXPECT_NEAR(scale_bound(&c, &l, 1e9, 4096), 16 + 64 / (97.1 * 51e-4) + 1, 1); /* all sums full, of all actors */

    /* Of one actor behind a relay: weights, its gradient, and a look whether that was applied. */
    l = (struct scale_layout){.actors = 2, .per_node = 1, .relays = true, .even = true};
    c = easy();
    c.latency = 1e-2;
    c.compute = 1e-3;
    const double one = 1 / (1e-3 + 3e-4), other = 1 / (2.5e-2 + 2e-4);
    EXPECT_NEAR(scale_run(&c, &l).rollouts_per_s, one + other, 10);
    EXPECT_NEAR(scale_ideal(&c, &l), one + other, 5);

    /* It looks every 20 us, then after an eighth of the time waited, then every millisecond; three messages each. */
    c = easy();
    c.compute = 1e-6;
    c.message = 1e-7;
    for (int i = 0; i < SCALE_APPLIES; i++) c.apply[i] = 0.1;
    const double looks = 8 + log(1e-3 / 2e-5) / log(9.0 / 8) + (0.1 - 8e-3) / 1e-3;
    const struct scale_result slow = scale_run(&c, &l);
    EXPECT_NEAR(slow.out, looks * 3e-7 / 0.1, 0.2 * looks * 3e-7 / 0.1);
}

static void test_many(void **state)
{
    (void)state;
    struct scale_costs c = easy();
    c.bandwidth = 1e9;
    c.latency = 1e-4;
    c.serve = 1e-10;
    for (int mode = 0; mode < 4; mode++) {
        const struct scale_layout l = {
            .actors = 4096, .per_node = 16, .relays = mode > 0, .sum = mode > 1, .most = mode > 2 ? 16 : 0};
        const struct scale_result a = scale_run(&c, &l), b = scale_run(&c, &l);
        EXPECT(!memcmp(&a, &b, sizeof a)); /* the same seed, the same answer */
        EXPECT(a.rollouts_per_s > 500 && a.rollouts_per_s < scale_ideal(&c, &l));
        EXPECT(a.lag_p95 >= 0 && a.master <= 1 && a.in <= 1 && a.out <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_actor),
        cmocka_unit_test(test_one_far_actor),
        cmocka_unit_test(test_rank0_saturated),
        cmocka_unit_test(test_link_saturated),
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_shared_cores),
        cmocka_unit_test(test_relays),
        cmocka_unit_test(test_sums_nobody_waits_for),
        cmocka_unit_test(test_lag_of_sums),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_messages_of_relays),
        cmocka_unit_test(test_many),
    };
    return testing_main(tests);
}
