/* test_relay_sums.c -- gradients that a relay takes at once into the sum that waits (--combine-most): what closes it,
 * what rank 0 is told of it, and that nothing is lost or counted twice, whoever dies. */
#include <math.h>

#include "near_side.h"

/* Nor lost, nor counted twice: all frames, and all that was to be applied, are there when the last actor has parted. */
static void nothing_of_a_sum_is_lost(void **state)
{
    (void)state, many_runs(40, 1), many_runs(40, 5), many_runs(40, 1000);
}

enum { BOUND = 3 };

static void begin_sums(int64_t age, void **far, void **near)
{
    config = (struct share_config){.params = P, .episodes = RING, .combine = SHARE_COMBINE_SUM};
    config.combine_most = BOUND;
    config.combine_age = age;
    failed = false;
    begin(1, far, near);
    in_master = in_round = true; /* nothing goes on by itself */
}

static bool is_free(int a)
{
    return *word_at(&here[a], at_reply(&here[a], a, REPLY_ACK)) == here[a].seq;
}

static void pushes_once(int a, double value, const struct share_push *push)
{
    EXPECT(is_free(a));
    fill(share_begin(&here[a]), value);
    share_push(&here[a], push);
}

/* While the first sum is not answered the next grows to its bound, and its actors are free; then they wait. */
static void a_mailbox_is_free_once_its_gradient_is_in_the_sum(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    begin_sums(0, &far, &near);
    pushes_once(0, 1, &(struct share_push){.version = 9, .frames = 10, .steps = 2, .scale = 1});
    relay_round(relay);
    relay_round(relay);
    EXPECT(is_free(0) && share_drain(&rank_0, ready, ACTORS) == 1); /* and not answered */
    EXPECT(ready[0].push.frames == 10 && ready[0].push.more == 0 && all_are(ready[0].grad, 1));
    for (int i = 0; i < 2; i++) {
        pushes_once(0, 2,
                    &(struct share_push){.version = 7 + (uint64_t)i,
                                         .frames = 20,
                                         .steps = 3,
                                         .scale = 0.5F,
                                         .policy_loss = 1,
                                         .value_loss = 2,
                                         .entropy = 3});
        relay_round(relay);
        EXPECT(is_free(0));
    }
    pushes_once(0, 5, &(struct share_push){.version = 3, .frames = 100, .steps = 1, .scale = 0});
    relay_round(relay);
    EXPECT(is_free(0)); /* nothing to apply: it does not count for the bound, and its version for nothing */
    pushes_once(1, 4, &(struct share_push){.version = 6, .frames = 1, .steps = 1, .scale = 1, .policy_loss = 8});
    relay_round(relay);
    EXPECT(is_free(1));
    pushes_once(1, 64, &(struct share_push){.version = 5, .frames = 3, .steps = 1, .scale = 1});
    pushes_once(0, 32, &(struct share_push){.version = 8, .frames = 5, .steps = 1, .scale = 1});
    relay_round(relay);
    EXPECT(!is_free(0) && !is_free(1)); /* it is full */
    share_ack(&rank_0, ready, 1);
    relay_round(relay); /* hears of it, and then */
    relay_round(relay); /* closes it; of those who waited nothing is in it */
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
    const struct share_push *sum = &ready[0].push, *other = &ready[1].push;
    if (ready[0].actor) sum = &ready[1].push, other = &ready[0].push;
    EXPECT(sum->scale == 1 && sum->version == 6 && sum->frames == 140 && sum->steps == 7 && sum->more == 2);
    EXPECT(sum->policy_loss == 10 && sum->value_loss == 4 && sum->entropy == 6);
    EXPECT(all_are(ready[ready[0].actor].grad, 0.5 * 2 + 0.5 * 2 + 4));
    EXPECT_NEAR(sum->norm, 6 * 8, 1e-4);
    EXPECT(other->scale == 0 && other->frames == 1 && other->more == 0);
    relay_round(relay);
    EXPECT(is_free(0) && is_free(1)); /* they are in the next */
    share_ack(&rank_0, ready, 2);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
    EXPECT(ready[0].push.frames + ready[1].push.frames == 8);
    in_master = in_round = false;
    end(far, near);
}

