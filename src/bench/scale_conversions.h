/* scale_conversions.h -- what the forms of the wire cost. Local. */
#ifndef DUNLIN_BENCH_SCALE_CONVERSIONS_H
#define DUNLIN_BENCH_SCALE_CONVERSIONS_H

#include <stddef.h>

/* s, of a core: a whole gradient to bf16 and back, to its significant entries and back, and added to another. */
struct scale_conversions {
    double encode, decode, select, expand, sum;
};

/* significant: the share of the entries that is. */
struct scale_conversions scale_conversions_measure(size_t params, double significant);

#endif
