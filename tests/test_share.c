/* test_share.c -- pushes, stop and sleep: every gradient is applied once and whole, on all three paths to rank 0's
 * memory: shared, by each actor's own puts and gets, and through relays on pretended nodes. */
#include "sharing.h"

enum { P = 6000 / 16 * 16, PUSHES = 60 };
enum { WORLD = 1, HOGWILD = 2, RELAY = 4, BF16 = 8, SEVERAL = 16 };

static struct share_config config_of(int flags)
{
    return (struct share_config){.params = P,
                                 .episodes = 4,
                                 .world = flags & WORLD,
                                 .hogwild = (flags & HOGWILD) != 0,
                                 .nodes = flags & RELAY ? pretended_nodes() : 0,
                                 .mailboxes = flags & SEVERAL ? 3 : 0,
                                 .wire = flags & BF16 ? SHARE_WIRE_BF16 : SHARE_WIRE_FLOAT32};
}

/* Are there to be relays: not where TCP sockets between all ranks leave no shared memory (test_share_tcp.sh). */
static bool relays_expected(int flags)
{
    const char *osc = getenv("OMPI_MCA_osc");
    return flags & RELAY && !(osc && !strcmp(osc, "pt2pt"));
}

/* Entry i of the k-th gradient of an actor: a small integer, so that sums of floats are exact in any order. */
static float entry(int actor, int k, size_t i)
{
    return (float)((int)(((size_t)actor * 7 + (size_t)k * 3 + i) % 5) - 2);
}

static bool applies(int actor, int k)
{
    return (actor + k) % 10 < 8;
}

static struct share_push facts(int actor, int k, uint64_t version)
{
    const float f = (float)(100 * actor + k);
    return (struct share_push){.version = version,
                               .frames = 20 + k,
                               .steps = 5 + actor,
                               .scale = (actor + k) % 10 == 8 ? 0 : 1,
                               .norm = f,
                               .policy_loss = -f,
                               .value_loss = f + 0.5f,
                               .entropy = f / 2,
                               .bad = (actor + k) % 10 == 9};
}

static bool same_facts(const struct share_push *a, const struct share_push *b)
{
    return a->version == b->version && a->frames == b->frames && a->steps == b->steps && a->scale == b->scale &&
           a->norm == b->norm && a->policy_loss == b->policy_loss && a->value_loss == b->value_loss &&
           a->entropy == b->entropy && a->bad == b->bad;
}

static void push_one(struct share *s, int actor, int k, uint64_t version)
{
    float *grad = share_begin(s);
    CHECK(grad != NULL);
    if (!grad) return;
    for (size_t i = 0; i < P / 2; i++) grad[i] = entry(actor, k, i);
    CHECK(share_begin(s) == grad); /* asked twice: the same mailbox, with what was written */
    for (size_t i = P / 2; i < P; i++) grad[i] = entry(actor, k, i);
    const struct share_push push = facts(actor, k, version);
    share_push(s, &push);
}

/* An actor's run; the sum of the versions its applied gradients were computed on. */
static int64_t actor_pushes(struct share *s, int actor, bool hogwild)
{
    static float theta[P];
    int64_t versions = 0;
    uint64_t before = 0;
    for (int k = 0; k < PUSHES; k++) {
        struct share_view view;
        CHECK(share_fetch(s, theta, &view) == 0);
        CHECK(view.version >= before && view.publication >= 1 && view.stop == 0);
        if (!hogwild) CHECK(theta[0] == theta[5] && theta[1] == theta[P - 4]); /* entries repeat with period 5 */
        before = view.version;
        if (applies(actor, k)) versions += (int64_t)view.version;
        push_one(s, actor, k, view.version);
    }
    CHECK(share_flush(s) == 0);
    return versions;
}

/* Until all have pushed: the weights of version `last`. */
static void actor_sees_the_end(struct share *s, uint64_t last)
{
    static float theta[P];
    struct share_view view;
    CHECK(share_fetch(s, theta, &view) == 0);
    while (view.version < last && !share_wait(s, view.publication + 1, &view)) {}
    CHECK(share_fetch(s, theta, &view) == 0);
    CHECK(view.version == last);
}

/* Plain descent with step 1 until all pushes are in; the sum of lags. */
static int64_t master_applies(struct share *s, bool several)
{
    const int actors = share_actors(s);
    int next[64] = {0}, waiting = actors * PUSHES, last = -1;
    uint64_t version = 0;
    int64_t lags = 0, frames = 0;
    while (waiting) {
        struct share_ready ready[3];
        const int n = share_drain(s, ready, 3);
        if (!n) {
            share_idle(s, 1);
            continue;
        }
        const float *from = share_theta(s);
        float *to = share_next(s);
        if (to != from) memcpy(to, from, P * sizeof *to);
        for (int r = 0; r < n; r++) {
            const int a = ready[r].actor, k = next[a]++;
            const struct share_push want = facts(a, k, ready[r].push.version);
            CHECK(same_facts(&ready[r].push, &want));
            CHECK(several || r == 0 || (ready[r].actor - last + actors) % actors > 0); /* none twice in a drain */
            last = a;
            frames += ready[r].push.frames;
            waiting--;
            if (!applies(a, k)) continue;
            CHECK(ready[r].push.version <= version);
            lags += (int64_t)(version++ - ready[r].push.version);
            for (size_t i = 0; i < P; i++) to[i] -= ready[r].grad[i];
        }
        CHECK(share_next(s) == to);
        share_publish(s, version, frames);
        CHECK(share_theta(s) == to);
        share_ack(s, ready, n);
    }
    CHECK(frames == (int64_t)actors * (20 * PUSHES + PUSHES * (PUSHES - 1) / 2));
    return lags;
}

