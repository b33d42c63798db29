/* totals.h -- what rank 0 has counted beside weights and counters, as bytes: the "state" of rank 0 in a checkpoint.
 * All local. */
#ifndef DUNLIN_TRAIN_TOTALS_H
#define DUNLIN_TRAIN_TOTALS_H

#include <stddef.h>

struct evaluations;
struct ranks;
struct run;
struct sums;

enum { TOTALS_MACHINE = 192 };

/* Where it lies. */
struct totals {
    const struct run *run;
    struct ranks *ranks;
    struct sums *sums;
    struct evaluations *evaluations;
    char machine[TOTALS_MACHINE]; /* the program and libraries that the bits depend on */
};

size_t totals_size(const struct totals *totals);
void totals_save(const struct totals *totals, void *bytes);
/* What is there of an older or differently sized run is taken, the rest stays as it is. */
void totals_load(struct totals *totals, const void *bytes, size_t n);

#endif
