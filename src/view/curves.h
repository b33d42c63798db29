/* curves.h -- `dunlin plot RUN... --x frames|seconds|updates`: a curve for each run, and one for those that differ in
 * the seed alone; a panel for each environment. Local. */
#ifndef DUNLIN_VIEW_CURVES_H
#define DUNLIN_VIEW_CURVES_H

#include <stdio.h>

#include "view/curve.h"
#include "view/figure.h"

enum { CURVES_MOST = 64, CURVES_RUNS_MOST = 1024 }; /* curves of a figure, runs that are drawn */

struct curves_how {
    struct curve_how curve;
    enum figure_format format;
    const char *title; /* NULL: environment and algorithm; "": none */
    int columns;       /* of a text */
    bool each;         /* runs that differ in the seed alone have a curve each, too */
};

/* Reads the runs, folders or run.h5 files as typed (count, 1 .. CURVES_RUNS_MOST), and writes the script of the figure.
 * One of several that cannot be read, or has nothing to draw, is left out, with a line on stderr. 0, or -1 after
 * error_set(). */
int curves_write(FILE *script, const char *const *runs, int count, const struct curves_how *how);

#endif
