/* test_gaussian.c -- the policies of continuous actions: gradients against finite differences of the density's
 * definition, samples by their statistics, and that they learn. */
#include "agents.h"

#include <math.h>

/* Both Gaussians, two components: -log pi adv - beta H of outputs z, from the density's definition. */
static double gaussian_loss(const double *z, bool scalar, const float *a, double adv, double beta)
{
    double log_pi = 0, H = 0;
    for (int n = 0; n < 2; n++) {
        const double sigma2 = scalar ? log(1 + exp(z[2])) + 1e-5 : exp(2 * z[2 + n]), d = a[n] - z[n];
        log_pi += log(exp(-d * d / (2 * sigma2)) / sqrt(2 * acos(-1.0) * sigma2));
        H += 0.5 * log(2 * acos(-1.0) * exp(1.0) * sigma2);
    }
    return -log_pi * adv - beta * H;
}

static const float bounds_low[] = {-1, -2}, bounds_high[] = {0.5f, 2};
static const struct env_spec two_floats = {.action_dim = 2, .action_low = bounds_low, .action_high = bounds_high};

static void gaussian_gradient(void **state)
{
    (void)state;
    for (int scalar = 0; scalar < 2; scalar++) {
        const struct policy policy = policy_named(scalar ? "gaussian-scalar" : "gaussian", &two_floats), *p = &policy;
        const int P = scalar ? 3 : 4;
        EXPECT(p->ops && p->size == 2 && p->outputs == P && p->free == (scalar ? 0 : 2));
        for (uint64_t k = 0; k < 20; k++) {
            double z[4];
            float out[4], dout[4], a[2];
            for (int i = 0; i < P; i++) z[i] = out[i] = testing_fill(21, k * 4 + (uint64_t)i, 1.5f);
            for (int n = 0; n < 2; n++) a[n] = testing_fill(22, k * 2 + (uint64_t)n, 2);
            const double adv = testing_fill(23, k, 2), beta = 0.3, h = 1e-5;
            const struct policy_terms terms = p->ops->gradient(p, out, a, adv, beta, 0.5, dout);
            EXPECT(terms.log_prob == p->ops->log_prob(p, out, a) && terms.entropy == p->ops->entropy(p, out));
            EXPECT_NEAR(gaussian_loss(z, scalar, a, adv, beta),
                        -p->ops->log_prob(p, out, a) * adv - beta * p->ops->entropy(p, out), 1e-6);
            for (int i = 0; i < P; i++) {
                const double at = z[i];
                z[i] = at + h;
                double slope = gaussian_loss(z, scalar, a, adv, beta);
                z[i] = at - h;
                slope = (slope - gaussian_loss(z, scalar, a, adv, beta)) / (2 * h);
                z[i] = at;
                EXPECT_NEAR(dout[i], 0.5 * slope, 1e-5 * (1 + fabs(slope)));
            }
        }
    }
}

/* With one component both families have two outputs, of which the second is log sigma or what sigma^2 is made of. */
static void one_component(void **state)
{
    (void)state;
    const struct env_spec spec = {.action_dim = 1, .action_low = bounds_low, .action_high = bounds_high};
    const float out[] = {0.25f, -1}, action = 1;
    for (int scalar = 0; scalar < 2; scalar++) {
        const struct policy policy = policy_named(scalar ? "gaussian-scalar" : "gaussian", &spec), *p = &policy;
        const double variance = scalar ? log1p(exp(-1)) + 1e-5 : exp(-2), TWO_PI = 6.283185307179586;
        EXPECT(p->outputs == 2 && p->size == 1);
        EXPECT_NEAR(p->ops->log_prob(p, out, &action), -0.5 * (0.75 * 0.75 / variance + log(TWO_PI * variance)), 1e-6);
        EXPECT_NEAR(p->ops->entropy(p, out), 0.5 * (1 + log(TWO_PI * variance)), 1e-6);
    }
}

