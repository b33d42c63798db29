/* team.c -- see team.h. Who has nothing to do sleeps: a thread that spun would take the core of an actor.
 *
 * A thread that was just woken is often put on the core of the one who woke it and takes turns with it for
 * milliseconds, though another is idle (Linux 6.18: for most passes). So the others keep to cores of their own, where
 * the process may use as many, and the caller leaves these when a round begins. It is not bound to its core: what it
 * starts later may run anywhere. */
#include "base/team.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

enum { LOOKS = 1000 }; /* some 40 us */

struct team {
    int threads;
    pthread_t *others; /* (threads - 1) */
    int started;
    bool placed;              /* each of the others has a core, and one is left for the caller */
    cpu_set_t all, of_caller; /* where the process may run; what is left of that */
    pthread_mutex_t lock;     /* of what follows, but for `next` */
    pthread_cond_t work, done;
    long round;      /* counts the calls of team_run() */
    atomic_int busy; /* others that have not ended this round; changed under the lock */
    bool end;
    fenv_t how; /* the caller rounds, and whether denormals are zero */
    int parts;
    void (*part)(void *arg, int i);
    void *arg;
    atomic_int next;
};

static void take_parts(struct team *t)
{
    for (int i; (i = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) < t->parts;) t->part(t->arg, i);
}

static void *help(void *arg)
{
    struct team *t = arg;
    long seen = 0;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (t->round == seen && !t->end) pthread_cond_wait(&t->work, &t->lock);
        if (t->end) break;
        seen = t->round;
        fesetenv(&t->how);
        pthread_mutex_unlock(&t->lock);
        take_parts(t);
        pthread_mutex_lock(&t->lock);
        if (atomic_fetch_sub(&t->busy, 1) == 1) pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* A core for each of the others; runs that share a machine begin with different ones. */
static void place(struct team *t)
{
    int core[CPU_SETSIZE], n = 0;
    if (sched_getaffinity(0, sizeof t->all, &t->all) || CPU_COUNT(&t->all) <= t->started) return;
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &t->all)) core[n++] = c;
    t->of_caller = t->all;
    for (int i = 0; i < t->started; i++) {
        const int mine = core[((int)getpid() + i) % n];
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(mine, &one);
        if (pthread_setaffinity_np(t->others[i], sizeof one, &one)) return;
        CPU_CLR(mine, &t->of_caller);
    }
    t->placed = true;
}

/* The caller goes where none of the others is, and stays free to go on from there. */
static void step_aside(const struct team *t)
{
    const int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || CPU_ISSET(here, &t->of_caller)) return;
    sched_setaffinity(0, sizeof t->of_caller, &t->of_caller);
    sched_setaffinity(0, sizeof t->all, &t->all);
}

struct team *team_new(int threads)
{
    struct team *t = memory_new(1, sizeof *t);
    int failed = 0;
    t->threads = threads;
    t->others = memory_new((size_t)threads, sizeof *t->others);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->done, NULL);
    while (t->started < threads - 1 && !(failed = thread_start(&t->others[t->started], NULL, help, t))) t->started++;
    if (!failed) {
        place(t);
        return t;
    }
    error_set("the system gives %d of %d threads: %s; use fewer", t->started + 1, threads, strerror(failed));
    team_free(&t);
    return NULL;
}

void team_free(struct team **team)
{
    struct team *t = *team;
    *team = NULL;
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->end = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < t->started; i++) pthread_join(t->others[i], NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->work);
    pthread_cond_destroy(&t->done);
    free(t->others);
    free(t);
}

int team_threads(const struct team *team)
{
    return team->threads;
}

void team_run(struct team *t, int parts, void (*part)(void *arg, int i), void *arg)
{
    if (t->placed) step_aside(t);
    pthread_mutex_lock(&t->lock);
    fegetenv(&t->how);
    t->parts = parts;
    t->part = part;
    t->arg = arg;
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    atomic_store(&t->busy, t->started);
    t->round++;
    if (t->started) pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    take_parts(t);
    /* the last part of another ends soon, and the caller has its core anyhow: to sleep and wake up takes longer */
    for (int i = 0; i < LOOKS && atomic_load(&t->busy); i++) cpu_pause();
    pthread_mutex_lock(&t->lock);
    while (atomic_load(&t->busy)) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
