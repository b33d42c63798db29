/* plot.h -- `dunlin plot RUN... --out FILE.png|.svg | --text [--x frames|seconds|updates|lr|rank]`: learning curves, or
 * scores of many runs, by gnuplot. */
#ifndef DUNLIN_VIEW_PLOT_H
#define DUNLIN_VIEW_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* argv starts behind the subcommand. Returns the program's status: 0, 1 (a run or gnuplot failed), 2 (wrong usage),
 * with one line of log_error(). The figure appears whole under its name or not at all. Local. */
int plot_main(int argc, char **argv);

/* The run.h5 of a run given as its folder or as the file itself, to path (size). 0, or -1 after error_set(). Local. */
int plot_find_run(const char *what, char *path, size_t size, bool *folder);

/* Lets gnuplot draw the script to `out`, which appears whole or not at all, or to stdout where out is NULL. 0, or -1
 * after error_set(). Local. */
int plot_draw(FILE *script, const char *out);

#endif
