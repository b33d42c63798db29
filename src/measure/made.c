/* made.c -- gradients that no network computed, whole or with factors, as large and as full of zeros as real ones. See
 * bench.h. */
#include <string.h>

#include "bench/bench.h"

static const double ACTIVE = 0.42, STEADY = 0.8; /* of the inputs; of those, in every row */

static void noise(struct rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0.01f * (float)(rng_uniform(rng) - 0.5);
}

void bench_gradient(const struct bench_model *m, int factors, struct rng *rng, float *grad)
{
    const size_t first = factors ? m->wide.offset + optim_factor_floats(&m->wide, factors) : m->params,
                 in = (size_t)m->wide.in;
    noise(rng, grad, first);
    if (!factors) return;
    const size_t end = m->wide.offset + optim_wide_floats(&m->wide);
    noise(rng, grad + end, m->params - end);
    float *x = grad + m->wide.offset;
    memset(x, 0, (size_t)factors * in * sizeof *x);
    for (size_t i = 0; i < in; i++) {
        if (rng_uniform(rng) >= ACTIVE) continue;
        const bool steady = rng_uniform(rng) < STEADY;
        for (size_t q = 0; q < (size_t)factors; q++)
            if (steady || rng_uniform(rng) < 0.5) x[q * in + i] = (float)rng_uniform(rng);
    }
}

void bench_gradient_copy(const struct bench_model *m, int factors, float *to, const float *from)
{
    const size_t first = factors ? m->wide.offset + optim_factor_floats(&m->wide, factors) : m->params,
                 end = factors ? m->wide.offset + optim_wide_floats(&m->wide) : m->params;
    memcpy(to, from, first * sizeof *to);
    memcpy(to + end, from + end, (m->params - end) * sizeof *to);
}

size_t bench_gradient_floats(const struct bench_model *m, int factors)
{
    return factors ? m->params - optim_wide_floats(&m->wide) + optim_factor_floats(&m->wide, factors) : m->params;
}
