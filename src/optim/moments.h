/* moments.h -- running means and variances of what the actors see, held like weights: they lie at the end of theta, and
 * what one rollout saw at the end of its gradient. So they travel, are published and kept as all the rest is; but a
 * gradient's are merged into theta's, not stepped along, whatever the gradient is scaled with.
 *
 * A block: count (1), mean (dim), variance (dim), each from a multiple of 16 floats on, 0 between. Merging is that of
 * Chan, Golub and LeVeque 1979: parts of a series, in whatever order, make the moments of the whole, up to rounding.
 * Floats hold them: beyond some ten million rows a further one is less than a rounding error, and they stand still. */
#ifndef DUNLIN_OPTIM_MOMENTS_H
#define DUNLIN_OPTIM_MOMENTS_H

#include <stddef.h>

/* In theta the block begins at `offset`, a multiple of 16, and ends theta. dim 0: there is none. */
struct moments {
    size_t offset;
    int dim;
};

/* Floats of a block, a multiple of 16; 0 where there is none. */
size_t moments_floats(const struct moments *m);
/* Where in a block the means and the variances begin; its count is block[0]. */
size_t moments_mean_at(void);
size_t moments_variance_at(const struct moments *m);

/* into <- what both have seen. A block whose count is not above 0 has seen nothing. */
void moments_merge(const struct moments *m, float *into, const float *from);

#endif
