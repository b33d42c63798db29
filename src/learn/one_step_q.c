/* one_step_q.c -- asynchronous one-step Q-learning (Mnih et al. 2016, algorithm 1).
 *
 *   y_i = r_i + gamma max_a' Q(s'_i, a'; theta_target);  r_i alone at a terminal; a time limit is none
 *   L   = sum_i  1/2 (y_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - y_i;  0 for other actions
 *
 * Held constant: y. Off-policy: the behaviour is epsilon-greedy, the target greedy. Gradients are summed over the
 * rollout. */
#include "learn/explore.h"
#include "learn/losses.h"
#include "learn/returns.h"

struct loss_sums one_step_q_loss(struct rollout *r, int A, const float *const *q_target, double gamma)
{
    for (int row = 0; row < r->T * r->E; row++)
        if (r->end[row] != ROLLOUT_TERMINAL) r->next_value[row] = q_target[row][explore_greedy(q_target[row], A)];
    returns_one_step(r, gamma);
    return returns_q_loss(r, A);
}
