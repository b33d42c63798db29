/* normalised.h -- a run's scores beside a person's, where its environment is a game that has such figures. Local. */
#ifndef DUNLIN_VIEW_NORMALISED_H
#define DUNLIN_VIEW_NORMALISED_H

#include "../../env/human.h"

struct normalised {
    const struct human_scores *of; /* NULL: no such game, and no scores */
    double last, best;             /* of the evaluations, 0 as random, 1 as human; NaN: none yet */
};

/* Of a run.h5. 0, or -1 after error_set(). */
int normalised_read(struct normalised *n, const char *path);
/* Of a checkpoint alone, which knows its best evaluation. */
void normalised_of_checkpoint(struct normalised *n, const char *env, double best);

#endif
