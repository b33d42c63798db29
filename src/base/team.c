/* team.c -- see team.h. Who has nothing to do sleeps: a thread that spun would take the core of an actor. */
#include "base/team.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

struct team {
    int threads;
    pthread_t *others; /* (threads - 1) */
    int started;
    pthread_mutex_t lock; /* of what follows, but for `next` */
    pthread_cond_t work, done;
    long round; /* counts the calls of team_run() */
    int busy;   /* others that have not ended this round */
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
        if (!--t->busy) pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
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
    if (!failed) return t;
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
    pthread_mutex_lock(&t->lock);
    fegetenv(&t->how);
    t->parts = parts;
    t->part = part;
    t->arg = arg;
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    t->busy = t->started;
    t->round++;
    if (t->started) pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    take_parts(t);
    pthread_mutex_lock(&t->lock);
    while (t->busy) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
