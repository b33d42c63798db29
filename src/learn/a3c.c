/* a3c.c -- advantage actor-critic (Mnih et al. 2016, algorithm S3).
 *
 *   R_i   = r_i + gamma R_{i+1};  R after the rollout = V(s'; theta'), 0 at a terminal, V(s') at a time limit
 *   adv_i = R_i - V(s_i)
 * With lambda below 1, generalised advantage estimation (Schulman et al. 2015, arXiv:1506.02438):
 *   R_i   = r_i + gamma [(1 - lambda) V(s_{i+1}) + lambda R_{i+1}], which is the same as
 *   adv_i = delta_i + gamma lambda adv_{i+1},  delta_i = r_i + gamma V(s_{i+1}) - V(s_i),  R_i = adv_i + V(s_i)
 *   L     = sum_i  -log pi(a_i|s_i) adv_i  -  beta H(pi(.|s_i))  +  value_coef (R_i - V(s_i))^2
 *   dL/dV(s_i) = 2 value_coef (V(s_i) - R_i);  dL/d(policy's outputs): the policy's own file
 *
 * With --norm-adv the policy's term has (adv_i - mean) / (deviation + 1e-8) in place of adv_i, both over the rollout's
 * steps and environments (as in baselines' PPO), so that beta and the policy's share of the network's gradient mean the
 * same whatever a game's rewards are; R and the value's term stay.
 *
 * With --epochs K the same rollout is differentiated K times, each time at the newest theta, which has the step before
 * (Schulman et al. 2017, arXiv:1707.06347). From the second on the policy's term is, C = --ppo-clip,
 *   -min(rho_i adv_i, min(max(rho_i, 1 - C), 1 + C) adv_i),   rho_i = pi(a_i|s_i) / mu(a_i|s_i),   C 0: -rho_i adv_i
 *   its gradient: -rho_i adv_i d log pi(a_i|s_i), and 0 where rho_i is beyond 1 + C with adv_i > 0, or below 1 - C with
 *   adv_i < 0
 * mu is the policy that played; R, adv and log mu are those of the first time, when rho is 1. Departures from PPO: no
 * minibatches, V is not clipped, and every epoch is a push of its own to the common optimiser.
 *
 * Held constant: R (no gradient flows into the bootstrap value) and adv (the policy's term does not move V). The sum
 * is over the rollout's steps, the mean over environments. The paper prints theta' moving up the gradient of log pi;
 * this is the same as descent on L. Its algorithm leaves beta H out but its text has it. value_coef 1 is its value
 * gradient; with 0.5 adv counts once in the value's gradient as it does in the policy's; with 0.25 half, as in PFRL
 * and universe-starter-agent, whose 0.5 stands before half a square. */
#include <math.h>

#include "learn/algo.h"
#include "learn/returns.h"

static const double RATIO_LOG_MOST = 20;    /* a ratio that has no meaning any more stays finite */
static const double DEVIATION_LEAST = 1e-8; /* where all advantages are one */

/* What adv counts in the gradient of a later epoch: rho, or 0 where the smaller term is the clipped one. */
static double weight(double log_ratio, double adv, double clip)
{
    const double rho = exp(fmin(log_ratio, RATIO_LOG_MOST));
    const bool beyond = adv > 0 ? rho > 1 + clip : rho < 1 - clip;
    return clip > 0 && beyond ? 0 : rho;
}

static struct loss_sums a3c_again(struct rollout *r, const struct loss_config *c)
{
    const struct policy_ops *policy = c->policy->ops;
    const int P = c->outputs;
    const double mean = 1.0 / r->E;
    for (int row = 0; row < r->T * r->E; row++) {
        const float *out = r->out[row], *a = r->action + (ptrdiff_t)row * r->N;
        const double adv = (double)r->adv[row];
        const double w = weight(policy->log_prob(c->policy, out, a) - (double)r->log_prob[row], adv, c->ppo_clip);
        policy->gradient(c->policy, out, a, w * adv, c->entropy, mean, r->dout[row]);
        r->dout[row][P] = (float)(mean * 2 * c->value_coef * ((double)out[P] - (double)r->target[row]));
    }
    return (struct loss_sums){0};
}

/* (adv - mean) / deviation; of one row, as of rows that are all the same, 0. */
static void standardise(float *adv, int rows)
{
    double sum = 0, square = 0;
    for (int row = 0; row < rows; row++) sum += (double)adv[row];
    const double mean = sum / rows;
    for (int row = 0; row < rows; row++) square += ((double)adv[row] - mean) * ((double)adv[row] - mean);
    const double scale = 1 / (sqrt(square / rows) + DEVIATION_LEAST);
    for (int row = 0; row < rows; row++) adv[row] = (float)(((double)adv[row] - mean) * scale);
}

static struct loss_sums a3c_loss(struct rollout *r, const struct loss_config *c)
{
    const struct policy *policy = c->policy;
    const int P = c->outputs;
    const double mean = 1.0 / r->E;
    struct loss_sums sums = {0};
    if (c->again) return a3c_again(r, c);
    for (int row = 0; row < r->T * r->E; row++) {
        if (r->next_out[row])
            r->next_value[row] = r->next_out[row][P];
        else if (r->end[row] == ROLLOUT_GOES_ON)
            r->next_value[row] = r->out[row + r->E][P];
    }
    returns_lambda(r, c->gamma, c->lambda);
    for (int row = 0; row < r->T * r->E; row++) r->adv[row] = r->target[row] - r->out[row][P];
    if (c->norm_adv) standardise(r->adv, r->T * r->E);
    for (int row = 0; row < r->T * r->E; row++) {
        const float *out = r->out[row];
        const float *a = r->action + (ptrdiff_t)row * r->N;
        const double error = (double)out[P] - (double)r->target[row];
        const double adv = c->norm_adv ? (double)r->adv[row] : -error;
        const struct policy_terms terms = policy->ops->gradient(policy, out, a, adv, c->entropy, mean, r->dout[row]);
        r->log_prob[row] = (float)terms.log_prob;
        r->dout[row][P] = (float)(mean * 2 * c->value_coef * error);
        sums.policy -= mean * terms.log_prob * adv;
        sums.value += mean * error * error;
        sums.entropy += mean * terms.entropy;
    }
    return sums;
}

const struct algo_ops algo_a3c = {
    .name = "a3c",
    .help = "advantage actor-critic: a policy and the value of states, no target network",
    .number = 3,
    .heads = NET_HEADS_POLICY_V,
    .recurrent = true,
    .successors = SUCCESSORS_OF_ENDS,
    .loss = a3c_loss,
};
