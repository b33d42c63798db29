/* one_step_sarsa.c -- asynchronous one-step Sarsa (Mnih et al. 2016, section 4).
 *
 *   y_i = r_i + gamma Q(s'_i, a'_i; theta_target);  r_i alone at a terminal; a time limit is none
 *   L   = sum_i  1/2 (y_i - Q(s_i, a_i))^2
 *   dL/dQ(s_i, a_i) = Q(s_i, a_i) - y_i;  0 for other actions
 *
 * Held constant: y. On-policy: a'_i is the action taken in s'_i. At a rollout's end it is drawn with that rollout's
 * theta and played first in the next one; at a time limit it is drawn and discarded. */
#include "learn/algo.h"
#include "learn/returns.h"

static struct loss_sums one_step_sarsa_loss(struct rollout *r, const struct loss_config *c)
{
    if (c->again) return returns_q_loss(r, c->outputs, c->td_clip);
    for (int row = 0; row < r->T * r->E; row++)
        if (r->end[row] != ROLLOUT_TERMINAL) r->next_value[row] = r->next_out[row][(int)r->next_action[row]];
    returns_one_step(r, c->gamma);
    return returns_q_loss(r, c->outputs, c->td_clip);
}

const struct algo_ops algo_one_step_sarsa = {
    .name = "one-step-sarsa",
    .help = "Sarsa, on-policy, target network",
    .number = 1,
    .heads = NET_HEADS_Q,
    .has_target = true,
    .next_action = true,
    .successors = SUCCESSORS_OF_ALL,
    .loss = one_step_sarsa_loss,
};
