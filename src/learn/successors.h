/* successors.h -- what the network says of s', for bootstraps and targets. */
#ifndef DUNLIN_LEARN_SUCCESSORS_H
#define DUNLIN_LEARN_SUCCESSORS_H

#include "learn/agent.h"

/* Which s' the loss needs. */
enum successors successors_of(const struct agent_config *config);

/* Rows of a workspace that an agent of T_max * E rows takes for them. */
int successors_work_rows(const struct agent_config *config, int T_max, int E);

/* The network's answer for s' of the rows asked for: r.next_out[row] points to it and is NULL for others. Without a
 * target network that of a row's s' within the rollout is the next row's, as it was played. a->rows lists those that
 * went through the network; returns their number. The recurrent state after each row is used as it was, and not
 * moved. */
int successors_forward(struct agent *a, const float *theta, enum successors which);

/* Replaces the recurrent states after the rows by those that theta_target has when it is unrolled over the same
 * rollout from the state at its start. Nothing without LSTM. */
void successors_unroll(struct agent *a, const float *theta_target);

#endif