static void pushes(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    const int actors = sharing_size - 1;
    static float theta[P];
    CHECK(share_actors(s) == actors);
    if (relays_expected(flags)) CHECK(share_relays(s) == pretended_nodes() - 1);
    if (sharing_rank == 0 && !flags)
        print_message("# component: %s\n", share_component(s)); /* test_nodes.sh looks for it */
    CHECK(sharing_rank == 0 || share_is_local(s) == !(flags & WORLD) || !(flags & WORLD));
    int64_t lags = 0, versions = 0, applied = 0;
    for (int a = 0; a < actors; a++)
        for (int k = 0; k < PUSHES; k++) applied += applies(a, k);
    if (sharing_rank == 0) {
        fill(theta, P, 3);
        share_start(s, theta, NULL, 0, 0);
        lags = master_applies(s, flags & SEVERAL);
        for (size_t i = 0; i < P; i++) {
            float want = 3;
            for (int a = 0; a < actors; a++)
                for (int k = 0; k < PUSHES; k++)
                    if (applies(a, k)) want -= entry(a, k, i);
            CHECK(share_theta(s)[i] == want);
        }
    } else {
        versions = actor_pushes(s, sharing_rank - 1, flags & HOGWILD);
        actor_sees_the_end(s, (uint64_t)applied);
    }
    finish(&s);
    /* applied in the order 0, 1, 2, ...: every lag is that number less the version fetched */
    CHECK(total(lags) == applied * (applied - 1) / 2 - total(versions));
    agree();
}

static void each_push_applied_once_and_whole(void **state)
{
    (void)state, pushes(0);
}
static void each_push_applied_once_and_whole_world(void **state)
{
    (void)state, pushes(WORLD);
}
static void each_push_applied_once_and_whole_relay(void **state)
{
    (void)state, pushes(RELAY);
}
static void each_push_applied_once_hogwild(void **state)
{
    (void)state, pushes(HOGWILD);
}
static void each_push_applied_once_hogwild_world(void **state)
{
    (void)state, pushes(HOGWILD | WORLD);
}
static void each_push_applied_once_hogwild_relay(void **state)
{
    (void)state, pushes(HOGWILD | RELAY);
}

static void each_push_applied_once_bf16(void **state)
{
    (void)state, pushes(RELAY | BF16); /* the gradients are small integers: exact in 16 bits */
}

static void each_push_applied_once_several(void **state)
{
    (void)state, pushes(SEVERAL);
}
static void each_push_applied_once_several_world(void **state)
{
    (void)state, pushes(SEVERAL | WORLD);
}
static void each_push_applied_once_several_relay(void **state)
{
    (void)state, pushes(SEVERAL | RELAY);
}

/* Odd actors wait for a mailbox, even ones for a publication: neither comes, stop must reach both. */
static void stopping(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float theta[P];
    if (sharing_rank == 0) {
        share_start(s, theta, NULL, 0, 0);
        struct share_ready ready;
        for (int n = 0; n < share_actors(s);) {
            const int got = share_drain(s, &ready, 1); /* taken, never acked */
            n += got;
            if (!got) share_idle(s, 1);
        }
        CHECK(share_drain(s, &ready, 1) == 0);
        share_idle(s, 0.05); /* they wait by now */
        for (int a = 0; a < share_actors(s); a++) CHECK(share_silence(s, a) >= 0 && share_silence(s, a) < 10);
        share_stop(s, 3);
        CHECK(share_wait_bye(s, 60) == 0);
        for (int a = 0; a < share_actors(s); a++) CHECK(share_silence(s, a) == -1);
    } else {
        struct share_view view;
        CHECK(share_fetch(s, theta, &view) == 0 && view.stop == 0);
        push_one(s, sharing_rank - 1, 0, view.version);
        if (sharing_rank % 2) {
            CHECK(share_begin(s) == NULL && share_stopped(s));
        } else {
            CHECK(share_wait(s, view.publication + 1, &view) == 0);
            CHECK(view.stop == 3 && view.publication == 1);
            CHECK(share_begin(s) == NULL);
        }
    }
    finish(&s);
}