/* Mean and variance of what is drawn, components apart; the environment gets it within bounds, learning as it is. */
static void gaussian_samples(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    const float free_out[] = {0.3f, -1.5f, (float)log(0.5), (float)log(2)}, scalar_out[] = {0.3f, -1.5f, -1};
    for (int scalar = 0; scalar < 2; scalar++) {
        const struct policy policy = policy_named(scalar ? "gaussian-scalar" : "gaussian", &two_floats), *p = &policy;
        const float *out = scalar ? scalar_out : free_out;
        double sum[2] = {0}, square[2] = {0}, both = 0;
        struct rng rng = rng_make(9, 0, RNG_TEST, scalar);
        int beyond = 0;
        for (int i = 0; i < DRAWS; i++) {
            float a[2], vector[2];
            p->ops->sample(p, out, &rng, a);
            const float *v = p->ops->to_env(p, a, vector).vector;
            for (int n = 0; n < 2; n++) {
                const double d = (double)a[n] - out[n];
                sum[n] += d, square[n] += d * d;
                EXPECT(v[n] == fminf(bounds_high[n], fmaxf(bounds_low[n], a[n])));
                beyond += v[n] != a[n];
            }
            both += ((double)a[0] - out[0]) * ((double)a[1] - out[1]);
        }
        EXPECT(beyond > DRAWS / 10);
        const double s2 = log(1 + exp(-1)) + 1e-5, variance[2] = {scalar ? s2 : 0.25, scalar ? s2 : 4};
        for (int n = 0; n < 2; n++) { /* five standard deviations */
            EXPECT_NEAR(sum[n] / DRAWS, 0, 5 * sqrt(variance[n] / DRAWS));
            EXPECT_NEAR(square[n] / DRAWS / variance[n], 1, 5 * sqrt(2.0 / DRAWS));
        }
        EXPECT_NEAR(both / DRAWS, 0, 5 * sqrt(variance[0] * variance[1] / DRAWS));
        float likeliest[2];
        p->ops->mode(p, out, likeliest);
        EXPECT(likeliest[0] == out[0] && likeliest[1] == out[1]);
    }
}

/* The observation names a target, which the action is to hit: at best a reward of 0, the bounds' middle about -1. */
static void target_write(float *target, struct rng *rng, float *obs)
{
    for (int n = 0; n < 2; n++)
        obs[n] = target[n] = bounds_low[n] + (float)rng_uniform(rng) * (bounds_high[n] - bounds_low[n]);
}

static void target_reset(void *state, struct rng *rng, void *obs)
{
    target_write(state, rng, obs);
}

static struct env_step target_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    float *target = state;
    double apart = 0;
    for (int n = 0; n < 2; n++) {
        EXPECT(action.vector[n] >= bounds_low[n] && action.vector[n] <= bounds_high[n]);
        apart += pow((double)(action.vector[n] - target[n]), 2);
    }
    target_write(target, rng, obs);
    return (struct env_step){.reward = -apart, .terminated = true};
}

static const struct env_ops target = {
    .api = DUNLIN_ENV_API, .name = "target", .plain_state = true, .reset = target_reset, .step = target_step};

/* Both Gaussians learn it by A3C, and their means play it best. */
static void gaussian_learns(void **state)
{
    (void)state;
    enum { STEPS = 30000 };
    for (int scalar = 0; scalar < 2; scalar++) {
        struct agent_config config = config_of(&algo_a3c, 4, 4);
        config.entropy = 0;
        struct learner *l = memory_new(1, sizeof *l);
        l->world = (struct world){.ops = &target, .args = {.arg = "", .training = true}, .spec = two_floats};
        l->world.spec.obs_dim = 2, l->world.spec.planes = l->world.spec.stack = l->world.spec.action_repeat = 1;
        l->world.spec.obs_kind = ENV_OBS_FLOATS, l->world.spec.max_steps = 1;
        l->world.spec.state_size = 2 * sizeof(float);
        l->world.policy = policy_named(scalar ? "gaussian-scalar" : "gaussian", &l->world.spec);
        learner_fill(l, "mlp:16", 0, &config);
        const struct optim_config adam = {.kind = OPTIM_ADAM, .beta1 = 0.9, .beta2 = 0.999, .adam_eps = 1e-8};
        struct optim *optim = optim_new(&adam, l->n, 1);
        struct evaluate_config ec = {.algo = &algo_a3c, .episodes = 300, .seed = 2, .greedy = true};
        struct evaluate_result before, after, drawn;
        EXPECT(evaluate_run(&ec, &l->world, l->net, l->theta, NULL, &before) == 0);
        for (int64_t T = 0; T < STEPS;) {
            T += rollout(l, T).steps;
            const struct optim_grad grad = {l->dtheta, 1, 3e-3F, 0, 0};
            optim_apply(optim, l->theta, l->theta, &grad, 1);
        }
        EXPECT(evaluate_run(&ec, &l->world, l->net, l->theta, NULL, &after) == 0);
        ec.greedy = false;
        EXPECT(evaluate_run(&ec, &l->world, l->net, l->theta, NULL, &drawn) == 0);
        print_message("# target: %.2f before, %.2f after, %.2f drawn\n", before.mean, after.mean, drawn.mean);
        /* of 40 seeds one has -0.66, most -0.02; what is drawn is worse, but hardly so once the Gaussian is narrow */
        EXPECT(before.mean < -0.8 && after.mean > 0.5 * before.mean && drawn.mean < after.mean + 0.02);
        optim_free(&optim);
        learner_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaussian_gradient),
        cmocka_unit_test(one_component),
        cmocka_unit_test(gaussian_samples),
        cmocka_unit_test(gaussian_learns),
    };
    return testing_main(tests);
}
