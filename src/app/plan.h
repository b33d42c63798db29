/* plan.h -- what a start is going to do, decided before anything is written: options, folder, fresh or resumed. Local. */
#ifndef DUNLIN_APP_PLAN_H
#define DUNLIN_APP_PLAN_H

#include <stdbool.h>

#include "base/options.h"

struct plan {
    struct option_set set;   /* complete */
    char dir[OPTION_TEXT];   /* RUN */
    char checkpoint[OPTION_TEXT + 64]; /* to resume from; "" for a fresh start */
};

/* Reads the words behind `dunlin train` (resume false) or `dunlin resume` and checks them, environment and network included.
 * Writes nothing. 0, or -1 after error_set(). */
int plan_make(struct plan *plan, int argc, char **argv, bool resume);

/* Makes the folder, or with --force empties it of what a run leaves (and of nothing else). 0, or -1 after error_set(). */
int plan_prepare_folder(const struct plan *plan);

#endif
