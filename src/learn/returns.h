/* returns.h -- returns and targets from rewards, ends and bootstrap values. */
#ifndef DUNLIN_LEARN_RETURNS_H
#define DUNLIN_LEARN_RETURNS_H

#include "learn/rollout.h"

/* target = R, in the forward view: R <- r + gamma [(1 - lambda) next_value + lambda R] backwards through time; at a
 * rollout's end R starts with next_value; after a terminal step it is 0, after a cut one next_value. lambda 1: the
 * n-step return R <- r + gamma R, which reads no other next_value. */
void returns_lambda(struct rollout *r, double gamma, double lambda);

/* target = y = r + gamma next_value, and r alone at a terminal step. */
void returns_one_step(struct rollout *r, double gamma);

/* The rows whose next_value returns_lambda() reads with lambda 1, ascending; returns their number. rows: room for
 * T * E. */
int returns_bootstrap_rows(const struct rollout *r, int *rows);

/* The loss that the Q methods share: L = sum 1/2 (target - Q(s,a))^2, mean over environments. Gradient: Q(s,a) -
 * target at the action taken, 0 at the others; the target is a constant. With C = clip above 0 it is Huber's (1964): C
 * (|e| - C / 2) for an error e beyond C, whose gradient is C with e's sign. A: actions. */
struct loss_sums returns_q_loss(const struct rollout *r, int A, double clip);

#endif
