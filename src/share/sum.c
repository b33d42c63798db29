/* sum.c -- see sum.h. An actor is free once its gradient is in the sum: a round to rank 0 may take as long as it likes,
 * and the sums grow with it.
 *
 * A thread beside the relay's adds, because the relay's own is inside MPI while a sum travels. It makes no call of MPI.
 * The two share a lock, in this process alone: an actor that dies holds nothing, and a process that dies takes both
 * along. A mailbox that is taken is whole, whatever has become of its actor since, and is counted in the sum: neither
 * is ever there without the other.
 *
 * A rollout that was dropped (a NaN) travels alone, so that rank 0 counts each: until it is closed nothing more of that
 * actor is taken. */
#include "share/sum.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/thread.h"
#include "share/doorbell.h"
#include "share/wire.h"

#define IDLE_NS INT64_C(10000000) /* between two looks of the thread */

struct part {
    struct share_push push;
    uint32_t pushes;
};

struct sum {
    struct share here; /* a copy: its own count of wakings, the same window */
    int lanes;
    pthread_t thread;
    bool threaded;
    _Atomic bool closing, wanted; /* wanted: the relay waits for the lock, and comes first */

    pthread_mutex_t lock; /* of what follows, but for what is closed */
    int waiting;          /* the floats and parts of the sum that waits; the others are of the one closed last */
    float *floats[2];     /* (params) */
    struct part *part[2]; /* (lanes) */
    uint64_t *taken;      /* (lanes) sequence of the last gradient taken */
    int last;             /* the lane served last */
    int count;            /* gradients in the floats */
    int pushes;           /* in parts, those too of which nothing is applied */
    uint64_t oldest;      /* version, where there is a gradient */
};

size_t sum_weights(const struct share_config *c)
{
    return c->params - moments_floats(&c->moments);
}

void sum_add(const struct share_config *c, float *sum, const float *grad, float scale)
{
    const size_t n = sum_weights(c);
    wire_add(sum, grad, scale, n);
    if (c->moments.dim) moments_merge(&c->moments, sum + n, grad + n);
}

struct sum *sum_new(const struct share *here, int lanes)
{
    struct sum *s = memory_new(1, sizeof *s);
    s->here = *here;
    s->lanes = lanes;
    s->taken = memory_new((size_t)lanes, sizeof *s->taken);
    for (int i = 0; i < 2; i++) {
        s->floats[i] = memory_floats(here->config.params);
        s->part[i] = memory_new((size_t)lanes, sizeof *s->part[i]);
    }
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

size_t sum_bytes(const struct share_config *c, int lanes)
{
    const size_t lane = sizeof(uint64_t) + 2 * sizeof(struct part);
    return sizeof(struct sum) + (size_t)lanes * lane + 2 * c->params * sizeof(float);
}

void sum_free(struct sum **sum)
{
    struct sum *s = *sum;
    if (!s) return;
    if (s->threaded) {
        atomic_store(&s->closing, true);
        doorbell_ring(&s->here);
        pthread_join(s->thread, NULL);
    }
    pthread_mutex_destroy(&s->lock);
    for (int i = 0; i < 2; i++) {
        free(s->floats[i]);
        free(s->part[i]);
    }
    free(s->taken);
    free(s);
    *sum = NULL;
}

/* ---- taking ---- */

static uint64_t load(const struct sum *s, size_t at)
{
    return atomic_load_explicit(word_at(&s->here, at), memory_order_acquire);
}

static bool applies(const struct share_push *p)
{
    return p->scale != 0 && !p->bad;
}

static bool gradient_waits(const struct sum *s, int lane)
{
    return load(s, at_actor(&s->here, lane, ACTOR_SEQ)) == s->taken[lane] + 1;
}

/* Would its oldest weights, with one of this version in the sum, be too far behind those that this node has? */
static bool too_old(const struct sum *s, uint64_t version)
{
    const uint64_t current = load(s, at_board(BOARD_CURRENT));
    const uint64_t oldest = version < s->oldest ? version : s->oldest;
    if (!s->here.config.combine_age || !s->count || !current) return false;
    const uint64_t newest = load(s, at_theta(&s->here, published_index(current)) + (size_t)BUFFER_VERSION * 8);
    return newest > oldest && newest - oldest >= (uint64_t)s->here.config.combine_age;
}

static bool has_room(const struct sum *s, int lane, const struct share_push *p)
{
    const struct part *mine = &s->part[s->waiting][lane];
    if (mine->push.bad || (p->bad && mine->pushes)) return false;
    return !applies(p) || (s->count < s->here.config.combine_most && !too_old(s, p->version));
}

/* The facts of one more push of an actor. */
static void merge(struct part *to, const struct share_push *p)
{
    struct share_push *const all = &to->push;
    if (!to->pushes++) {
        *all = *p;
        return;
    }
    all->frames += p->frames;
    all->steps += p->steps;
    all->more += 1 + p->more;
    if (!applies(p)) return;
    if (!applies(all)) { /* what is not applied has no losses, and no version that counts */
        const struct share_push before = *all;
        *all = *p;
        all->frames = before.frames, all->steps = before.steps, all->more = before.more;
        return;
    }
    if (p->version < all->version) all->version = p->version;
    all->policy_loss += p->policy_loss;
    all->value_loss += p->value_loss;
    all->entropy += p->entropy;
}

/* Under the lock. */
static bool take(struct sum *s, int lane)
{
    struct share_push p;
    if (!gradient_waits(s, lane)) return false;
    memcpy(&p, s->here.base + at_facts(&s->here, lane, 0), sizeof p);
    if (!has_room(s, lane, &p)) return false;
    if (applies(&p)) {
        float *const sum = s->floats[s->waiting];
        if (!s->count) memset(sum, 0, s->here.map.floats);
        sum_add(&s->here.config, sum, floats_at(&s->here, at_mail(&s->here, lane, 0)), p.scale);
        if (!s->count++ || p.version < s->oldest) s->oldest = p.version;
    }
    merge(&s->part[s->waiting][lane], &p);
    s->pushes++;
    s->last = lane;
    /* all reading of the mailbox comes before its actor may write there again */
    atomic_store_explicit(word_at(&s->here, at_reply(&s->here, lane, REPLY_ACK)), ++s->taken[lane],
                          memory_order_release);
    return true;
}

static void enter(struct sum *s)
{
    atomic_store(&s->wanted, true);
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->wanted, false);
}

