/* thread.h -- threads beside the one that runs the program, which signals never reach. Local. */
#ifndef DUNLIN_BASE_THREAD_H
#define DUNLIN_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

/* pthread_create(), with every signal blocked in the new thread: they are for the one that knows what to do with them.
 * attributes: NULL for the usual ones. 0, or the error's number. */
int thread_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg);

/* A condition whose timed waits go by the clock that nobody sets, and the time on it in so many milliseconds. */
void thread_condition_init(pthread_cond_t *condition);
struct timespec thread_deadline(long ms);

/* A thread beside its owner's, with a lock and a condition between them. */
struct worker {
    pthread_mutex_t lock;
    pthread_cond_t news; /* as of thread_condition_init() */
    bool end;            /* under the lock: it is to return from `run` */
    bool started;
    pthread_t thread;
};

/* Starts run(arg). 0, or the error's number where there is no thread to be had; either way worker_end() frees it. */
int worker_start(struct worker *w, void *(*run)(void *), void *arg);
/* Tells the thread to end, and waits for it. */
void worker_end(struct worker *w);

#endif
