/* made.c -- see made.h. */
#include "measure/made.h"

#include <string.h>

static const double ACTIVE = 0.42, STEADY = 0.8; /* of the inputs; of those, in every row */

static void noise(struct rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0.01f * (float)(rng_uniform(rng) - 0.5);
}

void made_gradient(const struct grad_form *form, struct rng *rng, float *grad)
{
    struct grad_piece piece[GRAD_PIECES];
    const int n = grad_pieces(form, piece);
    const size_t in = (size_t)form->wide.in;
    for (int i = 0; i < n; i++) noise(rng, grad + piece[i].at, piece[i].floats);
    if (!form->factors) return;
    float *x = grad + form->wide.offset;
    memset(x, 0, (size_t)form->factors * in * sizeof *x);
    for (size_t i = 0; i < in; i++) {
        if (rng_uniform(rng) >= ACTIVE) continue;
        const bool steady = rng_uniform(rng) < STEADY;
        for (size_t q = 0; q < (size_t)form->factors; q++)
            if (steady || rng_uniform(rng) < 0.5) x[q * in + i] = (float)rng_uniform(rng);
    }
}