static bool take_all(struct sum *s)
{
    bool any = false;
    for (int i = 0, first = s->last + 1; i < s->lanes; i++) { /* who waits for room is next in turn */
        while (atomic_load(&s->wanted)) sched_yield();
        pthread_mutex_lock(&s->lock);
        any = take(s, (first + i) % s->lanes) || any;
        pthread_mutex_unlock(&s->lock);
    }
    return any;
}

bool sum_take(struct sum *s)
{
    return !s->threaded && take_all(s);
}

static void *run(void *arg)
{
    struct sum *s = arg;
    struct share *const here = &s->here;
    cpu_set_t all;
    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    cpu_flush_denormals();
    while (!atomic_load(&s->closing)) {
        bool any = take_all(s);
        if (!any) {
            atomic_fetch_add(half_word_at(here, AT_ASLEEP), 1); /* in the order of doorbell.c */
            const uint32_t rings = atomic_load(half_word_at(here, AT_RINGS));
            any = take_all(s);
            if (!any && !atomic_load(&s->closing)) doorbell_wait(here, rings, IDLE_NS);
            atomic_fetch_sub(half_word_at(here, AT_ASLEEP), 1);
        }
        if (any) doorbell_ring(here); /* the relay may sleep, and has something to send */
    }
    return NULL;
}

int sum_start(struct sum *s)
{
    const int failed = thread_start(&s->thread, NULL, run, s);
    s->threaded = !failed;
    return failed;
}

/* ---- the relay's side ---- */

bool sum_waits(struct sum *s)
{
    enter(s);
    bool any = s->pushes > 0;
    for (int l = 0; l < s->lanes && !s->threaded && !any; l++) any = gradient_waits(s, l);
    pthread_mutex_unlock(&s->lock);
    return any;
}

bool sum_empty(struct sum *s, int lane)
{
    enter(s);
    const bool none =
        !s->part[s->waiting][lane].pushes && load(s, at_actor(&s->here, lane, ACTOR_SEQ)) == s->taken[lane];
    pthread_mutex_unlock(&s->lock);
    return none;
}

const float *sum_close(struct sum *s)
{
    enter(s);
    const int closed = s->waiting, count = s->count;
    s->waiting = !closed;
    memset(s->part[s->waiting], 0, (size_t)s->lanes * sizeof **s->part);
    s->count = s->pushes = 0;
    pthread_mutex_unlock(&s->lock);
    if (s->threaded) doorbell_ring(&s->here); /* there is room again */
    return count ? s->floats[closed] : NULL;
}

bool sum_part(const struct sum *s, int lane, struct share_push *push)
{
    const struct part *part = &s->part[!s->waiting][lane];
    *push = part->push;
    return part->pushes > 0;
}
