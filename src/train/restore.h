/* restore.h -- from a run folder back to what rank 0 trained with: which checkpoint can be gone on from, and what is in
 * it. Local; knows nothing of MPI. */
#ifndef DUNLIN_TRAIN_RESTORE_H
#define DUNLIN_TRAIN_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "optim/optim.h"
#include "setup/setup.h"
#include "store/checkpoint.h"
#include "store/runfile.h"

/* Where a checkpoint's parts go; all but counters and books borrowed. */
struct restore {
    float *theta, *target; /* (params); target NULL where the algorithm has none */
    struct optim *optim;   /* NULL: its state is read and thrown away */
    struct checkpoint_counters counters;
    void *books; /* rank 0's state (totals.h), malloc'd, the caller's; NULL: none */
    size_t books_bytes;
};

/* All of a checkpoint but the actors' states, which must fit setup. With more actors than the checkpoint has, those of
 * the new ones stay as they are. 0, or -1 after error_set(), which names the file and the fault. */
int restore_load(const char *path, const struct setup *setup, struct restore *r);

/* The newest checkpoint of a run's folder that is whole, is of this run as far as its run.h5 can tell, and can be
 * loaded; each one passed over is a line of log. Its path, and the options stored in it. 0; 1 where there is none; -1
 * after error_set(). */
int restore_choose(const char *dir, char *path, size_t size, struct option_set *stored);

#endif
