/* a3c.c -- advantage actor-critic (Mnih et al. 2016, algorithm S3).
 *
 *   R_i   = r_i + gamma R_{i+1};  R after the rollout = V(s'; theta'), 0 at a terminal, V(s') at a time limit
 *   adv_i = R_i - V(s_i)
 *   L     = sum_i  -log pi(a_i|s_i) adv_i  -  beta H(pi(.|s_i))  +  value_coef (R_i - V(s_i))^2
 *   dL/dV(s_i) = 2 value_coef (V(s_i) - R_i);  dL/d(policy's outputs): policy.c
 *
 * Held constant: R (no gradient flows into the bootstrap value) and adv (the policy's term does not move V). The sum
 * is over the rollout's steps, the mean over environments. The paper prints theta' moving up the gradient of log pi;
 * this is the same as descent on L. Its algorithm leaves beta H out but its text has it; value_coef 0.5 gives the
 * value gradient half the policy's weight, as the authors' reimplementers found to work. */
#include "learn/losses.h"
#include "learn/returns.h"

struct loss_sums a3c_loss(struct rollout *r, const struct policy_ops *policy, int dim, double gamma, double entropy,
                          double value_coef)
{
    const double mean = 1.0 / r->E;
    struct loss_sums sums = {0};
    returns_n_step(r, gamma);
    for (int row = 0; row < r->T * r->E; row++) {
        const float *out = r->out[row];
        const struct env_action a = {.index = r->action[row]};
        const double adv = (double)r->target[row] - out[dim];
        policy->gradient(out, dim, a, adv, entropy, mean, r->dout[row]);
        r->dout[row][dim] = (float)(mean * 2 * value_coef * -adv);
        sums.policy -= mean * policy->log_prob(out, dim, a) * adv;
        sums.value += mean * adv * adv;
        sums.entropy += mean * policy->entropy(out, dim);
    }
    return sums;
}
