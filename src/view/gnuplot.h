/* gnuplot.h -- a picture by the program gnuplot. Local. */
#ifndef DUNLIN_VIEW_GNUPLOT_H
#define DUNLIN_VIEW_GNUPLOT_H

#include <stdio.h>

/* Lets gnuplot draw the script to the file `out`, which appears whole or not at all, or to stdout where out is NULL. 0,
 * or -1 after error_set(). */
int gnuplot_draw(FILE *script, const char *out);

#endif
