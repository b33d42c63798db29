/* policy.c -- the categorical policy: pi = softmax(logits). All sums run in double and from the largest logit down,
 * so that no exponential overflows and log pi stays finite where pi itself rounds to 0. */
#include "learn/policy.h"

#include <math.h>

/* log sum_a exp(out[a]). */
static double log_sum_exp(const float *out, int A)
{
    double top = out[0], sum = 0;
    for (int a = 1; a < A; a++) top = out[a] > top ? out[a] : top;
    for (int a = 0; a < A; a++) sum += exp(out[a] - top);
    return top + log(sum);
}

static struct env_action categorical_sample(const float *out, int A, struct rng *rng, float *vector)
{
    (void)vector;
    const double lse = log_sum_exp(out, A);
    double left = rng_uniform(rng);
    int a = 0;
    for (; a < A - 1; a++) {
        left -= exp(out[a] - lse);
        if (left < 0) break;
    }
    return (struct env_action){.index = a};
}

static struct env_action categorical_mode(const float *out, int A, float *vector)
{
    (void)vector;
    int best = 0;
    for (int a = 1; a < A; a++)
        if (out[a] > out[best]) best = a;
    return (struct env_action){.index = best};
}

static double categorical_log_prob(const float *out, int A, struct env_action action)
{
    return out[action.index] - log_sum_exp(out, A);
}

static double categorical_entropy(const float *out, int A)
{
    const double lse = log_sum_exp(out, A);
    double H = 0;
    for (int a = 0; a < A; a++) {
        const double logp = out[a] - lse;
        H -= exp(logp) * logp;
    }
    return H;
}

/* d(-log pi(a))/dz_i = pi_i - [i = a];  dH/dz_i = -pi_i (log pi_i + H). */
static void categorical_gradient(const float *out, int A, struct env_action action, double adv, double beta,
                                 double scale, float *dout)
{
    const double lse = log_sum_exp(out, A), H = categorical_entropy(out, A);
    for (int i = 0; i < A; i++) {
        const double logp = out[i] - lse, p = exp(logp);
        const double d = adv * (p - (i == action.index)) + beta * p * (logp + H);
        dout[i] = (float)(scale * d);
    }
}

const struct policy_ops policy_categorical = {
    .name = "categorical",
    .sample = categorical_sample,
    .mode = categorical_mode,
    .log_prob = categorical_log_prob,
    .entropy = categorical_entropy,
    .gradient = categorical_gradient,
};
