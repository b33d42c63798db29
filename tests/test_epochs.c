/* test_epochs.c -- a rollout that is used more than once: what a later epoch's gradient is of, at weights that have
 * moved. */
#include "agents.h"

#include "rollouts.h"

/* The term of one row whose gradient a later epoch gives, in double, by hand. */
static double surrogate(double log_prob, double log_mu, double adv, double clip)
{
    const double rho = exp(log_prob - log_mu);
    if (clip <= 0) return -rho * adv;
    return -fmin(rho * adv, fmin(fmax(rho, 1 - clip), 1 + clip) * adv);
}

/* Probabilities that have moved to both sides of what the clip allows, advantages of both signs: the gradient of each
 * output against the slope of the term, both kinds of policy. */
static void row_by_row(void **state)
{
    (void)state;
    const struct env_spec discrete = {.num_actions = 3}, continuous = {.action_dim = 2};
    const double moved[] = {-0.6, -0.1, 0.1, 0.6}, clips[] = {0, 0.2};
    for (int gaussian = 0; gaussian < 2; gaussian++)
        for (int c = 0; c < 2; c++) {
            const struct policy policy = policy_for(gaussian ? &continuous : &discrete);
            struct small_rollout *d = small_rollout(8, 1);
            const int P = policy.outputs;
            float action[8][2] = {{0}};
            const struct loss_config config = {.policy = &policy,
                                               .outputs = P,
                                               .entropy = 0.03,
                                               .value_coef = 0.5,
                                               .ppo_clip = clips[c],
                                               .again = true};
            d->r.action = action[0], d->r.N = policy.size;
            for (int row = 0; row < 8; row++) {
                float *a = d->r.action + (ptrdiff_t)row * d->r.N;
                for (int i = 0; i < P + 1; i++) d->out[row][i] = testing_fill(3, (size_t)(row * 8 + i), 0.5f);
                for (int i = 0; i < d->r.N; i++) a[i] = gaussian ? (float)(0.3 * row - i) : (float)(row % 3);
                d->adv[row] = row < 4 ? 1.5f : -0.7f;
                d->target[row] = (float)row;
                d->log_prob[row] = (float)(policy.ops->log_prob(&policy, d->out[row], a) - moved[row % 4]);
            }
            algo_a3c.loss(&d->r, &config);
            for (int row = 0; row < 8; row++) {
                const float *a = d->r.action + (ptrdiff_t)row * d->r.N;
                for (int i = 0; i < P; i++) {
                    double slope = 0;
                    const float at = d->out[row][i], h = 1e-2f;
                    for (int side = 1; side >= -1; side -= 2) {
                        d->out[row][i] = at + (float)side * h;
                        const double lp = policy.ops->log_prob(&policy, d->out[row], a);
                        slope += side * (surrogate(lp, (double)d->log_prob[row], (double)d->adv[row], clips[c]) -
                                         0.03 * policy.ops->entropy(&policy, d->out[row]));
                    }
                    d->out[row][i] = at;
                    EXPECT_NEAR(d->dout[row][i], slope / (2 * (double)h), 4e-3 * (1 + fabs(slope / (double)h)));
                }
                EXPECT_NEAR(d->dout[row][P], d->out[row][P] - (float)row, 1e-5);
            }
            EXPECT(d->adv[0] == 1.5f && d->target[7] == 7); /* they stand */
            free(d);
        }
}

/* The loss of a later epoch of the agent's last rollout, at theta. */
static double epoch_loss(const struct learner *b, const float *theta)
{
    const struct agent *a = b->agent;
    const struct rollout *r = &a->r;
    const struct policy *policy = a->policy;
    struct net_work *work = learner_forward(b, theta);
    double loss = 0;
    for (int row = 0; row < r->T * r->E; row++) {
        const float *out = net_out(work, row), *action = r->action + (ptrdiff_t)row * r->N;
        const bool q = algo_explores(a->config.algo);
        const double error = (double)r->target[row] - out[q ? (int)*action : a->P];
        loss += (q ? 0.5 : a->config.value_coef) * error * error;
        if (q) continue;
        const double lp = policy->ops->log_prob(policy, out, action);
        loss += surrogate(lp, (double)r->log_prob[row], (double)r->adv[row], a->config.ppo_clip);
        loss -= a->config.entropy * policy->ops->entropy(policy, out);
    }
    net_work_free(&work);
    return loss / r->E;
}

