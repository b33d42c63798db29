/* n_step_q.c -- asynchronous n-step Q-learning in the forward view (Mnih et al. 2016, algorithm S2).
 *
 *   R_i = r_i + gamma R_{i+1};  R after the rollout = max_a Q(s', a; theta_target), 0 at a terminal, the same max at
 *         a time limit, of the observation before the reset
 *   L   = sum_i  1/2 (R_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - R_i;  0 for other actions
 *
 * With --lambda below 1, Peng's Q(lambda) (Peng and Williams 1996; as in Gallici et al. 2024, arXiv:2407.04811):
 *   R_i = r_i + gamma [(1 - lambda) max_a Q(s_{i+1}, a; theta_target) + lambda R_{i+1}]
 *
 * Held constant: R. The rewards between are those of the epsilon-greedy behaviour and are not corrected for it. Without
 * a target network theta is the one that played. Halved squares, as in all Q methods here: the paper's gradient is
 * twice as large. With an LSTM theta_target is unrolled over the rollout from the state that theta had before it. */
#include "learn/algo.h"
#include "learn/explore.h"
#include "learn/returns.h"

static struct loss_sums n_step_q_loss(struct rollout *r, const struct loss_config *c)
{
    if (c->again) return returns_q_loss(r, c->outputs, c->td_clip);
    for (int row = 0; row < r->T * r->E; row++)
        if (r->next_out[row]) r->next_value[row] = r->next_out[row][explore_greedy(r->next_out[row], c->outputs)];
    returns_lambda(r, c->gamma, c->lambda);
    return returns_q_loss(r, c->outputs, c->td_clip);
}

const struct algo_ops algo_n_step_q = {
    .name = "n-step-q",
    .help = "Q-learning with n-step returns, forward view, target network",
    .number = 2,
    .heads = NET_HEADS_Q,
    .has_target = true,
    .recurrent = true,
    .successors = SUCCESSORS_OF_ENDS,
    .lambda_of_all = true,
    .loss = n_step_q_loss,
};
