/* one_step_q.c -- asynchronous one-step Q-learning (Mnih et al. 2016, algorithm 1).
 *
 *   y_i = r_i + gamma max_a' Q(s'_i, a'; theta_target);  r_i alone at a terminal; a time limit is none
 *   L   = sum_i  1/2 (y_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - y_i;  0 for other actions
 *
 * --target-every 0: theta, which played, in theta_target's place. --td-clip C: Huber's loss in place of the square
 * (returns.h). Both as in the other Q methods.
 *
 * Held constant: y. Off-policy: the behaviour is epsilon-greedy, the target greedy. Gradients are summed over the
 * rollout. */
#include "learn/algo.h"
#include "learn/explore.h"
#include "learn/returns.h"

static struct loss_sums one_step_q_loss(struct rollout *r, const struct loss_config *c)
{
    if (c->again) return returns_q_loss(r, c->outputs, c->td_clip);
    for (int row = 0; row < r->T * r->E; row++)
        if (r->end[row] != ROLLOUT_TERMINAL)
            r->next_value[row] = r->next_out[row][explore_greedy(r->next_out[row], c->outputs)];
    returns_one_step(r, c->gamma);
    return returns_q_loss(r, c->outputs, c->td_clip);
}

const struct algo_ops algo_one_step_q = {
    .name = "one-step-q",
    .help = "Q-learning, off-policy, target network",
    .number = 0,
    .heads = NET_HEADS_Q,
    .has_target = true,
    .successors = SUCCESSORS_OF_ALL,
    .loss = one_step_q_loss,
};
