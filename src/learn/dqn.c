/* dqn.c -- deep Q-learning with experience replay, the agent of Mnih et al. 2015 ("Human-level control through deep
 * reinforcement learning", Nature 518), as the baseline that the asynchronous methods replace.
 *
 *   (s, a, r, s'): B steps, drawn from the memory with equal chance (replay.h)
 *   y   = r + gamma max_a' Q(s', a'; theta_target);  r alone at a terminal; a time limit is none
 *   L   = sum_B  huber(Q(s, a) - y),  huber(d) = d^2 / 2 within 1 of 0, |d| - 1/2 beyond
 *   dL/dQ(s, a) = Q(s, a) - y, clipped to [-1, 1];  0 for other actions
 *
 * Held constant: y. The behaviour is epsilon-greedy. The paper clips "the error term", which is this loss (--td-clip
 * C: beyond C instead of 1). Gradients are summed over the minibatch, as there.
 *
 * As in the paper it plays at random until the first gradient, and epsilon falls from there; a resume fills the memory
 * with the epsilon of that moment.
 *
 * Where it sits: an actor has the memory, and plays t-max steps in each of its environments between two gradients (the
 * paper: 4); rank 0 has theta, theta_target and the optimiser (the paper: RMSProp centred by the mean gradient). So one
 * actor with one environment is that agent, but for one thing: it plays on while rank 0 applies its last gradient, and
 * may act once more on the weights before; with --deterministic it does not. Several actors, each with an equal share
 * of the memory, push gradients of their own minibatches, as in Nair et al. 2015 (arXiv:1507.04296, Gorila, the form
 * with local memories). */
#include "learn/algo.h"
#include "learn/explore.h"
#include "learn/returns.h"

static struct loss_sums dqn_loss(struct rollout *r, const struct loss_config *c)
{
    for (int row = 0; row < r->T * r->E; row++)
        if (r->end[row] != ROLLOUT_TERMINAL)
            r->next_value[row] = r->next_out[row][explore_greedy(r->next_out[row], c->outputs)];
    returns_one_step(r, c->gamma);
    return returns_q_loss(r, c->outputs, c->td_clip > 0 ? c->td_clip : 1);
}

const struct algo_ops algo_dqn = {
    .name = "dqn",
    .help = "Q-learning from a replay memory, target network: what the others do without",
    .number = 4,
    .heads = NET_HEADS_Q,
    .has_target = true,
    .replay = true,
    .successors = SUCCESSORS_OF_ENDS,
    .loss = dqn_loss,
};
