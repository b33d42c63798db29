/* scale_report.h -- what `bench scale` tells of its simulations. Local. */
#ifndef DUNLIN_BENCH_SCALE_REPORT_H
#define DUNLIN_BENCH_SCALE_REPORT_H

#include "bench/scale_table.h"

/* Prints the figures of bench and, to stderr, the table; writes the CSV where one is asked for. 0, or -1 after
 * error_set(). */
int scale_report(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table);

#endif
