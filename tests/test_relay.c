/* test_relay.c -- a relay and its actors between any two words of their transfers: nothing is seen too early, nothing
 * is lost. */
#include "near_side.h"

static void nothing_is_seen_too_early(void **state)
{
    (void)state, many_runs(300, 0);
}

/* Two gradients that wait become one: as old as the older one, its losses summed; a third goes once it is acked. */
static void a_sum_is_as_old_as_its_oldest(void **state)
{
    (void)state;
    void *far, *near;
    struct share_ready ready[ACTORS] = {0};
    config =
        (struct share_config){.params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING};
    config.combine = SHARE_COMBINE_SUM;
    failed = false;
    begin(1, &far, &near);
    in_master = in_round = true; /* nothing goes on by itself */
    for (int a = 0; a < ACTORS; a++) {
        fill(share_begin(&here[a]), a + 1);
        share_push(&here[a], &(struct share_push){
                                 .version = a ? 4 : 9, .frames = 10 + a, .scale = 0.5F, .policy_loss = (float)(a + 1)});
    }
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
    const struct share_push *sum = &ready[0].push, *other = &ready[1].push;
    EXPECT(ready[0].actor == 0 && sum->version == 4 && sum->scale == 1 && sum->frames == 10);
    EXPECT(sum->policy_loss == 3 && all_are(ready[0].grad, 1.5));
    EXPECT_NEAR(sum->norm, 1.5 * 8, 1e-4);
    EXPECT(other->scale == 0 && other->frames == 11);
    share_ack(&rank_0, &ready[1], 1);
    relay_round(relay); /* actor 1 has its mailbox again, and the sum is not acked yet */
    fill(share_begin(&here[1]), 8);
    share_push(&here[1], &(struct share_push){.version = 11, .frames = 12, .scale = 1});
    relay_round(relay);
    EXPECT(share_drain(&rank_0, &ready[1], 1) == 0);
    share_ack(&rank_0, &ready[0], 1);
    relay_round(relay);
    relay_round(relay);
    EXPECT(share_drain(&rank_0, ready, ACTORS) == 1 && ready[0].actor == 1 && ready[0].push.version == 11);
    EXPECT(all_are(ready[0].grad, 8));
    in_master = in_round = false;
    end(far, near);
}

/* Of gradients that rank 0 could square each by itself: what adds up to more, with each other, with what was left over
 * or by rounding up, does not get there. All of it is told as bad, once, and nothing of it is left for what comes next.
 */
static void what_adds_up_to_too_much_is_dropped(void **state)
{
    (void)state;
    static const struct {
        enum share_combine combine;
        enum share_wire wire;
        float entry, all;
        int rounds; /* the last one is too much */
    } cases[] = {{SHARE_COMBINE_SUM, SHARE_WIRE_FLOAT32, 1.5e19F, 0, 1},
                 {SHARE_COMBINE_SUM, SHARE_WIRE_BF16, 1.5e19F, 0, 1},
                 {SHARE_COMBINE_SUM, SHARE_WIRE_SIGNIFICANT, 0, 0.6e18F, 2},
                 {SHARE_COMBINE_NONE, SHARE_WIRE_BF16, 1.8446743e19F, 0, 1},
                 {SHARE_COMBINE_NONE, SHARE_WIRE_SIGNIFICANT, 0, 1e18F, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *far, *near;
        struct share_ready ready[ACTORS] = {0};
        config =
            (struct share_config){.params = P, .episodes = RING, .combine = cases[i].combine, .wire = cases[i].wire};
        failed = false;
        begin(1, &far, &near);
        in_master = in_round = true; /* nothing goes on by itself */
        for (int round = 1; round <= cases[i].rounds + 1; round++) {
            const bool after = round > cases[i].rounds, bad = round == cases[i].rounds;
            for (int a = 0; a < ACTORS; a++) {
                float *grad = share_begin(&here[a]);
                fill(grad, after ? 1 : (double)cases[i].all);
                if (!after && cases[i].entry > 0) grad[5] = cases[i].entry;
                share_push(&here[a], &(struct share_push){.frames = 10 + a, .scale = 1, .norm = 7, .entropy = 1});
            }
            relay_round(relay);
            EXPECT(share_drain(&rank_0, ready, ACTORS) == 2);
            for (int a = 0; a < ACTORS; a++) {
                const struct share_push *p = &ready[a].push;
                EXPECT(p->frames == 10 + ready[a].actor && p->bad == (bad ? SHARE_BAD_SUM : 0));
                EXPECT(!bad || (p->scale == 0 && p->norm == 0 && p->entropy == 0));
                for (int k = 0; k < P && after && p->scale != 0; k++) {
                    const float x = ready[a].grad[k];
                    EXPECT(x == (cases[i].combine == SHARE_COMBINE_SUM ? 2 : 1) || (cases[i].all > 0 && x == 0));
                }
            }
            share_ack(&rank_0, ready, 2);
            relay_round(relay);
        }
        in_master = in_round = false;
        free(rank_0.scratch);
        end(far, near);
    }
}

static int steps;
static void asks_and_stops(void)
{
    if (steps == 0) share_ask_state(&rank_0, 1);
    if (steps == 1) share_stop(&rank_0, 1);
    steps++;
}

/* Rank 0 asks for the last states and says stop between any two words: nobody sees the stop alone. */
static void a_stop_is_seen_with_what_came_before(void **state)
{
    (void)state;
    void *far, *near;
    config =
        (struct share_config){.params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING};
    failed = false;
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        begin(seed, &far, &near);
        parting = true; /* nobody pushes */
        steps = 0;
        instead = asks_and_stops;
        for (int i = 0; i < 100 && !here[1].board[BOARD_STOP]; i++) {
            a_round();
            reach_look(&here[1]);
        }
        EXPECT(here[1].board[BOARD_STOP] && here[1].board[BOARD_STATE] == 1);
        instead = NULL;
        end(far, near);
    }
}

int main(void)
{
    alarm(550);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_seen_too_early), cmocka_unit_test(a_sum_is_as_old_as_its_oldest),
        cmocka_unit_test(what_adds_up_to_too_much_is_dropped), cmocka_unit_test(a_stop_is_seen_with_what_came_before)};
    return testing_main(tests);
}
