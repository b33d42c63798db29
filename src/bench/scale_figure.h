/* scale_figure.h -- the picture of `bench scale`. Local. */
#ifndef DUNLIN_BENCH_SCALE_FIGURE_H
#define DUNLIN_BENCH_SCALE_FIGURE_H

#include <stdio.h>

#include "bench/scale_table.h"

/* A gnuplot script of the table. */
void scale_figure(FILE *script, bool svg, const struct scale_measured *m, const struct scale_table *table);

#endif
