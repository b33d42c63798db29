/* test_relay.c -- a relay and the actors of its node in one thread, against a rank 0 that acts between any two words of
 * their transfers (far_side.h). Between two loads of an actor rank 0 or the relay may go on, and within a relay's round
 * an actor. */
#include "testing.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* An actor's loads, each preceded by whatever else happens: reach.c and fetch.c are compiled here with them. */
static void between(void);
#undef atomic_load_explicit
#define atomic_load_explicit(word, order) (between(), *(word))
#include "share/fetch.c"
#include "share/reach.c"

#include "far_side.h"
#include "share/relay.h"

static struct share there, here[ACTORS];
static struct relay *relay;
static bool in_round, parting;
static double applied; /* the sum of what the actors pushed to be applied */
static uint64_t had[ACTORS];

/* ---- between two steps of an actor ---- */

static void a_round(void)
{
    if (in_round || in_master) return;
    in_round = true;
    relay_round(relay);
    in_round = false;
}

static void between(void)
{
    if (in_round || in_master) return;
    if (chance(12)) master_step();
    if (chance(12)) a_round();
}

/* Who waits gives the others their time. */
int sched_yield(void)
{
    master_step();
    a_round();
    return 0;
}
int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)t, (void)left;
    return sched_yield();
}

/* ---- an actor ---- */

static void fetches(int a)
{
    struct share *s = &here[a];
    struct share_view view;
    static float own[P];
    if (!s->requested) wanted[a] = published;
    const float *theta = share_borrow(s, own, &view);
    HOLDS(theta != NULL);
    if (!theta) return;
    HOLDS(all_are(theta, (double)view.publication));
    HOLDS(view.version == view.publication && view.frames == (int64_t)(10 * view.publication));
    HOLDS(view.publication >= (config.combine_most ? had[a] : wanted[a]));
    had[a] = view.publication;
    HOLDS(!*word_at(s, at_actor(s, a, ACTOR_PIN))); /* what was copied is let go of */
    HOLDS(view.target_version >= with[view.publication].targets);
    HOLDS(view.state_id >= with[view.publication].state);
    HOLDS(view.snapshot_id >= with[view.publication].shot[a]);
    uint64_t count = 0;
    if (config.target) {
        float target[P];
        HOLDS(!share_fetch_target(s, target, &count));
        HOLDS(count >= view.target_version && all_are(target, 0.5 * (double)count));
    }
    if (view.snapshot_id != shot_seen[a]) {
        uint64_t id = 0, version = 0;
        HOLDS(!share_fetch_snapshot(s, own, &id, &version));
        HOLDS(id >= view.snapshot_id && all_are(own, 0.25 * (double)id));
        shot_seen[a] = view.snapshot_id;
        share_post(s, SHARE_POST_EVAL, id, NULL, 0);
    }
}

static void does_push(int a)
{
    struct share *s = &here[a];
    wanted[a] = published; /* the request goes out within, and not before */
    float *grad = share_begin(s);
    HOLDS(grad != NULL);
    if (!grad) return;
    fill(grad, value_of(a, pushed[a]));
    share_push(s, &(struct share_push){.version = wanted[a], .frames = pushed[a] + 1, .scale = pushed[a] % 7 != 3});
    if (pushed[a] % 7 != 3) applied += value_of(a, pushed[a]);
    pushed[a]++;
}

static void tells(int a)
{
    const int64_t n = told[a] + 1;
    share_tell_episode(&here[a], &(struct share_episode){.frames = n, .steps = n, .ret = 0.5 * (double)n});
    told[a] = (int64_t)here[a].head;
}

static void posts(int a)
{
    unsigned char bytes[STATE];
    const uint64_t id = ++posted[a];
    memset(bytes, (int)(id & 0xff), sizeof bytes);
    share_post(&here[a], SHARE_POST_STATE, id, bytes, STATE - id % 5);
}

static void actor_step(int a)
{
    at_work[a] = true;
    if (chance(2)) fetches(a);
    if (chance(2)) does_push(a);
    if (chance(3)) tells(a);
    if (chance(6)) posts(a);
    at_work[a] = false;
}

/* While the relay is at work: what an actor does that waits for nobody. */
static void act_at_once(void)
{
    const int a = chance(2);
    if (at_work[a] || in_master || parting) return;
    at_work[a] = true;
    if (*word_at(&here[a], at_reply(&here[a], a, REPLY_ACK)) == here[a].seq && !here[a].granted) does_push(a);
    if (chance(3)) tells(a);
    if (chance(3)) posts(a), posts(a);
    at_work[a] = false;
}

