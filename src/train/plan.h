/* plan.h -- what a start is going to do, decided before anything is written: options, folder, fresh or resumed.
 * Local. */
#ifndef DUNLIN_TRAIN_PLAN_H
#define DUNLIN_TRAIN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "setup/need.h"
#include "setup/setup.h"
#include "train/restore.h"

/* Bytes that rank 0 sends to all. */
struct plan {
    struct option_set set;             /* complete */
    char dir[OPTION_TEXT];             /* RUN */
    char checkpoint[OPTION_TEXT + 64]; /* to resume from; "" for a fresh start */
    int ranks;                         /* of the session that wrote it; 0 for a fresh start */
    int64_t frames;                    /* that the checkpoint is at */
    struct need_env env;               /* what its environment takes */
    bool over, hopeless, reached;      /* over: the run has ended and nothing is left to train: done, hopeless, or its
                                     --stop-at reached */
};

/* Reads the words behind `dunlin train` (resume false) or `dunlin resume` and checks them, environment and network
 * included: setup stays open with the plan's options, and restore is the checkpoint to go on from, nothing for a fresh
 * start; both the caller's, and plan and setup must stay where they are. Writes nothing; a run to go on with is
 * held from before its checkpoint is read (folder_hold()). 0, or -1 after error_set(). */
int plan_make(struct plan *plan, struct setup *setup, struct restore *restore, int argc, char **argv, bool resume);
/* The same for a process that starts others, in a child: nothing stays open, and no library can end this process. 0, or
 * after error_set() the status to exit with: 2, and 1 where the environment did not come back. */
int plan_check(struct plan *plan, int argc, char **argv, bool resume);

/* Says that the plan is over, and returns the exit status of that. */
int plan_tell_over(const struct plan *plan);
/* May a session of `ranks` ranks go on: another number than before may not with --deterministic. 0, or -1 after
 * error_set(). */
int plan_check_ranks(const struct plan *plan, int ranks);

#endif
