/* near_side.h -- for test_relay.c and test_relay_sums.c: a relay and the actors of its node in one thread, against a
 * rank 0 that acts between any two words of their transfers (far_side.h). Between two loads of an actor rank 0 or the
 * relay may go on, and within a relay's round an actor. */
#ifndef DUNLIN_TESTS_NEAR_SIDE_H
#define DUNLIN_TESTS_NEAR_SIDE_H

#include "testing.h"

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

#endif