/* An old gradient may open a sum, and none may come behind it; one that would make a sum too old waits. */
static void a_sum_closes_with_age(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    begin_sums(10, &far, &near);
    for (uint64_t v = 2; v <= 20; v++) {
        fill(share_next(&rank_0), (double)v);
        share_publish(&rank_0, v, 0);
    }
    pushes_once(0, 1, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
    relay_round(relay); /* sends it, and fetches version 20 */
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1);
    pushes_once(0, 1, &(struct share_push){.version = 11, .frames = 2, .scale = 1});
    relay_round(relay);
    pushes_once(1, 1, &(struct share_push){.version = 10, .frames = 3, .scale = 1});
    relay_round(relay);
    EXPECT(is_free(0) && !is_free(1)); /* 20 - 10 is too much, 20 - 11 was not */
    pushes_once(0, 1, &(struct share_push){.version = 19, .frames = 4, .scale = 1});
    relay_round(relay);
    EXPECT(is_free(0));
    share_ack(&rank_0, ready, 1);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1 && ready[0].push.version == 11 && ready[0].push.frames == 6);
    relay_round(relay);
    EXPECT(is_free(1)); /* it opens the next */
    pushes_once(0, 1, &(struct share_push){.version = 20, .frames = 5, .scale = 1});
    relay_round(relay);
    EXPECT(!is_free(0));
    in_master = in_round = false;
    end(far, near);
}

/* It goes with the answer to the one before, though nothing more comes, however old it has become by then. */
static void an_old_sum_waits_for_nothing_more(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    begin_sums(10, &far, &near);
    for (uint64_t v = 1; v <= 5; v += 4) { /* the first at once, and then what waits for its answer */
        pushes_once(0, 1, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
        relay_round(relay);
        EXPECT(share_drain(&rank_0, ready, ACTORS) == (v == 1 ? 1 : 0) && is_free(0));
    }
    pushes_once(0, 1, &(struct share_push){.version = 5, .frames = 2, .scale = 1});
    for (uint64_t v = 2; v <= 12; v++) {
        fill(share_next(&rank_0), (double)v);
        share_publish(&rank_0, v, 0);
        if (v == 5) relay_round(relay), relay_round(relay);
    }
    share_begin(&here[0]); /* wants newer weights, and the node has those of 12 then */
    for (int i = 0; i < 3; i++) relay_round(relay);
    pushes_once(1, 1, &(struct share_push){.version = 12, .frames = 4, .scale = 1});
    relay_round(relay);
    EXPECT(is_free(0) && !is_free(1)); /* 12 - 1 is too much: by the oldest, not by the one added last */
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 0);
    share_ack(&rank_0, ready, 1);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1 && ready[0].push.frames == 3 && ready[0].push.version == 1);
    relay_round(relay);
    EXPECT(is_free(1));
    in_master = in_round = false;
    end(far, near);
}

static void pushes_large(int a)
{
    float *grad = share_begin(&here[a]);
    fill(grad, 0);
    grad[5] = 1.5e19F;
    share_push(&here[a], &(struct share_push){.version = 1, .frames = 2, .scale = 1, .policy_loss = 3});
    relay_round(relay);
    EXPECT(is_free(a));
}

/* Parts that can be squared, of which the sum cannot: nothing of it is sent, every part is told as bad, and each push
 * of it counts; what had nothing to apply is not bad, and the sum behind it is as ever. */
