/* test_rewards.c -- what learning sees of rewards: scaled, normalised, clipped; and the raw ones as the score. */
#include "agents.h"

static void rewards_for_learning(void **state)
{
    (void)state;
    struct agent_config config = config_of(&algo_a3c, 5, 2);
    config.reward_scale = 0.3;
    config.reward_clip = true;
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    rollout(b, 0);
    for (int row = 0; row < 10; row++) {
        const double raw = row / 2 + 1 + 0.5 * (double)b->agent->r.action[row];
        EXPECT_NEAR(b->agent->r.reward[row], fmin(1, 0.3 * raw), 1e-6);
    }
    struct agent_episode ep;
    EXPECT(agent_take_episodes(b->agent, &ep, 1) == 1 && ep.ret >= 15);
    learner_free(b);
}

/* Over the deviation that theta holds, once it has seen some, and within 10; what is told are the moments of discounted
 * sums, forward from each episode's start and over lost lives. */
static void normalised_rewards(void **state)
{
    (void)state;
    enum { T = 12, E = 2 };
    struct agent_config config = config_of(&algo_a3c, T, E);
    config.reward_scale = 0.3;
    config.reward_norm = true;
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    const struct moments *m = &net_facts(b->net)->moments;
    const size_t last = (size_t)m->dim - 1, mean_at = m->offset + moments_mean_at() + last,
                 variance_at = m->offset + moments_variance_at(m) + last;
    const double variances[] = {0.25, 0.25, 1e-6, 0.25};
    double G[E] = {0};
    for (int k = 0; k < 4; k++) {
        const double gain = k ? 1 / sqrt(variances[k] + 1e-8) : 1;
        double all[T * E], mean = 0, variance = 0;
        b->theta[m->offset] = k ? 100 : 0;
        b->theta[variance_at] = (float)variances[k];
        b->agent->config.reward_clip = k == 3;
        rollout(b, 0);
        for (int row = 0; row < T * E; row++) {
            const int e = row % E, step = (T * k + row / E) % 5 + 1;
            const double r = 0.3 * (step + 0.5 * (double)b->agent->r.action[row]);
            G[e] = r + (step == 1 ? 0 : 0.9 * G[e]);
            all[row] = G[e];
            mean += G[e] / (T * E);
            EXPECT_NEAR(b->agent->r.reward[row], fmin(k == 3 ? 1 : 10, gain * r), 1e-5);
        }
        for (int row = 0; row < T * E; row++) variance += (all[row] - mean) * (all[row] - mean) / (T * E);
        EXPECT(b->dtheta[m->offset] == T * E);
        EXPECT_NEAR(b->dtheta[mean_at], mean, 1e-5);
        EXPECT_NEAR(b->dtheta[variance_at], variance, 1e-5);
    }
    learner_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rewards_for_learning), cmocka_unit_test(normalised_rewards)};
    return testing_main(tests);
}
