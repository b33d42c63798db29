/* bench_made.c -- gradients that no network computed, whole or with factors, as large and as full of zeros as real ones. See
 * bench.h. */
#include <string.h>

#include "app/bench.h"

static const double ACTIVE = 0.42, STEADY = 0.8; /* of the inputs; of those, in every row */

static size_t matrix(const struct bench_model *m)
{
    return (size_t)m->wide.in * (size_t)m->wide.out;
}

static size_t factor_floats(const struct bench_model *m, int factors)
{
    return (size_t)factors * (size_t)(m->wide.in + m->wide.out);
}

static void noise(struct rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0.01f * (float)(rng_uniform(rng) - 0.5);
}

void bench_gradient(const struct bench_model *m, int factors, struct rng *rng, float *grad)
{
    const size_t first = factors ? m->wide.offset + factor_floats(m, factors) : m->params, in = (size_t)m->wide.in;
    noise(rng, grad, first);
    if (!factors) return;
    const size_t end = m->wide.offset + matrix(m);
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
    const size_t first = factors ? m->wide.offset + factor_floats(m, factors) : m->params,
                 end = factors ? m->wide.offset + matrix(m) : m->params;
    memcpy(to, from, first * sizeof *to);
    memcpy(to + end, from + end, (m->params - end) * sizeof *to);
}

size_t bench_gradient_floats(const struct bench_model *m, int factors)
{
    return factors ? m->params - matrix(m) + factor_floats(m, factors) : m->params;
}

struct share_wide bench_share_wide(const struct bench_model *m)
{
    return (struct share_wide){m->wide.offset, matrix(m), factor_floats(m, 1)};
}
