/* scatter.h -- `dunlin plot RUN... --x lr|rank`: one score per run. Local. */
#ifndef DUNLIN_VIEW_SCATTER_H
#define DUNLIN_VIEW_SCATTER_H

#include <stdio.h>

#include "view/curves.h"

/* Reads the runs, folders or run.h5 files as typed (count), and writes the script of the figure. A run's score is the
 * mean return of its last evaluation; where a run has none, that of the last tenth of the episodes, for all of them.
 * A panel for each environment; one series for each algorithm, and optimizer where these differ. Runs that cannot be
 * read or have no score are left out, each with a line on stderr. 0, or -1 after error_set(). */
int scatter_write(FILE *script, const char *const *runs, int count, const struct curves_how *how);

#endif
