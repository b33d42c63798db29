/* conversions.h -- what the forms of the wire cost. Local. */
#ifndef DUNLIN_MEASURE_CONVERSIONS_H
#define DUNLIN_MEASURE_CONVERSIONS_H

#include "measure/costs.h"
#include "share/share.h"

/* s, of a core: a whole gradient to bf16 and back, to its significant entries and back, and added to another. */
struct scale_conversions {
    double encode, decode, select, expand, sum;
};

/* significant: the share of the entries that is. */
struct scale_conversions scale_conversions_measure(size_t params, double significant);
/* The same where nothing is measured: so many ns a float as were measured once, of 0.06 that are significant. */
struct scale_conversions scale_conversions_said(size_t params);

/* What a wire makes of a whole gradient: bytes, pieces, and the work at both ends. */
void scale_wire(struct scale_costs *c, enum share_wire wire, size_t params, const struct scale_conversions *v,
                double significant);

#endif