static void a_sum_that_is_too_large_is_dropped(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    for (int both = 0; both < 2; both++) {
        begin_sums(0, &far, &near);
        pushes_once(0, 1, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
        relay_round(relay);
        EXPECT(share_drain(&rank_0, ready, ACTORS) == 1);
        for (int i = 0; i < 2; i++) pushes_large(0);
        if (both)
            pushes_large(1);
        else
            pushes_once(1, 1, &(struct share_push){.version = 1, .frames = 9, .scale = 0});
        relay_round(relay);
        share_ack(&rank_0, ready, 1);
        relay_round(relay);
        relay_round(relay);
        EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
        for (int i = 0; i < 2; i++) {
            const struct share_push *p = &ready[i].push;
            const bool first = ready[i].actor == 0;
            EXPECT(p->bad == (first || both ? SHARE_BAD_SUM : 0) && p->scale == 0 && p->policy_loss == 0);
            EXPECT(p->frames == (first ? 4 : both ? 2 : 9) && p->more == first);
        }
        pushes_once(1, 3, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
        share_ack(&rank_0, ready, 2);
        relay_round(relay);
        relay_round(relay);
        EXPECT(share_drain(&rank_0, ready, ACTORS) == 1 && ready[0].push.scale == 1 && all_are(ready[0].grad, 3));
        in_master = in_round = false;
        end(far, near);
    }
}

/* Each is told to rank 0 by itself: nothing of its actor is taken before and behind it. */
static void a_dropped_rollout_travels_alone(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    begin_sums(0, &far, &near);
    pushes_once(0, 1, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1);
    pushes_once(0, 2, &(struct share_push){.version = 1, .frames = 2, .scale = 1});
    relay_round(relay);
    pushes_once(0, NAN, &(struct share_push){.version = 1, .frames = 4, .bad = 2});
    pushes_once(1, NAN, &(struct share_push){.version = 1, .frames = 8, .bad = 3});
    relay_round(relay);
    EXPECT(!is_free(0) && is_free(1));
    pushes_once(1, 4, &(struct share_push){.version = 1, .frames = 16, .scale = 1});
    relay_round(relay);
    EXPECT(!is_free(1));
    share_ack(&rank_0, ready, 1);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
    for (int i = 0; i < 2; i++) {
        const struct share_push *p = &ready[i].push;
        EXPECT(p->frames == (ready[i].actor ? 8 : 2) && p->bad == (ready[i].actor ? 3 : 0) && !p->more);
        EXPECT(ready[i].actor || all_are(ready[i].grad, 2));
    }
    share_ack(&rank_0, ready, 2);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
    for (int i = 0; i < 2; i++) EXPECT(ready[i].push.bad == (ready[i].actor ? 0 : 2));
    in_master = in_round = false;
    end(far, near);
}

/* An actor that is dead since its box was freed, and one that died with its gradient in the box, half of the next one
 * written: all that was pushed is counted, and once. The other actor's goodbye waits for the sum. */
static void the_dead_are_counted_once(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    begin_sums(0, &far, &near);
    pushes_once(1, 1, &(struct share_push){.version = 1, .frames = 1, .scale = 1});
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1);
    for (int i = 0; i < BOUND + 1; i++) {
        pushes_once(1, 1 << i, &(struct share_push){.version = 1, .frames = 2, .scale = 1});
        relay_round(relay);
    }
    EXPECT(!is_free(1)); /* and it dies */
    share_bye(&here[0]);
    int64_t counted = 1;
    double values = 1;
    for (int i = 0; i < 20; i++) {
        share_ack(&rank_0, ready, i ? 0 : 1);
        relay_round(relay);
        const int n = share_drain(&rank_0, ready, ACTORS);
        for (int k = 0; k < n; k++) {
            counted += ready[k].push.frames;
            values += (double)*ready[k].grad;
        }
        share_ack(&rank_0, ready, n);
        if (i == 10) { /* dying, it had begun to write */
            EXPECT(is_free(1) && share_silence(&rank_0, 0) < 0);
            fill(share_begin(&here[1]), NAN);
        }
    }
    EXPECT(counted == 1 + 2 * (BOUND + 1) && values == (1 << (BOUND + 1)));
    in_master = in_round = false;
    end(far, near);
}

int main(void)
{
    alarm(550);
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_of_a_sum_is_lost),
                                       cmocka_unit_test(a_mailbox_is_free_once_its_gradient_is_in_the_sum),
                                       cmocka_unit_test(a_sum_closes_with_age),
                                       cmocka_unit_test(an_old_sum_waits_for_nothing_more),
                                       cmocka_unit_test(a_sum_that_is_too_large_is_dropped),
                                       cmocka_unit_test(a_dropped_rollout_travels_alone),
                                       cmocka_unit_test(the_dead_are_counted_once)};
    return testing_main(tests);
}