static double slope_along(const struct learner *b, const float *at, const float *way, double length)
{
    float *to = memory_floats(b->n);
    const double h = 2e-3;
    double slope = 0;
    for (int side = 1; side >= -1; side -= 2) {
        for (size_t i = 0; i < b->n; i++) to[i] = at[i] + (float)(side * h / length * (double)way[i]);
        slope += side * epoch_loss(b, to) / (2 * h);
    }
    free(to);
    return slope;
}

/* The second epoch's dtheta against finite differences, and what it tells of the rollout; every algorithm, recurrent
 * state with ends inside, both policies, pictures. */
static void later_epochs(void **state)
{
    (void)state;
    const struct {
        const struct algo_ops *algo;
        int lstm, envs;
        const char *env, *net;
        double clip;
    } cases[] = {
        {&algo_a3c, 0, 1, NULL, "mlp:16", 0.1},    {&algo_a3c, 0, 3, NULL, "mlp:16", 0},
        {&algo_a3c, 6, 2, NULL, "mlp:16", 0.1},    {&algo_a3c, 5, 2, "pendulum", "mlp:16", 0.1},
        {&algo_a3c, 0, 2, "catch", "small", 0.1},  {&algo_one_step_sarsa, 0, 2, NULL, "mlp:16", 0},
        {&algo_n_step_q, 6, 2, NULL, "mlp:16", 0}, {&algo_a3c, 128, 10, NULL, "mlp:16", 0.1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct agent_config config = config_of(cases[c].algo, 7, cases[c].envs);
        config.reward_scale = 0.2;
        config.ppo_clip = cases[c].clip;
        config.reward_norm = cases[c].env == NULL;
        config.norm_adv = cases[c].envs > 2 || cases[c].env;
        struct learner *b = learner_new(cases[c].env, cases[c].net, cases[c].lstm, &config);
        const size_t weights = b->n - moments_floats(&net_facts(b->net)->moments);
        struct agent_stats stats = {0};
        rollout(b, 800);
        rollout(b, 800); /* the second begins in mid-episode */
        float *first = memory_floats(b->n), *moved = memory_floats(b->n);
        memcpy(first, b->dtheta, b->n * sizeof *first);
        if (weights < b->n) EXPECT(first[weights] == 7 * (float)cases[c].envs || cases[c].envs == 1);

        net_forget(b->agent->work);
        agent_gradient_again(b->agent, b->theta, b->dtheta, &stats); /* the ratios are 1 */
        EXPECT(!stats.steps && !stats.frames && stats.value_loss == 0 && stats.norm > 0.001);
        for (size_t i = 0; i < weights; i++) EXPECT_NEAR(b->dtheta[i], first[i], 1e-5 + 1e-4 * stats.norm);
        if (weights < b->n) EXPECT(b->dtheta[weights] == 0); /* they have been told */

        for (size_t i = 0; i < weights; i++)
            moved[i] = b->theta[i] - (float)(0.05 / stats.norm) * first[i] + testing_fill(9, i, 0.01f);
        if (weights < b->n) memcpy(moved + weights, b->theta + weights, (b->n - weights) * sizeof *moved);
        agent_gradient_again(b->agent, moved, b->dtheta, &stats);
        memset(b->dtheta + weights, 0, (b->n - weights) * sizeof *b->dtheta);
        EXPECT_NEAR(slope_along(b, moved, b->dtheta, stats.norm), stats.norm, 0.01 * stats.norm + 1e-3);
        free(first);
        free(moved);
        learner_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(row_by_row), cmocka_unit_test(later_epochs)};
    return testing_main(tests);
}
