/* curves.h -- `dunlin plot RUN... --x frames|seconds|updates`: a learning curve per run. Local. */
#ifndef DUNLIN_VIEW_CURVES_H
#define DUNLIN_VIEW_CURVES_H

#include <stdio.h>

#include "view/figure.h"

enum { CURVES_MOST = 64 }; /* runs of a figure */

/* Reads the runs, folders or run.h5 files as typed (count, 1 .. CURVES_MOST), and writes the script of the figure. A
 * run without a finished episode is left out, with a line on stderr. 0, or -1 after error_set(). */
int curves_write(FILE *script, const char *const *runs, int count, enum figure_axis axis, enum figure_format format);

#endif
