/* policy_categorical.c -- discrete actions: pi = softmax(logits), one per action. All sums run in double and from the
 * largest logit down, so that no exponential overflows and log pi stays finite where pi itself rounds to 0. */
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

static int categorical_outputs(const struct env_spec *spec)
{
    return spec->num_actions;
}

static void categorical_sample(const struct policy *p, const float *out, struct rng *rng, float *action)
{
    const int A = p->outputs;
    const double lse = log_sum_exp(out, A);
    double left = rng_uniform(rng);
    int a = 0;
    for (; a < A - 1; a++) {
        left -= exp(out[a] - lse);
        if (left < 0) break;
    }
    *action = (float)a;
}

static void categorical_mode(const struct policy *p, const float *out, float *action)
{
    int best = 0;
    for (int a = 1; a < p->outputs; a++)
        if (out[a] > out[best]) best = a;
    *action = (float)best;
}

static double categorical_log_prob(const struct policy *p, const float *out, const float *action)
{
    return out[(int)*action] - log_sum_exp(out, p->outputs);
}

static double categorical_entropy(const struct policy *p, const float *out)
{
    const int A = p->outputs;
    const double lse = log_sum_exp(out, A);
    double H = 0;
    for (int a = 0; a < A; a++) {
        const double logp = out[a] - lse;
        H -= exp(logp) * logp;
    }
    return H;
}

/* d(-log pi(a))/dz_i = pi_i - [i = a];  dH/dz_i = -pi_i (log pi_i + H). */
static void categorical_gradient(const struct policy *p, const float *out, const float *action, double adv, double beta,
                                 double scale, float *dout)
{
    const int A = p->outputs, taken = (int)*action;
    const double lse = log_sum_exp(out, A), H = categorical_entropy(p, out);
    for (int i = 0; i < A; i++) {
        const double logp = out[i] - lse, pi = exp(logp);
        const double d = adv * (pi - (i == taken)) + beta * pi * (logp + H);
        dout[i] = (float)(scale * d);
    }
}

static struct env_action categorical_to_env(const struct policy *p, const float *action, float *vector)
{
    (void)p, (void)vector;
    return (struct env_action){.index = (int)*action};
}

const struct policy_ops policy_categorical = {
    .name = "categorical",
    .outputs = categorical_outputs,
    .sample = categorical_sample,
    .mode = categorical_mode,
    .log_prob = categorical_log_prob,
    .entropy = categorical_entropy,
    .gradient = categorical_gradient,
    .to_env = categorical_to_env,
};
