/* grid_policy.h -- a distribution over continuous actions that the program does not have: each of N components takes
 * one of GRID evenly spaced values of the range, by a softmax of its own. An action holds which of them. */
#ifndef DUNLIN_TESTS_GRID_POLICY_H
#define DUNLIN_TESTS_GRID_POLICY_H

#include <math.h>

#include "learn/policy.h"

enum { GRID = 3 };

/* log pi of choice k of one component. */
static double grid_log(const float *out, int k)
{
    double sum = 0;
    for (int i = 0; i < GRID; i++) sum += exp(out[i] - out[k]);
    return -log(sum);
}

static int grid_outputs(const struct env_spec *spec)
{
    return GRID * spec->action_dim;
}

static void grid_sample(const struct policy *p, const float *out, struct rng *rng, float *action)
{
    for (int n = 0; n < p->size; n++) {
        double left = rng_uniform(rng);
        int k = 0;
        while (k < GRID - 1 && (left -= exp(grid_log(out + n * GRID, k))) >= 0) k++;
        action[n] = (float)k;
    }
}

static void grid_mode(const struct policy *p, const float *out, float *action)
{
    for (int n = 0; n < p->size; n++) {
        int best = 0;
        for (int k = 1; k < GRID; k++)
            if (out[n * GRID + k] > out[n * GRID + best]) best = k;
        action[n] = (float)best;
    }
}

static double grid_log_prob(const struct policy *p, const float *out, const float *action)
{
    double sum = 0;
    for (int n = 0; n < p->size; n++) sum += grid_log(out + n * GRID, (int)action[n]);
    return sum;
}

static double grid_entropy_of(const float *out)
{
    double H = 0;
    for (int k = 0; k < GRID; k++) H -= exp(grid_log(out, k)) * grid_log(out, k);
    return H;
}

static double grid_entropy(const struct policy *p, const float *out)
{
    double H = 0;
    for (int n = 0; n < p->size; n++) H += grid_entropy_of(out + n * GRID);
    return H;
}

static struct policy_terms grid_gradient(const struct policy *p, const float *out, const float *action, double adv,
                                         double beta, double scale, float *dout)
{
    for (int n = 0; n < p->size; n++) {
        const float *z = out + n * GRID;
        const double H = grid_entropy_of(z);
        for (int k = 0; k < GRID; k++) {
            const double logp = grid_log(z, k), pi = exp(logp);
            const double d = adv * (pi - (k == (int)action[n])) + beta * pi * (logp + H);
            dout[n * GRID + k] = (float)(scale * d);
        }
    }
    return (struct policy_terms){grid_log_prob(p, out, action), grid_entropy(p, out)};
}

static struct env_action grid_to_env(const struct policy *p, const float *action, void *room)
{
    float *vector = room;
    for (int n = 0; n < p->size; n++) vector[n] = p->low[n] + action[n] * (p->high[n] - p->low[n]) / (GRID - 1);
    return (struct env_action){.vector = vector};
}

static const struct policy_ops policy_grid = {
    .name = "grid",
    .outputs = grid_outputs,
    .sample = grid_sample,
    .mode = grid_mode,
    .log_prob = grid_log_prob,
    .entropy = grid_entropy,
    .gradient = grid_gradient,
    .to_env = grid_to_env,
};

#endif
