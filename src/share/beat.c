/* beat.c -- rank 0 lives, whatever its thread does: evaluates, makes a checkpoint, waits for a disk.
 *
 * A thread adds to the beat of the board, which is memory. It calls MPI, for remote ranks that wait for an answer, only
 * between share_away() and share_back(), when rank 0's own thread does not: MPI_THREAD_SERIALIZED suffices. */
#include "share/beat.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/thread.h"
#include "share/master.h"

enum { BEAT_MS = 100, SERVE_MS = 1 };

struct beat {
    struct share *share;
    pthread_t thread;
    pthread_mutex_t lock; /* of the rest, and held while the thread serves */
    pthread_cond_t news;
    bool serve, end;
};

static void doze(struct beat *b, long ms)
{
    const struct timespec until = thread_deadline(ms);
    pthread_cond_timedwait(&b->news, &b->lock, &until);
}

static void *run(void *arg)
{
    struct beat *b = arg;
    struct share *const s = b->share;
    pthread_mutex_lock(&b->lock);
    while (!b->end) {
        if (b->serve)
            master_serve(s);
        else
            atomic_fetch_add_explicit(word_at(s, at_board(BOARD_BEAT)), 1, memory_order_relaxed);
        doze(b, b->serve && s->remote ? SERVE_MS : BEAT_MS);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

struct beat *beat_open(struct share *s)
{
    struct beat *b = memory_new(1, sizeof *b);
    b->share = s;
    pthread_mutex_init(&b->lock, NULL);
    thread_condition_init(&b->news);
    const int failed = thread_start(&b->thread, NULL, run, b);
    if (!failed) return b;
    pthread_cond_destroy(&b->news);
    pthread_mutex_destroy(&b->lock);
    free(b);
    return NULL;
}

void beat_close(struct beat **b)
{
    if (!*b) return;
    pthread_mutex_lock(&(*b)->lock);
    (*b)->end = true;
    pthread_cond_signal(&(*b)->news);
    pthread_mutex_unlock(&(*b)->lock);
    pthread_join((*b)->thread, NULL);
    pthread_cond_destroy(&(*b)->news);
    pthread_mutex_destroy(&(*b)->lock);
    free(*b);
    *b = NULL;
}

void beat_serve(struct beat *b, bool serve)
{
    pthread_mutex_lock(&b->lock);
    b->serve = serve;
    pthread_cond_signal(&b->news);
    pthread_mutex_unlock(&b->lock);
}
