/* far_side.h -- for near_side.h: a rank 0 that goes on at any moment, and the network to it. What MPI puts and gets
 * waits for its flush and is then done word by word in any order, rank 0 acting between any two: all that the standard
 * promises. Everything is drawn from a seed. */
#ifndef DUNLIN_TESTS_FAR_SIDE_H
#define DUNLIN_TESTS_FAR_SIDE_H

#include "testing.h"

#include <mpi.h>

#include "base/log.h"
#include "share/layout.h"

enum { P = 64, ACTORS = 2, RING = 4, STATE = 24, PUBLICATIONS = 8192 };

static struct share_config config;
static struct share rank_0;
static bool in_master, failed;

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
static int64_t frames[ACTORS]; /* of all pushes, and */
static double summed;          /* what was applied: with combine_most they arrive added up */
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
        HOLDS(p->version <= published);
        frames[a] += p->frames;
        if (p->scale != 0) summed += (double)(p->scale * *ready[i].grad);
        if (config.combine_most) {
            pushes[a] += 1 + p->more;
            HOLDS(p->scale == 0 || all_are(ready[i].grad, (double)*ready[i].grad));
            continue;
        }
        HOLDS(p->frames == pushes[a] + 1 && !p->more);
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
        HOLDS(frames[a] == pushed[a] * (pushed[a] + 1) / 2);
    }
}

/* Something that rank 0 does, or nothing. */
static void (*instead)(void); /* or NULL */
static void master_step(void)
{
    if (in_master) return;
    if (instead) {
        instead();
        return;
    }
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

#endif
