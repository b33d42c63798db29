/* n_step_q.c -- asynchronous n-step Q-learning in the forward view (Mnih et al. 2016, algorithm S2).
 *
 *   R_i = r_i + gamma R_{i+1};  R after the rollout = max_a Q(s', a; theta_target), 0 at a terminal, the same max at
 *         a time limit, of the observation before the reset
 *   L   = sum_i  1/2 (R_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - R_i;  0 for other actions
 *
 * Held constant: R. The rewards between are those of the epsilon-greedy behaviour and are not corrected for it. */
#include "learn/explore.h"
#include "learn/losses.h"
#include "learn/returns.h"

struct loss_sums n_step_q_loss(struct rollout *r, int A, const float *const *q_target, double gamma)
{
    for (int row = 0; row < r->T * r->E; row++)
        if (q_target[row]) r->next_value[row] = q_target[row][explore_greedy(q_target[row], A)];
    returns_n_step(r, gamma);
    return returns_q_loss(r, A);
}
