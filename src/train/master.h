/* master.h -- rank 0: its turns (turn/master.h), and what is done between them. Serves one-sided progress; nothing here
 * is collective.
 *
 *   run.h          what was asked for, how far it is, whether it goes on
 *   ranks.h        what is known of each rank: process, signs of life
 *   sums.h         what is added up between two rows of /train; episodes.h  finished episodes
 *   files.h        the thread that writes, and what is done where it cannot
 *   evaluations.h  evaluations during training
 *   totals.h       what is counted beside weights and counters, as bytes of a checkpoint
 *   checkpoints.h  when they are due, what is in them
 *   report.h       progress line, rows of run.h5, RUN/status; events.h  what happens
 *   goodbyes.h     the actors' end
 */
#ifndef DUNLIN_TRAIN_MASTER_H
#define DUNLIN_TRAIN_MASTER_H

#include <stddef.h>

#include "train/checkpoints.h"
#include "train/evaluations.h"
#include "train/files.h"
#include "train/ranks.h"
#include "train/report.h"
#include "train/run.h"
#include "train/sums.h"
#include "train/totals.h"
#include "turn/threads.h"

/* The parts know each other by address: it stays where it is. */
struct master {
    struct run run;
    struct ranks ranks;
    struct sums sums;
    struct files files;
    struct evaluations evaluations;
    struct totals totals;
    struct checkpoints checkpoints;
    struct report report;
    struct threads threads;
};

/* What main hands over; everything is borrowed. */
struct master_start {
    struct run_start run;
    const float *theta; /* (params) of a checkpoint, or a fresh start's */
    size_t state_bytes; /* of an actor, the largest over ranks */
    const void *totals; /* of the sessions before, as in the checkpoint; NULL: none */
    size_t totals_bytes;
    const char *machine; /* see totals.h */
};

/* Memory and first publication. Local. Owner: master_free(). */
void master_init(struct master *m, const struct master_start *start);
void master_free(struct master *m);

/* Until `frames`, a stop signal or a failure; then checkpoint, stop, byes. state and reason say how it ended. */
void master_run(struct master *m);

#endif