static void stop_reaches_who_waits(void **state)
{
    (void)state, stopping(0);
}
static void stop_reaches_who_waits_world(void **state)
{
    (void)state, stopping(WORLD);
}
static void stop_reaches_who_waits_relay(void **state)
{
    (void)state, stopping(RELAY);
}

/* The master sleeps for ten minutes unless it is woken; rounds as in deterministic mode. */
static void rounds(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float theta[P];
    enum { ROUNDS = 25 };
    if (sharing_rank == 0) {
        share_start(s, theta, NULL, 0, 0);
        for (int round = 0; round < ROUNDS; round++) {
            struct share_ready ready[64];
            int n = 0;
            while (n < share_actors(s)) {
                const int got = share_drain(s, ready + n, 64 - n);
                n += got;
                if (!got) share_idle(s, 600);
            }
            fill(share_next(s), P, round + 1);
            share_publish(s, (uint64_t)(round + 1) * (uint64_t)n, 0);
            share_ack(s, ready, n);
        }
    } else {
        struct share_view view;
        for (int round = 0; round < ROUNDS; round++) {
            CHECK(share_wait(s, (uint64_t)round + 1, &view) == 0);
            CHECK(share_fetch(s, theta, &view) == 0 && view.publication == (uint64_t)round + 1);
            CHECK(all_are(theta, P, round));
            if (round % 3 == 0) sleep_us(2000);
            push_one(s, sharing_rank - 1, round, view.version);
        }
        CHECK(share_flush(s) == 0);
    }
    finish(&s);
}

static void rounds_wake_the_master(void **state)
{
    (void)state, rounds(0);
}
static void rounds_wake_the_master_world(void **state)
{
    (void)state, rounds(WORLD);
}
static void rounds_wake_the_master_relay(void **state)
{
    (void)state, rounds(RELAY);
}

/* A fetch made before share_start() waits for it; stop before any start ends that wait. */
static void starting(int flags)
{
    const struct share_config config = config_of(flags);
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    static float theta[P];
    struct share_view view;
    if (sharing_rank == 0) {
        sleep_us(30000);
        fill(theta, P, 7);
        share_start(s, theta, NULL, 40, 1600);
        CHECK(all_are(share_theta(s), P, 7));
    } else {
        CHECK(share_fetch(s, theta, &view) == 0);
        CHECK(all_are(theta, P, 7) && view.version == 40 && view.frames == 1600 && view.publication == 1);
        CHECK(view.snapshot_id == 0 && view.state_id == 0 && view.target_version == 0);
    }
    finish(&s);
    s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0)
        sleep_us(10000), share_stop(s, 1);
    else
        CHECK(share_fetch(s, theta, &view) == 0 && view.stop == 1 && view.publication == 0);
    finish(&s);
}

static void fetch_waits_for_start(void **state)
{
    (void)state, starting(0);
}
static void fetch_waits_for_start_world(void **state)
{
    (void)state, starting(WORLD);
}
static void fetch_waits_for_start_relay(void **state)
{
    (void)state, starting(RELAY);
}

static void master_alone_does_not_wait(void **state)
{
    (void)state;
    const struct share_config config = config_of(0);
    struct share *s = share_open(MPI_COMM_SELF, &config);
    static float theta[P];
    struct share_ready ready;
    CHECK(share_actors(s) == 0 && share_is_local(s));
    share_start(s, theta, NULL, 0, 0);
    CHECK(share_drain(s, &ready, 1) == 0);
    CHECK(share_next(s) != share_theta(s));
    share_publish(s, 1, 5);
    share_idle(s, 0.001);
    share_stop(s, 1);
    CHECK(share_wait_bye(s, 60) == 0);
    share_close(&s);
    s = share_open(MPI_COMM_SELF, &config);
    share_abandon(&s);
    CHECK(s == NULL);
    agree();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_push_applied_once_and_whole),
        cmocka_unit_test(each_push_applied_once_and_whole_world),
        cmocka_unit_test(each_push_applied_once_and_whole_relay),
        cmocka_unit_test(each_push_applied_once_hogwild),
        cmocka_unit_test(each_push_applied_once_hogwild_world),
        cmocka_unit_test(each_push_applied_once_hogwild_relay),
        cmocka_unit_test(each_push_applied_once_bf16),
        cmocka_unit_test(each_push_applied_once_several),
        cmocka_unit_test(each_push_applied_once_several_world),
        cmocka_unit_test(each_push_applied_once_several_relay),
        cmocka_unit_test(stop_reaches_who_waits),
        cmocka_unit_test(stop_reaches_who_waits_world),
        cmocka_unit_test(stop_reaches_who_waits_relay),
        cmocka_unit_test(rounds_wake_the_master),
        cmocka_unit_test(rounds_wake_the_master_world),
        cmocka_unit_test(rounds_wake_the_master_relay),
        cmocka_unit_test(fetch_waits_for_start),
        cmocka_unit_test(fetch_waits_for_start_world),
        cmocka_unit_test(fetch_waits_for_start_relay),
        cmocka_unit_test(master_alone_does_not_wait),
    };
    return sharing_main(tests);
}
