/* made.c -- see made.h. */
#include "measure/made.h"

#include <string.h>

static const double ACTIVE = 0.42, STEADY = 0.8; /* of the inputs; of those, in every row */

static void noise(struct rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 0.01f * (float)(rng_uniform(rng) - 0.5);
}

/* x (rows, in) of a matrix's factors. */
static void inputs(const struct grad_wide *w, int rows, struct rng *rng, float *x)
{
    const int relu = w->in - w->dense;
    memset(x, 0, (size_t)rows * (size_t)w->in * sizeof *x);
    for (int i = 0; i < w->in; i++) {
        if (i < relu && rng_uniform(rng) >= ACTIVE) continue;
        const bool steady = i >= relu || rng_uniform(rng) < STEADY;
        for (int q = 0; q < rows; q++)
            if (steady || rng_uniform(rng) < 0.5) x[(size_t)q * (size_t)w->in + (size_t)i] = (float)rng_uniform(rng);
    }
}

void made_gradient(const struct grad_form *form, struct rng *rng, float *grad)
{
    struct grad_piece piece[GRAD_PIECES];
    const int n = grad_pieces(form, piece);
    for (int i = 0; i < n; i++) noise(rng, grad + piece[i].at, piece[i].floats);
    for (int i = 0; form->factors && i < grad_wide_count(&form->wide); i++)
        inputs(&form->wide.at[i], form->factors, rng, grad + form->wide.at[i].offset);
}
