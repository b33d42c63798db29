/* restore.h -- from a run folder back to what rank 0 trained with: which checkpoint can be gone on from, and what is in
 * it. Local; knows nothing of MPI. */
#ifndef DUNLIN_TRAIN_RESTORE_H
#define DUNLIN_TRAIN_RESTORE_H

#include <stddef.h>

#include "base/options.h"
#include "optim/optim.h"
#include "setup/setup.h"
#include "store/checkpoint.h"

/* What a run goes on from; all zero: nothing. Owner: restore_close(). */
struct restore {
    struct checkpoint_file *file; /* open, until all that is needed has been taken from it */
    struct checkpoint_counters counters;
};

/* Opens the newest checkpoint of a run's folder that is whole, is of this run as far as its run.h5 can tell, and can be
 * loaded; each one passed over is a line of log. Each file is opened once (where no checkpoint is of run.h5's run, once
 * more: then run.h5 may be what is foreign). Opens setup, too, with the options stored in it, to *stored, which must
 * stay where it is. 0; 1 where no checkpoint is whole, *stored untouched; 2 where none of the whole ones can be loaded;
 * -1 after error_set(). library is env lib:PATH.so where that lies now, under the name it is stored with; NULL: none
 * was named, and a run whose environment is a library is refused before any code of it runs. python: the option. */
int restore_choose(const char *dir, const char *library, const char *python, struct restore *r, struct setup *setup,
                   struct option_set *stored);
/* Which checkpoints there may be counted as kept (checkpoint_prune()): the one of r, loaded before, and of the
 * older ones as many as are kept, each opened and tried; what is damaged, or another run's, is a line of log. run: the
 * options that the run goes on with. */
void restore_vouch(const struct restore *r, const struct setup *setup, const struct option_set *run, const char *dir);
/* NULL in *r is fine. */
void restore_close(struct restore *r);

/* Where a checkpoint's parts go; all but totals borrowed. */
struct restore_parts {
    float *theta, *target, *average; /* (params); target and average NULL where there is none */
    struct optim *optim;             /* NULL: its state is read and thrown away */
    void *totals;                    /* rank 0's state (totals.h), malloc'd, the caller's; NULL: none */
    size_t totals_bytes;
};

/* All of the open checkpoint but the actors' states, which must fit setup; counters to r. With more actors than the
 * checkpoint has, those of the new ones stay as they are. 0, or -1 after error_set(), which names the file and the
 * fault. */
int restore_load(struct restore *r, const struct setup *setup, struct restore_parts *parts);

#endif
