/* losses.h -- the four algorithms: from a rollout to targets, the gradient at the network's outputs, and the sums
 * that are logged. Each is a file of its own, which opens with its loss, its gradient and what is held constant. */
#ifndef DUNLIN_LEARN_LOSSES_H
#define DUNLIN_LEARN_LOSSES_H

#include "learn/policy.h"
#include "learn/rollout.h"

/* All write r->target and every r->dout row. A: actions; an output row is Q (A), or what describes the policy and
 * then V. */

/* next_value: V(s'; theta') at the rows of returns_bootstrap_rows(). dim: outputs that describe the policy. */
struct loss_sums a3c_loss(struct rollout *r, const struct policy_ops *policy, int dim, double gamma, double entropy,
                          double value_coef);

/* q_target: for each row Q(s', .; theta_target), A floats; not read at terminal steps. */
struct loss_sums one_step_q_loss(struct rollout *r, int A, const float *const *q_target, double gamma);

/* As one_step_q_loss, with r->next_action. */
struct loss_sums one_step_sarsa_loss(struct rollout *r, int A, const float *const *q_target, double gamma);

/* q_target: for the rows of returns_bootstrap_rows() Q(s', .; theta_target); NULL elsewhere. */
struct loss_sums n_step_q_loss(struct rollout *r, int A, const float *const *q_target, double gamma);

#endif
