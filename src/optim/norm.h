/* norm.h -- the norm of a gradient, which also finds every NaN and Inf in it. */
#ifndef DUNLIN_OPTIM_NORM_H
#define DUNLIN_OPTIM_NORM_H

#include <stddef.h>

/* sqrt(sum x_i^2) of n floats (n a multiple of 16): NaN or Inf where an entry is, or where a square overflows. */
double optim_norm(const float *x, size_t n);

#endif
