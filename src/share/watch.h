/* watch.h -- private to src/share: ends a process that waits inside MPI for a rank 0 that is gone, or a rank 0 that MPI
 * does not let go. */
#ifndef DUNLIN_SHARE_WATCH_H
#define DUNLIN_SHARE_WATCH_H

#include "base/process.h"

struct watch;

/* Local. master: the process of rank 0, which is looked at; with pid 0 it cannot be, and a call is given up after
 * `patience` s. NULL: this is rank 0, and its calls wait for nobody; given up likewise. Owner: watch_close(). NULL
 * where no thread is to be had: nobody watches, all else works. */
struct watch *watch_open(const struct process_id *master, double patience);
void watch_close(struct watch **w); /* NULL is fine */
void watch_enter(struct watch *w);  /* before a call that rank 0 must answer, or its own; local */
void watch_leave(struct watch *w);

#endif