static struct share *window(struct share *s, const struct map *map, void **memory)
{
    static struct process_id nobody_is_seen[1 + ACTORS];
    *s = (struct share){
        .config = config, .map = *map, .actors = ACTORS, .current = -1, .next = -1, .last = -1, .ids = nobody_is_seen};
    s->config.patience = 1e9;
    *memory = aligned_alloc(LINE, (map->bytes + LINE - 1) / LINE * LINE);
    memset(*memory, 0, map->bytes);
    s->base = *memory;
    s->near_win = s->far_win = MPI_WIN_NULL;
    for (int i = 0; i < INDICES; i++) s->recent[i] = (unsigned char)i;
    return s;
}

/* The actors borrow weights or copy them. */
static void open_all(bool borrow, void **far, void **near)
{
    static const int actors[ACTORS] = {0, 1};
    const struct map global = map_draw(&config, ACTORS, 0, 5),
                     local = map_draw(&config, ACTORS, borrow ? ACTORS : 0, borrow ? 0 : MAP_COPIED);
    window(&rank_0, &global, far)->self = -1;
    rank_0.seen = calloc(ACTORS, sizeof *rank_0.seen);
    there = rank_0;
    there.base = NULL;
    there.seen = NULL;
    window(&here[0], &local, near);
    here[1] = here[0];
    for (int a = 0; a < ACTORS; a++) {
        here[a].self = here[a].slot = a;
        here[a].relayed = true;
        here[a].borrows = borrow;
    }
    relay = relay_make(&here[0], &there, actors, ACTORS);
}

static void begin(uint64_t seed, void **far, void **near)
{
    float start[P], target[P];
    drawn = seed;
    memset(with, 0, sizeof with);
    for (int a = 0; a < ACTORS; a++) {
        pushes[a] = pushed[a] = told[a] = episodes[a] = 0;
        wanted[a] = posted[a] = shot_seen[a] = last_post[a] = had[a] = 0;
        frames[a] = 0;
        parted[a] = at_work[a] = false;
    }
    state_id = shot_id = 0;
    lost = 0;
    applied = summed = 0;
    shot_pending = parting = false;
    open_all(seed % 2, far, near);
    fill(start, 1);
    fill(target, 0.5);
    share_start(&rank_0, start, target, 1, 10);
    published = targets = with[1].targets = 1;
}

static void end(void *far, void *near)
{
    relay_close(&relay);
    free(rank_0.seen);
    free(far);
    free(near);
}

static void one_run(uint64_t seed)
{
    void *far, *near;
    begin(seed, &far, &near);
    for (int i = 0; i < 150 && !failed; i++) {
        master_step();
        if (chance(2)) a_round();
        for (int a = 0; a < ACTORS && !failed; a++) actor_step(a);
    }
    parting = true;
    for (int a = 0; a < ACTORS; a++) share_bye(&here[a]);
    for (int i = 0; i < 1000 && !(parted[0] && parted[1]); i++) {
        a_round();
        master_step();
    }
    HOLDS(parted[0] && parted[1] && lost == (int64_t)(here[0].dropped + here[1].dropped));
    HOLDS(summed == applied);
    end(far, near);
}

static void many_runs(uint64_t runs, int most)
{
    config =
        (struct share_config){.params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING};
    if (most) config.combine = SHARE_COMBINE_SUM;
    config.combine_most = most;
    failed = false;
    uint64_t seed = 1;
    for (; seed <= runs && !failed; seed++) one_run(seed);
    if (failed) log_rank("seed %d", (int)seed - 1);
    EXPECT(!failed);
}

static void nothing_is_seen_too_early(void **state)
{
    (void)state, many_runs(300, 0);
}

/* Nor lost, nor counted twice: all frames, and all that was to be applied, are there when the last actor has parted. */
static void nothing_of_a_sum_is_lost(void **state)
{
    (void)state, many_runs(40, 1), many_runs(40, 5), many_runs(40, 1000);
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

/* ---- actors that go on at once ---- */

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
    alarm(100);
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_seen_too_early),
                                       cmocka_unit_test(nothing_of_a_sum_is_lost),
                                       cmocka_unit_test(a_sum_is_as_old_as_its_oldest),
                                       cmocka_unit_test(a_mailbox_is_free_once_its_gradient_is_in_the_sum),
                                       cmocka_unit_test(a_sum_closes_with_age),
                                       cmocka_unit_test(a_dropped_rollout_travels_alone),
                                       cmocka_unit_test(the_dead_are_counted_once)};
    return testing_main(tests);
}
