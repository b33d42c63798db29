/* successors.h -- what the network says of s', for bootstraps and targets. */
#ifndef DUNLIN_LEARN_SUCCESSORS_H
#define DUNLIN_LEARN_SUCCESSORS_H

#include "learn/agent.h"

/* Rows of the workspace that an agent of T_max * E rows takes for them. */
int successors_work_rows(enum successors which, int T_max, int E);

/* The network's answer for s' of the rows asked for: a->rows lists them, r.next_out[row] points to it and is
 * NULL for others. The recurrent state after each row is used as it was, and not moved. Returns the number of rows. */
int successors_forward(struct agent *a, const float *theta, enum successors which);

/* Replaces the recurrent states after the rows by those that theta_target has when it is unrolled over the same
 * rollout from the state at its start. Nothing without LSTM. */
void successors_unroll(struct agent *a, const float *theta_target);

#endif
