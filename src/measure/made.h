/* made.h -- gradients that no network computed, whole or with factors, as large and as full of zeros as real ones.
 * Local. */
#ifndef DUNLIN_MEASURE_MADE_H
#define DUNLIN_MEASURE_MADE_H

#include "dunlin/rng.h"
#include "optim/grad.h"

enum { MADE_PARAMS = 677968 }; /* those of the small net with few actions */

/* Noise of the size of a real gradient, to grad (params): what is not there stays as it was. Of the inputs of
 * factors that are a ReLU's 0.42 are active, most of them in every row: over five steps of Pong, Breakout and Q*bert it
 * is 0.39 to 0.45. */
void made_gradient(const struct grad_form *form, struct rng *rng, float *grad);

#endif
