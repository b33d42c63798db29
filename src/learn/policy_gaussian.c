/* policy_gaussian.c -- continuous actions: each component drawn by itself from N(mu, sigma^2), mu linear in what the
 * network's last hidden layer says. Two rows, which differ in sigma:
 *
 *   gaussian         log sigma_n is a parameter of each component, the same in all states (Schulman et al. 2015,
 *                    arXiv:1502.05477, and whoever came after); out = mu (N), log sigma (N)
 *   gaussian-scalar  sigma^2 = softplus(s) + 1e-5, one s linear as mu is, for all components (Mnih et al. 2016,
 *                    section 9); out = mu (N), s (1)
 *
 *   log pi(a) = -sum_n [(a_n - mu_n)^2 / (2 sigma_n^2) + log sigma_n + log(2 pi) / 2]
 *   H         =  sum_n [log sigma_n + (1 + log(2 pi)) / 2]
 *   d log pi / d mu_n        = (a_n - mu_n) / sigma_n^2;      dH / d mu_n = 0
 *   d log pi / d log sigma_n = (a_n - mu_n)^2 / sigma_n^2 - 1;  dH / d log sigma_n = 1
 *   d log sigma_n / d s      = logistic(s) / (2 sigma^2) in every component
 *
 * The action that is kept, and all of the above, is the sample as it was drawn; the environment gets it clipped to its
 * bounds. All sums run in double. */
#include "learn/policy.h"

#include <math.h>

static const double LOG_2_PI = 1.8378770664093453, SIGMA2_LEAST = 1e-5;

static double softplus(double s)
{
    return s > 30 ? s : log1p(exp(s));
}

/* log sigma of component n; where none is free, of every one. */
static double log_sigma(const struct policy *p, const float *out, int n)
{
    if (!p->free) return 0.5 * log(softplus(out[p->size]) + SIGMA2_LEAST);
    return out[p->size + n];
}

static int gaussian_outputs(const struct env_spec *spec)
{
    return 2 * spec->action_dim;
}

static int gaussian_free(const struct env_spec *spec)
{
    return spec->action_dim;
}

static int scalar_outputs(const struct env_spec *spec)
{
    return spec->action_dim ? spec->action_dim + 1 : 0;
}

static void gaussian_sample(const struct policy *p, const float *out, struct rng *rng, float *action)
{
    for (int n = 0; n < p->size; n++) action[n] = (float)(out[n] + exp(log_sigma(p, out, n)) * rng_normal(rng));
}

static void gaussian_mode(const struct policy *p, const float *out, float *action)
{
    for (int n = 0; n < p->size; n++) action[n] = out[n];
}

/* log of the density at mu + z sigma, and the entropy, of one component. */
static double log_density(double z, double ls)
{
    return -(0.5 * z * z + ls + 0.5 * LOG_2_PI);
}

static double entropy_of(double ls)
{
    return ls + 0.5 * (1 + LOG_2_PI);
}

static double gaussian_log_prob(const struct policy *p, const float *out, const float *action)
{
    double sum = 0;
    for (int n = 0; n < p->size; n++) {
        const double ls = log_sigma(p, out, n), z = ((double)action[n] - out[n]) * exp(-ls);
        sum += log_density(z, ls);
    }
    return sum;
}

static double gaussian_entropy(const struct policy *p, const float *out)
{
    double H = 0;
    for (int n = 0; n < p->size; n++) H += entropy_of(log_sigma(p, out, n));
    return H;
}

/* dout of mu; returns d(-log pi adv - beta H) / d log sigma_n. */
static double component_gradient(const struct policy *p, const float *out, const float *action, int n, double adv,
                                 double beta, double scale, float *dout, struct policy_terms *terms)
{
    const double ls = log_sigma(p, out, n), inverse = exp(-ls), z = ((double)action[n] - out[n]) * inverse;
    dout[n] = (float)(-scale * adv * z * inverse);
    terms->log_prob += log_density(z, ls);
    terms->entropy += entropy_of(ls);
    return -adv * (z * z - 1) - beta;
}

static struct policy_terms gaussian_gradient(const struct policy *p, const float *out, const float *action, double adv,
                                             double beta, double scale, float *dout)
{
    struct policy_terms terms = {0};
    for (int n = 0; n < p->size; n++)
        dout[p->size + n] = (float)(scale * component_gradient(p, out, action, n, adv, beta, scale, dout, &terms));
    return terms;
}

static struct policy_terms scalar_gradient(const struct policy *p, const float *out, const float *action, double adv,
                                           double beta, double scale, float *dout)
{
    const double s = out[p->size], sigma2 = softplus(s) + SIGMA2_LEAST;
    struct policy_terms terms = {0};
    double sum = 0;
    for (int n = 0; n < p->size; n++) sum += component_gradient(p, out, action, n, adv, beta, scale, dout, &terms);
    dout[p->size] = (float)(scale * sum / (1 + exp(-s)) / (2 * sigma2));
    return terms;
}

static struct env_action gaussian_to_env(const struct policy *p, const float *action, void *room)
{
    float *vector = room;
    for (int n = 0; n < p->size; n++) vector[n] = fminf(p->high[n], fmaxf(p->low[n], action[n]));
    return (struct env_action){.vector = vector};
}

const struct policy_ops policy_gaussian = {
    .name = "gaussian",
    .outputs = gaussian_outputs,
    .free = gaussian_free,
    .sample = gaussian_sample,
    .mode = gaussian_mode,
    .log_prob = gaussian_log_prob,
    .entropy = gaussian_entropy,
    .gradient = gaussian_gradient,
    .to_env = gaussian_to_env,
};

const struct policy_ops policy_gaussian_scalar = {
    .name = "gaussian-scalar",
    .outputs = scalar_outputs,
    .sample = gaussian_sample,
    .mode = gaussian_mode,
    .log_prob = gaussian_log_prob,
    .entropy = gaussian_entropy,
    .gradient = scalar_gradient,
    .to_env = gaussian_to_env,
};
