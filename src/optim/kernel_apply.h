/* kernel_apply.h -- the hot loops of the optimisers, one build per instruction set (base/cpu.h). */
#ifndef DUNLIN_OPTIM_KERNEL_APPLY_H
#define DUNLIN_OPTIM_KERNEL_APPLY_H

#include <stddef.h>

#include "base/cpu.h"
#include "optim/optim.h"
#include "optim/wide.h"

enum { OPTIM_PART_MOST = 64 }; /* gradients in one pass */

/* All: in, out (n) may be the same or must not overlap; state (n); n a multiple of 16; k >= 1 gradients in order. */

/* g <- a g + b d^2, theta <- theta - lr d / sqrt(g + eps), d = scale * grad. */
#define APPLY_RMSPROP_ARGS                                                                                             \
    (const float *in, float *out, float *g, size_t n, const struct optim_grad *grads, int k, float a, float b,         \
     float eps)
KERNEL_DECLARE(void, apply_rmsprop, APPLY_RMSPROP_ARGS)

/* The same for the floats at .. at + n - 1 of a matrix (height, width), width a multiple of 16; in, out and g begin at
 * `at`, the gradients at the matrix, and some of them have factors instead (optim.h). k at most OPTIM_PART_MOST. state:
 * whole rows alone, and what is left undone there (wide.h); NULL: nothing is. */
#define APPLY_RMSPROP_WIDE_ARGS                                                                                        \
    (const float *in, float *out, float *g, size_t at, size_t n, int height, int width,                                \
     const struct optim_grad *grads, int k, float a, float b, float eps, struct wide *state)
KERNEL_DECLARE(void, apply_rmsprop_wide, APPLY_RMSPROP_WIDE_ARGS)

/* g (width, a multiple of 16) times a, n times over, each product rounded. Nonzero where all of it is 0 then. */
KERNEL_DECLARE(int, decay_row, (float *g, int width, int n, float a))

/* m <- a m + b d, theta <- theta - lr m. */
#define APPLY_MOMENTUM_ARGS                                                                                            \
    (const float *in, float *out, float *m, size_t n, const struct optim_grad *grads, int k, float a, float b)
KERNEL_DECLARE(void, apply_momentum, APPLY_MOMENTUM_ARGS)

/* m <- a1 m + b1 d, v <- a2 v + b2 d^2, theta <- theta - rate m / (sqrt(v) root + eps); rate and root (k). */
struct apply_adam {
    float a1, b1, a2, b2, eps;
};
#define APPLY_ADAM_ARGS                                                                                                \
    (const float *in, float *out, float *m, float *v, size_t n, const struct optim_grad *grads, int k,                 \
     const float *rate, const float *root, const struct apply_adam *c)
KERNEL_DECLARE(void, apply_adam, APPLY_ADAM_ARGS)

/* g <- a g + b d^2, m <- a m + b d, theta <- theta - lr d / sqrt(max(g - m^2, 0) + eps). */
#define APPLY_CENTRED_ARGS                                                                                             \
    (const float *in, float *out, float *g, float *m, size_t n, const struct optim_grad *grads, int k, float a,        \
     float b, float eps)
KERNEL_DECLARE(void, apply_centred, APPLY_CENTRED_ARGS)

/* theta <- theta - lr d. */
#define APPLY_SGD_ARGS (const float *in, float *out, size_t n, const struct optim_grad *grads, int k)
KERNEL_DECLARE(void, apply_sgd, APPLY_SGD_ARGS)

#endif
