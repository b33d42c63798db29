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
    pthread_t thread;
    bool threaded, end;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t given;
    struct slot slots[WRITER_SLOTS];
    int queue[WRITER_SLOTS], first, waiting;
};

/* The lock is not held while work runs. */
static void *serve(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->waiting && !w->end) pthread_cond_wait(&w->given, &w->lock);
        if (!w->waiting) break;
        struct slot *s = &w->slots[w->queue[w->first]];
        w->first = (w->first + 1) % WRITER_SLOTS;
        w->waiting--;
        pthread_mutex_unlock(&w->lock);
        const int rc = s->work(s->arg);
        pthread_mutex_lock(&w->lock);
        if (rc) snprintf(s->error, sizeof s->error, "%s", error_text());
        s->state = rc ? WRITER_FAILED : WRITER_DONE;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct writer *writer_open(void)
{
    struct writer *w = memory_new(1, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->given, NULL);
    w->threaded = !thread_start(&w->thread, NULL, serve, w);
    return w;
}

void writer_close(struct writer **w)
{
    if (!*w) return;
    pthread_mutex_lock(&(*w)->lock);
    (*w)->end = true;
    pthread_cond_signal(&(*w)->given);
    pthread_mutex_unlock(&(*w)->lock);
    if ((*w)->threaded) pthread_join((*w)->thread, NULL);
    pthread_cond_destroy(&(*w)->given);
    pthread_mutex_destroy(&(*w)->lock);
    free(*w);
    *w = NULL;
}

void writer_give(struct writer *w, int slot, int (*work)(void *arg), void *arg)
{
    struct slot *s = &w->slots[slot];
    pthread_mutex_lock(&w->lock);
    assert(s->state == WRITER_FREE);
    s->work = work;
    s->arg = arg;
    s->since = clock_seconds();
    s->state = WRITER_BUSY;
    if (w->threaded) {
        w->queue[(w->first + w->waiting++) % WRITER_SLOTS] = slot;
        pthread_cond_signal(&w->given);
    } else {
        s->state = work(arg) ? WRITER_FAILED : WRITER_DONE;
        snprintf(s->error, sizeof s->error, "%s", error_text());
    }
    pthread_mutex_unlock(&w->lock);
}

enum writer_state writer_take(struct writer *w, int slot)
{
    if (!w) return WRITER_FREE;
    struct slot *s = &w->slots[slot];
    pthread_mutex_lock(&w->lock);
    const enum writer_state state = s->state;
    if (state == WRITER_DONE || state == WRITER_FAILED) s->state = WRITER_FREE;
    if (state == WRITER_FAILED) error_set("%s", s->error);
    pthread_mutex_unlock(&w->lock);
    return state;
}

bool writer_busy(struct writer *w, int slot, double *seconds)
{
    bool busy = false;
    double longest = 0;
    if (seconds) *seconds = 0;
    if (!w) return false;
    pthread_mutex_lock(&w->lock);
    for (int i = 0; i < WRITER_SLOTS; i++) {
        if (w->slots[i].state == WRITER_FREE || (slot >= 0 && i != slot)) continue;
        const double since = clock_seconds() - w->slots[i].since;
        busy = true;
        if (since > longest) longest = since;
    }
    pthread_mutex_unlock(&w->lock);
    if (seconds) *seconds = longest;
    return busy;
}
