/* made.c -- see made.h. */
#include "measure/made.h"

#include <string.h>

static const double ACTIVE = 0.42, STEADY = 0.8; /* of the inputs; of those, in every row */

static void noise(struct rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0.01f * (float)(rng_uniform(rng) - 0.5);
}

void made_gradient(const struct made_shape *shape, int factors, struct rng *rng, float *grad)
{
    const size_t first = factors ? shape->wide.offset + optim_factor_floats(&shape->wide, factors) : shape->params,
                 in = (size_t)shape->wide.in;
    noise(rng, grad, first);
    if (!factors) return;
    const size_t end = shape->wide.offset + optim_wide_floats(&shape->wide);
    noise(rng, grad + end, shape->params - end);
    float *x = grad + shape->wide.offset;
    memset(x, 0, (size_t)factors * in * sizeof *x);
    for (size_t i = 0; i < in; i++) {
        if (rng_uniform(rng) >= ACTIVE) continue;
        const bool steady = rng_uniform(rng) < STEADY;
        for (size_t q = 0; q < (size_t)factors; q++)
            if (steady || rng_uniform(rng) < 0.5) x[q * in + i] = (float)rng_uniform(rng);
    }
}

void made_copy(const struct made_shape *shape, int factors, float *to, const float *from)
{
    const size_t first = factors ? shape->wide.offset + optim_factor_floats(&shape->wide, factors) : shape->params,
                 end = factors ? shape->wide.offset + optim_wide_floats(&shape->wide) : shape->params;
    memcpy(to, from, first * sizeof *to);
    memcpy(to + end, from + end, (shape->params - end) * sizeof *to);
}

size_t made_floats(const struct made_shape *shape, int factors)
{
    return factors ? shape->params - optim_wide_floats(&shape->wide) + optim_factor_floats(&shape->wide, factors)
                   : shape->params;
}
