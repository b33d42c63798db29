/* rounds.h -- rank 0's loop with --deterministic. */
#ifndef DUNLIN_TRAIN_ROUNDS_H
#define DUNLIN_TRAIN_ROUNDS_H

#include "train/master.h"

/* As master_run(), in rounds. */
void rounds_run(struct master *m);

#endif
