/* peak.h -- what one core can do at most, measured: the limits that `dunlin bench` compares with. Local. */
#ifndef DUNLIN_NN_PEAK_H
#define DUNLIN_NN_PEAK_H

#include <stddef.h>

/* Multiplies and adds in registers for `rounds` rounds; returns how many floating-point operations that were. */
double peak_flops(long rounds);

/* Reads n floats once. */
void peak_read(const float *x, size_t n);

/* out = d / sqrt(g + eps) over n floats: the root and the division of one RMSProp step, and nothing else of it. */
void peak_root(const float *d, const float *g, float *out, size_t n);

#endif
