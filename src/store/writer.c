/* writer.c -- see writer.h. */
#include "store/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

struct slot {
    int (*work)(void *arg);
    void *arg;
    enum writer_state state;
    double since;
    char error[1024];
};

struct writer {
    struct worker worker; /* without a thread to be had, writer_give() works itself; its lock is that of all below */
    struct slot slots[WRITER_SLOTS];
    int queue[WRITER_SLOTS], first, waiting;
};

/* The lock is not held while work runs. */
static void *serve(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->worker.lock);
    for (;;) {
        while (!w->waiting && !w->worker.end) pthread_cond_wait(&w->worker.news, &w->worker.lock);
        if (!w->waiting) break;
        struct slot *s = &w->slots[w->queue[w->first]];
        w->first = (w->first + 1) % WRITER_SLOTS;
        w->waiting--;
        pthread_mutex_unlock(&w->worker.lock);
        const int rc = s->work(s->arg);
        pthread_mutex_lock(&w->worker.lock);
        if (rc) snprintf(s->error, sizeof s->error, "%s", error_text());
        s->state = rc ? WRITER_FAILED : WRITER_DONE;
    }
    pthread_mutex_unlock(&w->worker.lock);
    return NULL;
}

struct writer *writer_open(void)
{
    struct writer *w = memory_new(1, sizeof *w);
    worker_start(&w->worker, serve, w);
    return w;
}

void writer_close(struct writer **w)
{
    if (!*w) return;
    worker_end(&(*w)->worker);
    free(*w);
    *w = NULL;
}

void writer_give(struct writer *w, int slot, int (*work)(void *arg), void *arg)
{
    struct slot *s = &w->slots[slot];
    pthread_mutex_lock(&w->worker.lock);
    assert(s->state == WRITER_FREE);
    s->work = work;
    s->arg = arg;
    s->since = clock_seconds();
    s->state = WRITER_BUSY;
    if (w->worker.started) {
        w->queue[(w->first + w->waiting++) % WRITER_SLOTS] = slot;
        pthread_cond_signal(&w->worker.news);
    } else {
        s->state = work(arg) ? WRITER_FAILED : WRITER_DONE;
        snprintf(s->error, sizeof s->error, "%s", error_text());
    }
    pthread_mutex_unlock(&w->worker.lock);
}

enum writer_state writer_take(struct writer *w, int slot)
{
    if (!w) return WRITER_FREE;
    struct slot *s = &w->slots[slot];
    pthread_mutex_lock(&w->worker.lock);
    const enum writer_state state = s->state;
    if (state == WRITER_DONE || state == WRITER_FAILED) s->state = WRITER_FREE;
    if (state == WRITER_FAILED) error_set("%s", s->error);
    pthread_mutex_unlock(&w->worker.lock);
    return state;
}

bool writer_busy(struct writer *w, int slot, double *seconds)
{
    bool busy = false;
    double longest = 0;
    if (seconds) *seconds = 0;
    if (!w) return false;
    pthread_mutex_lock(&w->worker.lock);
    for (int i = 0; i < WRITER_SLOTS; i++) {
        if (w->slots[i].state == WRITER_FREE || (slot >= 0 && i != slot)) continue;
        const double since = clock_seconds() - w->slots[i].since;
        busy = true;
        if (since > longest) longest = since;
    }
    pthread_mutex_unlock(&w->worker.lock);
    if (seconds) *seconds = longest;
    return busy;
}
