/* agent_gradient.c -- from a rollout to dtheta: bootstraps, loss, backward pass. */
#include <float.h>
#include <math.h>

#include "learn/agent_private.h"
#include "learn/explore.h"
#include "learn/successors.h"

static struct loss_sums loss(struct agent *a, const float *theta, const float *theta_target)
{
    const struct agent_config *c = &a->config;
    const struct loss_config told = {.policy = a->policy,
                                     .outputs = a->P,
                                     .gamma = c->gamma,
                                     .lambda = c->lambda,
                                     .entropy = c->entropy,
                                     .value_coef = c->value_coef};
    if (c->algo->has_target) successors_unroll(a, theta_target);
    successors_forward(a, c->algo->has_target ? theta_target : theta, c->algo->successors);
    return c->algo->loss(&a->r, &told);
}

/* Mean and variance of the rollout's discounted returns, to the last of the gradient's moments. */
static void tell_returns(const struct agent *a, float *dtheta)
{
    const struct moments *m = &net_facts(a->net)->moments;
    const int rows = a->r.T * a->E, last = m->dim - 1;
    double sum = 0, square = 0;
    for (int row = 0; row < rows; row++) sum += (double)a->returns[row];
    const double mean = sum / rows;
    for (int row = 0; row < rows; row++) square += ((double)a->returns[row] - mean) * ((double)a->returns[row] - mean);
    dtheta[m->offset] = (float)rows;
    dtheta[m->offset + moments_mean_at() + (size_t)last] = (float)mean;
    dtheta[m->offset + moments_variance_at(m) + (size_t)last] = (float)fmin(square / rows, (double)FLT_MAX);
}

void agent_gradient(struct agent *a, const float *theta, const float *theta_target, float *dtheta,
                    struct agent_stats *stats)
{
    if (a->replay) {
        agent_replay_gradient(a, theta, theta_target, dtheta, stats);
        if (a->config.reward_norm && !stats->none) tell_returns(a, dtheta);
        return;
    }
    const int rows = a->r.T * a->E;
    for (int row = 0; row < rows; row++) {
        a->r.out[row] = net_out(a->work, row);
        a->r.dout[row] = net_dout(a->work, row);
    }
    const struct loss_sums sums = loss(a, theta, theta_target);
    const uint8_t *start = a->S ? a->start : NULL;
    int factors = 0;
    const double squares = a->config.factors
                               ? net_backward_factors(a->net, theta, a->work, a->r.T, a->E, start, dtheta, &factors)
                               : net_backward(a->net, theta, a->work, a->r.T, a->E, start, dtheta);
    if (a->config.reward_norm) tell_returns(a, dtheta);
    *stats = (struct agent_stats){
        .steps = rows,
        .frames = (int64_t)rows * a->world->spec.action_repeat,
        .policy_loss = sums.policy,
        .value_loss = sums.value,
        .entropy = sums.entropy,
        .norm = sqrt(squares),
        .factors = factors,
        .epsilon = algo_explores(a->config.algo) ? explore_epsilon(a->eps_final[0], a->T, a->config.eps_frames) : 0,
    };
}
