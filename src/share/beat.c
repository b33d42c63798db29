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
    struct worker worker; /* its lock is held while the thread serves */
    bool serve;           /* under it */
};

static void doze(struct beat *b, long ms)
{
    const struct timespec until = thread_deadline(ms);
    pthread_cond_timedwait(&b->worker.news, &b->worker.lock, &until);
}

static void *run(void *arg)
{
    struct beat *b = arg;
    struct share *const s = b->share;
    pthread_mutex_lock(&b->worker.lock);
    while (!b->worker.end) {
        if (b->serve)
            master_serve(s);
        else
            atomic_fetch_add_explicit(word_at(s, at_board(BOARD_BEAT)), 1, memory_order_relaxed);
        doze(b, b->serve && s->remote ? SERVE_MS : BEAT_MS);
    }
    pthread_mutex_unlock(&b->worker.lock);
    return NULL;
}

struct beat *beat_open(struct share *s)
{
    struct beat *b = memory_new(1, sizeof *b);
    b->share = s;
    if (worker_start(&b->worker, run, b)) beat_close(&b);
    return b;
}

void beat_close(struct beat **b)
{
    if (!*b) return;
    worker_end(&(*b)->worker);
    free(*b);
    *b = NULL;
}

void beat_serve(struct beat *b, bool serve)
{
    pthread_mutex_lock(&b->worker.lock);
    b->serve = serve;
    pthread_cond_signal(&b->worker.news);
    pthread_mutex_unlock(&b->worker.lock);
}
