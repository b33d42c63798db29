/* n_step_q.c -- asynchronous n-step Q-learning in the forward view (Mnih et al. 2016, algorithm S2).
 *
 *   R_i = r_i + gamma R_{i+1};  R after the rollout = max_a Q(s', a; theta_target), 0 at a terminal, the same max at
 *         a time limit, of the observation before the reset
 *   L   = sum_i  1/2 (R_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - R_i;  0 for other actions
 *
 * Held constant: R. The rewards between are those of the epsilon-greedy behaviour and are not corrected for it. */
#include "learn/algo.h"
#include "learn/explore.h"
#include "learn/returns.h"

static struct loss_sums n_step_q_loss(struct rollout *r, const struct loss_config *c)
{
    if (c->again) return returns_q_loss(r, c->outputs);
    for (int row = 0; row < r->T * r->E; row++)
        if (r->next_out[row]) r->next_value[row] = r->next_out[row][explore_greedy(r->next_out[row], c->outputs)];
    returns_lambda(r, c->gamma, 1);
    return returns_q_loss(r, c->outputs);
}

const struct algo_ops algo_n_step_q = {
    .name = "n-step-q",
    .help = "Q-learning with n-step returns, forward view, target network",
    .number = 2,
    .heads = NET_HEADS_Q,
    .has_target = true,
    .recurrent = true,
    .successors = SUCCESSORS_OF_ENDS,
    .loss = n_step_q_loss,
};
