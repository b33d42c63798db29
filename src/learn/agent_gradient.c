/* agent_gradient.c -- from a rollout to dtheta: bootstraps, loss, backward pass. */
#include <math.h>

#include "learn/agent_private.h"
#include "learn/explore.h"
#include "learn/losses.h"
#include "learn/successors.h"

static struct loss_sums a3c(struct agent *a, const float *theta)
{
    const int n = successors_forward(a, theta, SUCCESSORS_OF_ENDS);
    for (int i = 0; i < n; i++) a->r.next_value[a->rows[i]] = a->q[a->rows[i]][a->A];
    return a3c_loss(&a->r, a->policy, a->A, a->config.gamma, a->config.entropy, a->config.value_coef);
}

static struct loss_sums loss(struct agent *a, const float *theta, const float *theta_target)
{
    const double gamma = a->config.gamma;
    switch (a->config.algo) {
    case ALGO_ONE_STEP_Q:
        successors_forward(a, theta_target, SUCCESSORS_OF_ALL);
        return one_step_q_loss(&a->r, a->A, a->q, gamma);
    case ALGO_ONE_STEP_SARSA:
        successors_forward(a, theta_target, SUCCESSORS_OF_ALL);
        return one_step_sarsa_loss(&a->r, a->A, a->q, gamma);
    case ALGO_N_STEP_Q:
        successors_unroll(a, theta_target);
        successors_forward(a, theta_target, SUCCESSORS_OF_ENDS);
        return n_step_q_loss(&a->r, a->A, a->q, gamma);
    case ALGO_A3C:
        break;
    }
    return a3c(a, theta);
}

void agent_gradient(struct agent *a, const float *theta, const float *theta_target, float *dtheta,
                    struct agent_stats *stats)
{
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
    *stats = (struct agent_stats){
        .steps = rows,
        .frames = (int64_t)rows * a->world->spec.action_repeat,
        .policy_loss = sums.policy,
        .value_loss = sums.value,
        .entropy = sums.entropy,
        .norm = sqrt(squares),
        .factors = factors,
        .epsilon = a->config.algo == ALGO_A3C ? 0 : explore_epsilon(a->eps_final[0], a->T, a->config.eps_frames),
    };
}
