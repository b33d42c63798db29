/* test_weak.c -- rank 0 and an actor on a machine whose memory is as weak as C11 allows (weak.h): weights, targets,
 * gradients, episodes and posts are whole and in order on every one of thousands of schedules. What such a machine does
 * not show is a load that is done only after a store that follows it. */
#include "weak.h"

#include <mpi.h>
#include <sched.h>
#include <time.h>

#define memcpy(to, from, n) weak_copy((to), (from), (n))
#include "share/buffer.c"
#include "share/fetch.c"
#include "share/master.c"
#include "share/push.c"
#include "share/reach.c"
#include "share/serve.c"
#include "share/wait.c"
#undef memcpy

enum { P = 16, ROUNDS = 5, RING = 2, STATE = 16, POSTS = 4 };

static struct share rank_0, actor;
static int64_t now;
static bool failed;

#define HOLDS(cond)                                                                                                    \
    do {                                                                                                               \
        const bool holds_ = (cond);                                                                                    \
        if (!holds_ && !failed) print_message("# %s:%d: %s does not hold\n", __FILE__, __LINE__, #cond);               \
        failed = failed || !holds_;                                                                                    \
    } while (0)

int clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    now += 100;
    *t = (struct timespec){now / 1000000000, now % 1000000000};
    return 0;
}
int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)t, (void)left;
    weak_turn();
    return 0;
}
int sched_yield(void)
{
    weak_turn();
    return 0;
}
void doorbell_ring(struct share *s)
{
    (void)s; /* rank 0 looks by itself here */
}
void doorbell_wait(struct share *s, uint32_t rings, int64_t ns)
{
    (void)s, (void)rings, (void)ns;
    weak_turn();
}

static void put(float *to, double value)
{
    float all[P];
    for (int i = 0; i < P; i++) all[i] = (float)value;
    weak_copy(to, all, sizeof all);
}
static bool is(const float *from, double value)
{
    float all[P];
    weak_copy(all, from, sizeof all);
    for (int i = 0; i < P; i++)
        if (all[i] != (float)value) return false;
    return true;
}

static void begin(uint64_t seed, bool borrow)
{
    const struct share_config config = {
        .params = P, .target = true, .snapshot = true, .state_bytes = STATE, .episodes = RING};
    const struct map map = map_draw(&config, 1, borrow, borrow ? 0 : MAP_COPIED);
    static struct seen seen;
    float theta[P];
    EXPECT(map.bytes <= sizeof weak.arena);
    weak_begin(seed);
    now = 1000000000000;
    seen = (struct seen){0};
    rank_0 = (struct share){.config = config,
                            .map = map,
                            .actors = 1,
                            .self = -1,
                            .base = weak.arena,
                            .near_win = MPI_WIN_NULL,
                            .far_win = MPI_WIN_NULL,
                            .current = -1,
                            .next = -1,
                            .last = -1};
    for (int i = 0; i < INDICES; i++) rank_0.recent[i] = (unsigned char)i;
    actor = rank_0;
    actor.self = actor.slot = 0;
    actor.borrows = borrow;
    rank_0.seen = &seen;
    for (int i = 0; i < P; i++) theta[i] = 1;
    share_start(&rank_0, theta, theta, 1, 10);
}

/* ---- weights ---- */

static void publishes(void)
{
    float target[P];
    for (int k = 2; k < 2 + 2 * ROUNDS; k++) {
        if (k % 3 == 0) {
            for (int i = 0; i < P; i++) target[i] = (float)k;
            share_publish_target(&rank_0, target);
        }
        put(share_next(&rank_0), k);
        share_publish(&rank_0, (uint64_t)k, 10 * k);
    }
}

static uint64_t at_least;
static void seen_by(const struct share_view *view, const float *theta)
{
    float target[P];
    uint64_t count = 0;
    HOLDS(is(theta, (double)view->version) && view->frames == 10 * (int64_t)view->version);
    HOLDS(view->version >= at_least && view->publication == view->version);
    HOLDS(view->target_version >= 1 + view->version / 3); /* those of 3, 6, 9 ..., behind the first */
    at_least = view->version;
    HOLDS(!share_fetch_target(&actor, target, &count) && is(target, count > 1 ? 3.0 * (double)(count - 1) : 1));
    HOLDS(count >= view->target_version);
}

