/* test_relay.c -- a relay and the actors of its node in one thread, against a rank 0 that acts between any two words
 * of their transfers. What MPI puts and gets waits for its flush and is then done word by word in any order, which is
 * all that the standard promises; between two words, and between two loads of an actor, rank 0 or the relay may go on.
 * Everything is drawn from a seed. */
#include "testing.h"

#include <mpi.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"

/* An actor's loads, each preceded by whatever else happens: reach.c and fetch.c are compiled here with them. */
static void between(void);
#undef atomic_load_explicit
#define atomic_load_explicit(word, order) (between(), *(word))
#include "share/fetch.c"
#include "share/reach.c"

#include "share/relay.h"

enum { P = 64, ACTORS = 2, RING = 4, STATE = 24, PUBLICATIONS = 8192 };

static struct share_config config;
static struct share rank_0, there, here[ACTORS];
static struct relay *relay;
static bool in_round, in_master, parting, failed;

#define HOLDS(cond)                                                                                                    \
    do {                                                                                                               \
        const bool holds_ = (cond);                                                                                    \
        if (!holds_ && !failed) log_rank("%s:%d: %s does not hold", __FILE__, __LINE__, #cond);                        \
        failed = failed || !holds_;                                                                                    \
    } while (0)

static uint64_t drawn;
static bool chance(uint64_t one_in)
{
    drawn = testing_mix(drawn);
    return drawn % one_in == 0;
}

static void fill(float *x, double value)
{
    for (int i = 0; i < P; i++) x[i] = (float)value;
}
static bool all_are(const float *x, double value)
{
    for (int i = 0; i < P; i++)
        if (x[i] != (float)value) return false;
    return true;
}

/* ---- rank 0 ---- */

/* What was there at each publication, to be seen by whoever has its weights. */
static struct {
    uint64_t targets, state, shot[ACTORS];
} with[PUBLICATIONS];
static uint64_t published, targets, state_id, shot_id, last_post[ACTORS];
static int64_t pushes[ACTORS], episodes[ACTORS], lost;
static bool shot_pending, parted[ACTORS];

/* The actors. */
static int64_t pushed[ACTORS], told[ACTORS];
static uint64_t wanted[ACTORS], posted[ACTORS], shot_seen[ACTORS];
static bool at_work[ACTORS];

static double value_of(int actor, int64_t push)
{
    return 1000.0 * (actor + 1) + (double)(push % 512);
}

/* As a master that sums gradients would see them: values are told apart by what was pushed. */
static void drain(void)
{
    struct share_ready ready[ACTORS];
    const int n = share_drain(&rank_0, ready, ACTORS);
    for (int i = 0; i < n; i++) {
        const struct share_push *p = &ready[i].push;
        const int a = ready[i].actor;
        HOLDS(p->frames == pushes[a] + 1);
        HOLDS(p->version <= published);
        if (p->scale != 0) HOLDS(all_are(ready[i].grad, value_of(a, pushes[a])));
        HOLDS((p->scale == 0) == (pushes[a] % 7 == 3));
        pushes[a]++;
    }
    share_ack(&rank_0, ready, n);
}

static void publish(void)
{
    if (published + 1 >= PUBLICATIONS) return;
    float target[P];
    if (chance(3)) {
        fill(target, 0.5 * (double)++targets);
        share_publish_target(&rank_0, target);
    }
    if (chance(4)) share_ask_state(&rank_0, ++state_id);
    if (!shot_pending && chance(4)) {
        const int a = chance(2);
        fill(target, 0.25 * (double)++shot_id);
        share_ask_eval(&rank_0, a, target, shot_id, published);
        shot_pending = true;
    }
    published++;
    with[published].targets = targets;
    with[published].state = state_id;
    for (int a = 0; a < ACTORS; a++) with[published].shot[a] = *word_at(&rank_0, at_reply(&rank_0, a, REPLY_SNAPSHOT));
    fill(share_next(&rank_0), (double)published);
    share_publish(&rank_0, published, (int64_t)(10 * published));
}

static void take_posts(void)
{
    for (int a = 0; a < ACTORS; a++) {
        struct share_episode e[RING];
        unsigned char bytes[STATE];
        size_t n = 0;
        const int took = share_take_episodes(&rank_0, a, e, RING, &lost);
        for (int i = 0; i < took; i++) HOLDS(e[i].steps == ++episodes[a] && e[i].ret == 0.5 * (double)e[i].frames);
        const uint64_t id = share_read_post(&rank_0, a, SHARE_POST_STATE, bytes, sizeof bytes, &n);
        HOLDS(id <= posted[a] && id >= last_post[a]);
        for (size_t i = 0; i < n; i++) HOLDS(bytes[i] == (unsigned char)id);
        HOLDS(n == (id ? STATE - id % 5 : 0));
        last_post[a] = id;
        const uint64_t shot = share_read_post(&rank_0, a, SHARE_POST_EVAL, bytes, sizeof bytes, &n);
        if (shot == shot_id) shot_pending = false;
    }
}

/* A goodbye says that all the rest is there. */
static void look_for_goodbyes(void)
{
    for (int a = 0; a < ACTORS; a++) {
        if (parted[a] || share_silence(&rank_0, a) >= 0) continue;
        parted[a] = true;
        drain();
        take_posts();
        HOLDS(pushes[a] == pushed[a] && episodes[a] == told[a] && last_post[a] == posted[a]);
    }
}

/* Something that rank 0 does, or nothing. */
static void master_step(void)
{
    if (in_master) return;
    in_master = true;
    look_for_goodbyes();
    if (chance(3)) drain();
    if (chance(4)) publish();
    if (chance(6)) take_posts();
    in_master = false;
}

/* ---- the network ---- */

struct word {
    unsigned char *near, *far;
    size_t bytes;
    bool put;
};
static struct word queue[4096];
static int queued;

static int later(bool put, void *near, MPI_Aint at, int count, MPI_Datatype type)
{
    const size_t bytes = (size_t)count * (type == MPI_UINT64_T ? 8 : 1);
    for (size_t i = 0; i < bytes; i += 8) {
        assert(queued < (int)(sizeof queue / sizeof *queue));
        queue[queued++] =
            (struct word){(unsigned char *)near + i, rank_0.base + at + i, bytes - i < 8 ? bytes - i : 8, put};
    }
    return MPI_SUCCESS;
}

int MPI_Get(void *near, int count, MPI_Datatype type, int rank, MPI_Aint at, int n, MPI_Datatype far, MPI_Win win)
{
    (void)rank, (void)n, (void)far, (void)win;
    return later(false, near, at, count, type);
}

int MPI_Put(const void *near, int count, MPI_Datatype type, int rank, MPI_Aint at, int n, MPI_Datatype far, MPI_Win win)
{
    (void)rank, (void)n, (void)far, (void)win;
    return later(true, (void *)(uintptr_t)near, at, count, type);
}

static void act_at_once(void);

int MPI_Win_flush(int rank, MPI_Win win)
{
    (void)rank, (void)win;
    const int calm = chance(2);
    for (; queued; queued--) {
        drawn = testing_mix(drawn);
        const int i = (int)(drawn % (uint64_t)queued);
        const struct word w = queue[i];
        if (!calm && chance(4)) master_step();
        if (!calm && chance(8)) act_at_once();
        memcpy(w.put ? w.far : w.near, w.put ? w.near : w.far, w.bytes);
        queue[i] = queue[queued - 1];
    }
    return MPI_SUCCESS;
}

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
    HOLDS(view.publication >= wanted[a]);
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
    *s = (struct share){.config = config, .map = *map, .actors = ACTORS, .current = -1, .next = -1, .last = -1};
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
        wanted[a] = posted[a] = shot_seen[a] = last_post[a] = 0;
        parted[a] = at_work[a] = false;
    }
    state_id = shot_id = 0;
    lost = 0;
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
    end(far, near);
}

static void nothing_is_seen_too_early(void **state)
{
    (void)state;
    config =
        (struct share_config){.params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING};
    failed = false;
    uint64_t seed = 1;
    for (; seed <= 300 && !failed; seed++) one_run(seed);
    if (failed) log_rank("seed %d", (int)seed - 1);
    EXPECT(!failed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_seen_too_early),
                                       cmocka_unit_test(a_sum_is_as_old_as_its_oldest)};
    return testing_main(tests);
}
