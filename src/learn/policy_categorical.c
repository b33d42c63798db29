/* policy_categorical.c -- discrete actions: pi = softmax(logits), one per action; of several components, each has its
 * own, they are drawn one by one, and log pi and H are sums over them. All sums run in double and from the largest
 * logit down, so that no exponential overflows and log pi stays finite where pi itself rounds to 0. */
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
    int P = spec->num_actions;
    for (int c = 0; c < spec->num_components; c++) P += spec->component_actions[c];
    return P;
}

/* Logits of component n; they lie one component behind the other. */
static int choices(const struct policy *p, int n)
{
    return p->choices ? p->choices[n] : p->outputs;
}

static void categorical_sample(const struct policy *p, const float *out, struct rng *rng, float *action)
{
    for (int n = 0; n < p->size; out += choices(p, n), n++) {
        const int A = choices(p, n);
        const double lse = log_sum_exp(out, A);
        double left = rng_uniform(rng);
        int a = 0;
        for (; a < A - 1; a++) {
            left -= exp(out[a] - lse);
            if (left < 0) break;
        }
        action[n] = (float)a;
    }
}

static void categorical_mode(const struct policy *p, const float *out, float *action)
{
    for (int n = 0; n < p->size; out += choices(p, n), n++) {
        int best = 0;
        for (int a = 1; a < choices(p, n); a++)
            if (out[a] > out[best]) best = a;
        action[n] = (float)best;
    }
}

static double categorical_log_prob(const struct policy *p, const float *out, const float *action)
{
    double sum = 0;
    for (int n = 0; n < p->size; out += choices(p, n), n++)
        sum += out[(int)action[n]] - log_sum_exp(out, choices(p, n));
    return sum;
}

enum { KEPT = 32 }; /* probabilities that need no second exponential */

/* Of one component of A logits; pi (KEPT): the first probabilities. */
static double entropy_of(const float *out, int A, double lse, double *pi)
{
    double H = 0;
    for (int a = 0; a < A; a++) {
        const double logp = out[a] - lse, p = exp(logp);
        if (a < KEPT) pi[a] = p;
        H -= p * logp;
    }
    return H;
}

static double categorical_entropy(const struct policy *p, const float *out)
{
    double H = 0, pi[KEPT];
    for (int n = 0; n < p->size; out += choices(p, n), n++) {
        const int A = choices(p, n);
        H += entropy_of(out, A, log_sum_exp(out, A), pi);
    }
    return H;
}

/* d(-log pi(a))/dz_i = pi_i - [i = a];  dH/dz_i = -pi_i (log pi_i + H), within a component. */
static struct policy_terms categorical_gradient(const struct policy *p, const float *out, const float *action,
                                                double adv, double beta, double scale, float *dout)
{
    struct policy_terms terms = {0};
    double kept[KEPT];
    for (int n = 0; n < p->size; out += choices(p, n), dout += choices(p, n), n++) {
        const int A = choices(p, n), taken = (int)action[n];
        const double lse = log_sum_exp(out, A), H = entropy_of(out, A, lse, kept);
        for (int i = 0; i < A; i++) {
            const double logp = out[i] - lse, pi = i < KEPT ? kept[i] : exp(logp);
            const double d = adv * (pi - (i == taken)) + beta * pi * (logp + H);
            dout[i] = (float)(scale * d);
        }
        terms.log_prob += out[taken] - lse;
        terms.entropy += H;
    }
    return terms;
}

static struct env_action categorical_to_env(const struct policy *p, const float *action, void *room)
{
    int *indices = room;
    if (!p->choices) return (struct env_action){.index = (int)*action};
    for (int n = 0; n < p->size; n++) indices[n] = (int)action[n];
    return (struct env_action){.indices = indices};
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
