/* agent_gradient.c -- from a rollout to dtheta: bootstraps, loss, backward pass; and a later epoch of it, which goes
 * through the rows anew at another theta, the recurrent state from what it was before the rollout. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "learn/agent_private.h"
#include "learn/successors.h"

static struct loss_config loss_config_of(const struct agent *a, bool again)
{
    const struct agent_config *c = &a->config;
    return (struct loss_config){.policy = a->policy,
                                .outputs = a->P,
                                .gamma = c->gamma,
                                .lambda = c->lambda,
                                .entropy = c->entropy,
                                .value_coef = c->value_coef,
                                .norm_adv = c->norm_adv,
                                .ppo_clip = c->ppo_clip,
                                .td_clip = c->td_clip,
                                .again = again};
}

static struct loss_sums loss(struct agent *a, const float *theta, const float *theta_target)
{
    const struct agent_config *c = &a->config;
    const struct loss_config told = loss_config_of(a, false);
    if (agent_config_target(c)) successors_unroll(a, theta_target);
    successors_forward(a, agent_config_target(c) ? theta_target : theta, successors_of(c));
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

static void point_to_rows(struct agent *a)
{
    for (int row = 0; row < a->r.T * a->E; row++) {
        a->r.out[row] = net_out(a->work, row);
        a->r.dout[row] = net_dout(a->work, row);
    }
}

/* The sum of the gradient's squares. */
static double backward(struct agent *a, const float *theta, float *dtheta, int *factors)
{
    const uint8_t *start = a->S ? a->start : NULL;
    *factors = 0;
    return a->config.factors ? net_backward_factors(a->net, theta, a->work, a->r.T, a->E, start, dtheta, factors)
                             : net_backward(a->net, theta, a->work, a->r.T, a->E, start, dtheta);
}

static double epsilon(const struct agent *a)
{
    return algo_explores(a->config.algo) ? agent_epsilon(&a->config, a->world, a->eps_final[0], a->T) : 0;
}

void agent_gradient(struct agent *a, const float *theta, const float *theta_target, float *dtheta,
                    struct agent_stats *stats)
{
    if (a->replay) {
        agent_replay_gradient(a, theta, theta_target, dtheta, stats);
        stats->epsilon = epsilon(a);
        return;
    }
    const int rows = a->r.T * a->E;
    int factors;
    point_to_rows(a);
    const struct loss_sums sums = loss(a, theta, theta_target);
    const double squares = backward(a, theta, dtheta, &factors);
    if (a->config.reward_norm) tell_returns(a, dtheta);
    *stats = (struct agent_stats){
        .steps = rows,
        .frames = (int64_t)rows * a->world->spec.action_repeat,
        .policy_loss = sums.policy,
        .value_loss = sums.value,
        .entropy = sums.entropy,
        .norm = sqrt(squares),
        .factors = factors,
        .epsilon = epsilon(a),
    };
}

/* The rollout's rows at another theta: vectors without recurrent state all at once. */
static void forward_again(struct agent *a, const float *theta)
{
    const int E = a->E, rows = a->r.T * E;
    const size_t S = (size_t)a->S;
    const bool stepwise = S || net_facts(a->net)->input.C > 0;
    const int B = stepwise ? E : rows;
    float *state = a->some_state;
    memcpy(state, a->state0, (size_t)E * S * sizeof *state);
    net_prepare(a->net, theta, a->work, B, rows / B);
    for (int row0 = 0; row0 < rows; row0 += B) {
        for (int e = 0; e < E; e++) {
            a->before[e] = row0 / E % NET_CHAIN ? row0 + e - E : -1;
            if (a->start[row0 + e]) memset(state + (size_t)e * S, 0, S * sizeof *state);
        }
        net_forward_after(a->net, theta, a->work, row0, B, a->x + (size_t)row0 * (size_t)a->C, S ? state : NULL,
                          stepwise ? a->before : NULL);
    }
}

void agent_gradient_again(struct agent *a, const float *theta, float *dtheta, struct agent_stats *stats)
{
    const struct loss_config told = loss_config_of(a, true);
    const struct moments *m = &net_facts(a->net)->moments;
    forward_again(a, theta);
    point_to_rows(a);
    a->config.algo->loss(&a->r, &told);
    *stats = (struct agent_stats){.epsilon = stats->epsilon};
    stats->norm = sqrt(backward(a, theta, dtheta, &stats->factors));
    if (m->dim) dtheta[m->offset] = 0; /* what was seen has been told */
}
