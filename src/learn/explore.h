/* explore.h -- epsilon-greedy exploration of the Q methods, and how epsilon falls. */
#ifndef DUNLIN_LEARN_EXPLORE_H
#define DUNLIN_LEARN_EXPLORE_H

#include <stdint.h>

#include "dunlin/rng.h"

/* One of the count final values, value[i] with probability prob[i]; the probabilities add up to 1. */
double explore_draw_final(const double *value, const double *prob, int count, struct rng *rng);

/* Epsilon at global frame T: from 1 at T = 0 in a straight line to `final` at T = frames, then constant. */
double explore_epsilon(double final, int64_t T, int64_t frames);

/* argmax_a q[a]; of equal ones the first. */
int explore_greedy(const float *q, int A);

/* A uniform action with chance epsilon, else the greedy one. Two draws where it explores, one where it does not. */
int explore_action(const float *q, int A, double epsilon, struct rng *rng);

#endif