static void fetches(void)
{
    struct share_view view;
    float theta[P];
    for (int k = 0; k < ROUNDS; k++) {
        HOLDS(!share_fetch(&actor, theta, &view));
        seen_by(&view, theta);
    }
}
static void borrows(void)
{
    struct share_view view;
    for (int k = 0; k < ROUNDS; k++) {
        const float *theta = share_borrow(&actor, NULL, &view);
        HOLDS(theta != NULL);
        if (!theta) return;
        seen_by(&view, theta);
        HOLDS(is(theta, (double)view.version)); /* as long as it is lent */
    }
}

/* ---- gradients, episodes, posts ---- */

static void pushes(void)
{
    for (int k = 1; k <= ROUNDS; k++) {
        float *grad = share_begin(&actor);
        HOLDS(grad != NULL);
        if (!grad) return;
        put(grad, k);
        share_push(&actor, &(struct share_push){.version = (uint64_t)k, .frames = k, .scale = 1});
        share_tell_episode(&actor, &(struct share_episode){.frames = (int64_t)actor.head, .steps = 7, .ret = 3});
        for (int i = 0; i < POSTS; i++) { /* more than there are halves */
            const uint64_t id = (uint64_t)(POSTS * (k - 1) + i + 1), bytes[2] = {id, 5 * id};
            share_post(&actor, SHARE_POST_STATE, id, bytes, sizeof bytes);
        }
    }
    share_bye(&actor);
}

static int64_t drained, taken, lost;
static uint64_t posted;
static void look(void)
{
    struct share_ready ready;
    struct share_episode e[RING];
    uint64_t bytes[2];
    size_t n;
    if (share_drain(&rank_0, &ready, 1)) {
        drained++;
        HOLDS(ready.push.frames == drained && ready.push.version == (uint64_t)drained &&
              is(ready.grad, (double)drained));
        share_ack(&rank_0, &ready, 1);
    }
    const int count = share_take_episodes(&rank_0, 0, e, RING, &lost);
    for (int i = 0; i < count; i++, taken++) HOLDS(e[i].frames == taken && e[i].steps == 7 && e[i].ret == 3);
    const uint64_t id = share_read_post(&rank_0, 0, SHARE_POST_STATE, bytes, sizeof bytes, &n);
    HOLDS(id >= posted && (!id || (n == sizeof bytes && bytes[0] == id && bytes[1] == 5 * id)));
    posted = id;
}
static void drains(void)
{
    while (share_silence(&rank_0, 0) >= 0) look();
    look(); /* the goodbye says that all the rest is there */
    HOLDS(drained == ROUNDS && posted == POSTS * ROUNDS && taken + lost == ROUNDS);
}

/* ---- weights under evaluation ---- */

static void asks(void)
{
    float theta[P];
    size_t n;
    for (uint64_t id = 1; id <= ROUNDS; id++) {
        while (share_read_post(&rank_0, 0, SHARE_POST_EVAL, NULL, 0, &n) + 1 < id) weak_turn();
        for (int i = 0; i < P; i++) theta[i] = (float)id;
        share_ask_eval(&rank_0, 0, theta, id, 10 * id);
    }
}
static void answers(void)
{
    struct share_view view = {0};
    float theta[P];
    for (uint64_t k = 1, id = 0, version = 0; k <= ROUNDS; k++) {
        while (view.snapshot_id < k) HOLDS(!share_fetch(&actor, NULL, &view));
        HOLDS(!share_fetch_snapshot(&actor, theta, &id, &version));
        HOLDS(id == k && version == 10 * k && is(theta, (double)k));
        share_post(&actor, SHARE_POST_EVAL, k, NULL, 0);
    }
}

static void on_every_schedule(void (*one)(void), void (*two)(void), bool borrow)
{
    enum { SCHEDULES = 1500 };
    failed = false;
    for (uint64_t seed = 1; seed <= SCHEDULES && !failed; seed++) {
        begin(seed, borrow);
        at_least = posted = 0;
        drained = taken = lost = 0;
        weak_run(one, two);
        if (failed) print_message("# seed %d\n", (int)seed);
    }
    EXPECT(!failed);
}

static void copied(void **state)
{
    (void)state;
    on_every_schedule(publishes, fetches, false);
}
static void borrowed(void **state)
{
    (void)state;
    on_every_schedule(publishes, borrows, true);
}
static void pushed(void **state)
{
    (void)state;
    on_every_schedule(drains, pushes, true);
}

static void evaluated(void **state)
{
    (void)state;
    on_every_schedule(asks, answers, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(copied), cmocka_unit_test(borrowed), cmocka_unit_test(pushed),
                                       cmocka_unit_test(evaluated)};
    return testing_main(tests);
}
