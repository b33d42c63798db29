/* made.h -- gradients that no network computed, whole or with factors, as large and as full of zeros as real ones.
 * Local. factors: the rank of a gradient's factors (optim/optim.h), 0 where it is whole. */
#ifndef DUNLIN_MEASURE_MADE_H
#define DUNLIN_MEASURE_MADE_H

#include <stdbool.h>
#include <stddef.h>

#include "dunlin/rng.h"
#include "optim/optim.h"

enum { MADE_PARAMS = 677968 }; /* those of the small net with few actions */

/* What pushes and rank 0 need to know of a network. */
struct made_shape {
    size_t params;
    struct optim_wide wide; /* in 0: gradients have no factors */
};

/* Noise of the size of a real gradient, to grad (params): what does not travel stays as it was. Of the inputs of
 * factors 0.42 are active, most of them in every row: over five steps of Pong, Breakout and Q*bert it is
 * 0.39 to 0.45. */
void made_gradient(const struct made_shape *shape, int factors, struct rng *rng, float *grad);
/* Writes to a mailbox what an actor would: the part of from (params) that travels, to the same places of to. */
void made_copy(const struct made_shape *shape, int factors, float *to, const float *from);
/* Floats that travel. */
size_t made_floats(const struct made_shape *shape, int factors);

#endif
