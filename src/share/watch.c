/* watch.c -- ends a process that MPI does not let go: a remote actor whose master is gone, since a flush to a dead
 * process never returns, and a rank 0 whose look for messages, which waits for nobody, does not return (Open MPI's TCP
 * may call itself for ever over half a connection to a process that was killed). Nothing in MPI tells either.
 *
 * A thread that calls no MPI looks once a second whether the process is still inside the same call, and where rank 0
 * cannot be seen ends it after --patience such looks. Looks are counted, not the clock: a job that was suspended and
 * goes on is given all of them anew. */
#include "share/watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

struct watch {
    struct worker worker;
    struct process_id master;
    bool of_master; /* this is rank 0 */
    double patience;
    uint64_t calls;           /* entered so far, by who is watched */
    _Atomic uint64_t present; /* the number of the call it is in; 0: none */
};

/* A second later; false: it is to end. */
static bool later(struct watch *w)
{
    const struct timespec until = thread_deadline(1000);
    pthread_mutex_lock(&w->worker.lock);
    while (!w->worker.end && !pthread_cond_timedwait(&w->worker.news, &w->worker.lock, &until)) {}
    const bool end = w->worker.end;
    pthread_mutex_unlock(&w->worker.lock);
    return !end;
}

static void *look(void *arg)
{
    struct watch *w = arg;
    uint64_t last = 0;
    for (int same = 0; later(w);) {
        const uint64_t present = atomic_load_explicit(&w->present, memory_order_relaxed);
        same = present && present == last ? same + 1 : 0;
        last = present;
        if (!same || (w->master.pid ? !process_gone(&w->master) : same < w->patience)) continue;
        if (w->of_master)
            log_rank("rank 0 has not come back from MPI for %d s, probably over a killed process of another node: it "
                     "ends itself; `dunlin resume` goes on from the newest checkpoint",
                     same);
        else if (w->master.pid)
            log_rank("rank 0 is gone: this actor ends itself");
        else
            log_rank("rank 0 has not answered for %d s (--patience): this actor ends itself", same);
        _exit(1);
    }
    return NULL;
}

struct watch *watch_open(const struct process_id *master, double patience)
{
    struct watch *w = memory_new(1, sizeof *w);
    if (master) w->master = *master;
    w->of_master = !master;
    w->patience = patience;
    if (worker_start(&w->worker, look, w)) watch_close(&w); /* no thread to be had: nobody watches, all else works */
    return w;
}

void watch_close(struct watch **w)
{
    if (!*w) return;
    worker_end(&(*w)->worker);
    free(*w);
    *w = NULL;
}

void watch_enter(struct watch *w)
{
    if (w) atomic_store_explicit(&w->present, ++w->calls, memory_order_relaxed);
}

void watch_leave(struct watch *w)
{
    if (w) atomic_store_explicit(&w->present, 0, memory_order_relaxed);
}
