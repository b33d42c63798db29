/* average.h -- an average of the weights beside theta, for evaluations (--ema D; Polyak and Juditsky 1992 in the form
 * with exponential weights): after each update bar <- D bar + (1 - D) theta. It begins as theta. Departure: of the n
 * updates of one publication only the last theta is whole anywhere, so that bar <- D^n bar + (1 - D^n) theta.
 * bar is of floats: it moves only where theta differs from it by 3e-8 / (1 - D) of its size, with D 0.9999 by 3e-4.
 * Moments, which are counted and no weights, are theta's. Training never reads it. All local. */
#ifndef DUNLIN_TURN_AVERAGE_H
#define DUNLIN_TURN_AVERAGE_H

#include <stddef.h>

/* theta (params), of which the first `weights` are averaged, after n >= 1 updates. */
void average_take(float *average, const float *theta, size_t weights, size_t params, double decay, int n);

#endif
