/* test_agent_state.c -- an actor-learner over time: saved and gone on, evaluated, and better than it was. */
#include "agents.h"
#include "heap.h"

#include <unistd.h>

#include "base/clock.h"

/* Rollout k's theta moves a little, so that a difference anywhere spreads. */
static void learn_on(struct learner *b, int k, float *record)
{
    rollout(b, 10 * k);
    memcpy(record, b->dtheta, b->n * sizeof *record);
    const struct moments *m = &net_facts(b->net)->moments;
    const size_t weights = b->n - moments_floats(m);
    for (size_t i = 0; i < weights; i++) b->theta[i] -= 1e-3f * b->dtheta[i];
    if (m->dim) moments_merge(m, b->theta + weights, b->dtheta + weights);
}

/* Fifty rollouts against twenty-five, saved, loaded into a fresh agent, and twenty-five more: the same bits. */
static void saved_and_gone_on(void **state)
{
    (void)state;
    const struct {
        const char *env, *net;
        int lstm, envs;
        const struct algo_ops *algo;
        bool norm;
    } cases[] = {
        {"catch", "small", 0, 2, &algo_a3c, false},          {"cartpole", "mlp:16", 0, 1, &algo_a3c, false},
        {"cartpole", "mlp:16", 8, 2, &algo_a3c, false},      {"cartpole", "mlp:16", 0, 3, &algo_one_step_sarsa, false},
        {"cartpole", "mlp:16", 8, 2, &algo_n_step_q, false}, {NULL, "mlp:16", 0, 2, &algo_one_step_q, false},
        {"cartpole", "mlp:16", 8, 2, &algo_a3c, true},       {"catch", "small", 0, 2, &algo_n_step_q, true}};
    enum { HALF = 25 };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct agent_config config = config_of(cases[c].algo, 4, cases[c].envs);
        config.reward_norm = cases[c].norm;
        config.eps_count = 1, config.eps_prob[0] = 1;
        struct learner *one = learner_new(cases[c].env, cases[c].net, cases[c].lstm, &config);
        struct agent_config other = config; /* its streams come with the state */
        other.seed = 77;
        struct learner *two = learner_new(cases[c].env, cases[c].net, cases[c].lstm, &other);
        float *a = memory_floats(one->n), *b = memory_floats(one->n);
        for (int k = 0; k < HALF; k++) learn_on(one, k, a);
        const size_t room = agent_state_size(one->agent);
        uint8_t *bytes = memory_new(room, 1);
        bool whole = false;
        const size_t n = agent_save(one->agent, bytes, &whole);
        EXPECT(whole && n <= room);
        for (int k = 0; k < 3; k++) learn_on(two, k, b); /* somewhere else */
        memcpy(two->theta, one->theta, one->n * sizeof *b);
        if (agent_load(two->agent, bytes, n)) fail_msg("%s", error_text());
        struct agent_episode old[256], ep[2][256];
        agent_take_episodes(one->agent, old, 256);
        agent_take_episodes(two->agent, old, 256);
        for (int k = HALF; k < 2 * HALF; k++) {
            learn_on(one, k, a);
            learn_on(two, k, b);
            EXPECT(!memcmp(a, b, one->n * sizeof *a));
            EXPECT(!memcmp(one->agent->start, two->agent->start, (size_t)(one->agent->r.T * one->agent->E)));
        }
        const int count = agent_take_episodes(one->agent, ep[0], 256);
        EXPECT(count == agent_take_episodes(two->agent, ep[1], 256));
        for (int i = 0; i < count; i++) EXPECT(ep[0][i].ret == ep[1][i].ret && ep[0][i].steps == ep[1][i].steps);
        two->agent->eps_final[0] = 0.3; /* of exploration the options decide */
        EXPECT(!agent_load(two->agent, bytes, n) && two->agent->eps_final[0] == 0.3);
        EXPECT(agent_load(two->agent, bytes, n - 1) == -1);
        EXPECT(agent_load(two->agent, bytes, 10) == -1);
        bytes[0] ^= 1;
        EXPECT(agent_load(two->agent, bytes, n) == -1);
        free(bytes), free(a), free(b);
        learner_free(one);
        learner_free(two);
    }
}

/* What nothing was kept of plays on with other streams than at the start: no start plays what another has played. */
static void started_afresh(void **state)
{
    (void)state;
    enum { STARTS = 3, ENVS = 2 };
    const struct agent_config config = config_of(&algo_a3c, 4, ENVS);
    struct rng env[STARTS * ENVS], policy[STARTS * ENVS];
    float seen[STARTS * ENVS];
    struct learner *b = learner_new("cartpole", "mlp:8", 0, &config);
    for (int start = 0; start < STARTS; start++) {
        if (start && agent_start_afresh(b->agent, start)) fail_msg("%s", error_text());
        for (int e = 0; e < ENVS; e++) {
            env[start * ENVS + e] = b->agent->instances[e].rng;
            policy[start * ENVS + e] = b->agent->policy_rng[e];
            seen[start * ENVS + e] = frames_newest(&b->agent->instances[e].frames)[0];
        }
        rollout(b, 0);
    }
    for (int i = 0; i < STARTS * ENVS; i++)
        for (int k = 0; k < i; k++)
            EXPECT(memcmp(&env[i], &env[k], sizeof *env) && memcmp(&policy[i], &policy[k], sizeof *policy) &&
                   seen[i] != seen[k]);
    if (agent_start_afresh(b->agent, 1)) fail_msg("%s", error_text());
    EXPECT(!memcmp(&b->agent->instances[1].rng, &env[ENVS + 1], sizeof *env)); /* by name, as any stream */
    learner_free(b);
}

/* Rewards over the deviation of the discounted sums of them that were seen before this rollout; the sums go on over
 * rollouts and lost lives, and begin anew with an episode. */
static void rewards_normalised(void **state)
{
    (void)state;
    struct agent_config config = config_of(&algo_a3c, 4, 2);
    config.reward_norm = true;
    config.reward_scale = 0.5;
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    const struct moments *m = &net_facts(b->net)->moments;
    float *seen = b->theta + m->offset;
    double sum[2] = {0}, gain = 1, total = 0, squares = 0;
    for (int k = 0, step = 0; k < 6; k++) {
        rollout(b, 0);
        for (int row = 0; row < 8; row++) {
            if (row % 2 == 0) step = step % 5 + 1;
            const double raw = 0.5 * (step + 0.5 * (double)b->agent->r.action[row]);
            sum[row % 2] = raw + (step == 1 ? 0 : 0.9 * sum[row % 2]);
            total += sum[row % 2], squares += sum[row % 2] * sum[row % 2];
            EXPECT_NEAR(b->agent->r.reward[row], fmin(10, raw * gain), 1e-5 * gain);
        }
        if (k == 5) break;
        moments_merge(m, seen, b->dtheta + m->offset);
        const double n = 8 * (k + 1), mean = total / n, variance = squares / n - mean * mean;
        EXPECT(seen[0] == (float)n);
        EXPECT_NEAR(seen[moments_mean_at() + (size_t)m->dim - 1], mean, 1e-5);
        EXPECT_NEAR(seen[moments_variance_at(m) + (size_t)m->dim - 1], variance, 1e-5);
        if (k == 4) seen[moments_variance_at(m) + (size_t)m->dim - 1] = 1e-6F; /* beyond 10 all are 10 */
        gain = k == 4 ? 1e3 : 1 / sqrt(variance);
    }
    learner_free(b);
}

/* An environment that cannot be saved starts a new episode; everything else goes on. */
static void saved_in_part(void **state)
{
    (void)state;
    struct env_ops ops = script;
    ops.plain_state = false;
    const struct agent_config config = config_of(&algo_a3c, 4, 2);
    struct learner *b = learner_new(NULL, "mlp:8", 4, &config);
    b->world.ops = &ops;
    rollout(b, 0);
    uint8_t *bytes = memory_new(agent_state_size(b->agent), 1);
    bool whole = true;
    const size_t n = agent_save(b->agent, bytes, &whole);
    EXPECT(!whole);
    EXPECT(agent_load(b->agent, bytes, n) == 2);
    rollout(b, 0);
    EXPECT(b->agent->start[0] == 1 && b->agent->x[0][1] == 0); /* the first observation of an episode */

    ops.plain_state = true;
    b->agent->instances[1].began = false; /* as a reset leaves it that has failed */
    const size_t half = agent_save(b->agent, bytes, &whole);
    EXPECT(!whole);
    b->agent->instances[1].began = true;
    EXPECT(agent_load(b->agent, bytes, half) == 1);
    free(bytes);
    learner_free(b);
}

struct watcher {
    int resets, steps, ends, signs, stop_at;
    double ret[64];   /* of each episode */
    double first[64]; /* the value of its first observation */
};

static int watch_stop(void *arg)
{
    struct watcher *w = arg;
    return ++w->signs == w->stop_at;
}

static void watch_step(void *arg, const void *env_state, const float *obs, double reward, double value, bool end)
{
    struct watcher *w = arg;
    EXPECT(isfinite(value));
    EXPECT(isfinite(obs[0]));
    usleep(3000); /* slow steps: signs of life go by the clock */
    const int t = ((const struct script *)env_state)->t;
    if (t == 0)
        w->resets++;
    else
        w->steps++;
    if (t == 1) w->first[w->ends] = value;
    w->ret[w->ends] += reward;
    w->ends += end;
}

static void evaluation(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 5, 1);
    struct learner *b = learner_new(NULL, "mlp:8", 4, &config);
    struct evaluate_config ec = {.algo = &algo_a3c, .episodes = 60, .seed = 9};
    struct evaluate_result one, two;
    struct watcher w = {0};
    const struct evaluate_hooks hooks = {.stop = watch_stop, .step = watch_step, .arg = &w};
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, &hooks, &one) == 0);
    EXPECT(one.episodes == 60 && one.steps == 300 && one.frames == 1200);
    EXPECT(w.resets == 60 && w.steps == 300 && w.ends == 60 && w.signs >= 3 && w.signs < 300);
    struct net_work *work = net_work_new(b->net, 1);
    double mean = 0, square = 0;
    int below = 0, above = 0;
    for (int k = 0; k < 60; k++) {
        const float obs[3] = {1, 0, (float)(k + 1) / 10}, *x = obs;
        float zero[8] = {0};
        net_forward(b->net, b->theta, work, 0, 1, &x, zero);
        EXPECT_NEAR(w.first[k], net_out(work, 0)[2], 1e-6); /* each episode starts without memory of the last */
        mean += w.ret[k] / 60, square += w.ret[k] * w.ret[k] / 60;
        below += w.ret[k]<one.median, above += w.ret[k]> one.median;
        EXPECT(w.ret[k] >= one.min && w.ret[k] <= one.max);
    }
    net_work_free(&work);
    EXPECT_NEAR(one.mean, mean, 1e-9);
    EXPECT_NEAR(one.std, sqrt(square - mean * mean), 1e-6);
    EXPECT(below <= 30 && above <= 30);
    EXPECT(one.min >= 15 && one.max <= 17.5 && one.std > 0);
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &two) == 0); /* the same seed, the same games */
    EXPECT(!memcmp(&one, &two, sizeof one));
    ec.greedy = true;
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &two) == 0);
    EXPECT(two.std < one.std);
    ec.max_steps = 2;
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &two) == 0);
    EXPECT(two.steps == 120 && two.max <= 4);
    w = (struct watcher){.stop_at = 1};
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, &hooks, &two) == -1);
    EXPECT(strstr(error_text(), "stopped"));
    trouble.bad_step = 1, trouble.bad_reward = INFINITY;
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &two) == -1);
    memset(&trouble, 0, sizeof trouble);
    learner_free(b);

    const struct agent_config q = config_of(&algo_n_step_q, 5, 1);
    b = learner_new(NULL, "mlp:8", 0, &q);
    ec = (struct evaluate_config){.algo = &algo_n_step_q, .episodes = 40, .epsilon = 0, .seed = 9};
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &one) == 0);
    ec.epsilon = 1;
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &two) == 0);
    EXPECT(two.std > one.std);
    EXPECT_NEAR(two.mean, 16.25, 0.5);
    learner_free(b);
}

static struct env_step slow_nan(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct env_step step = script_step(state, rng, action, obs);
    usleep(2000);
    step.reward = NAN;
    return step;
}

/* Games that are left out take time, too: an evaluation of nothing else ends by the clock. */
static void left_out_in_time(void **state)
{
    (void)state;
    struct env_ops ops = script;
    ops.step = slow_nan;
    const struct agent_config config = config_of(&algo_a3c, 4, 1);
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    b->world.ops = &ops;
    const struct evaluate_config ec = {
        .algo = &algo_a3c, .episodes = 10000, .seed = 9, .leave_out = true, .seconds = 0.05};
    struct evaluate_result result;
    const double start = clock_seconds();
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &result) == -1);
    EXPECT(clock_seconds() - start < 10); /* all of them take 20 s */
    learner_free(b);
}

/* A3C, alone in one process, learns to balance the pole. */
static void learns_cartpole(void **state)
{
    (void)state;
    enum { STEPS = 60000 };
    struct agent_config config = config_of(&algo_a3c, 5, 1);
    config.gamma = 0.99, config.entropy = 0.01, config.reward_scale = 0.05;
    struct learner *b = learner_new("cartpole", "mlp:64,64", 0, &config);
    const struct optim_config rmsprop = {.kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.01};
    struct optim *optim = optim_new(&rmsprop, b->n, 1);
    const struct evaluate_config ec = {.algo = &algo_a3c, .episodes = 20, .seed = 2};
    struct evaluate_result before, after;
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &before) == 0);
    for (int64_t T = 0; T < STEPS;) {
        T += rollout(b, T).steps;
        const struct optim_grad grad = {b->dtheta, 1, (float)optim_lr(1e-2, 1, T, STEPS), 0, 0};
        optim_apply(optim, b->theta, b->theta, &grad, 1);
    }
    EXPECT(evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &after) == 0);
    print_message("# cartpole: mean return %.1f before, %.1f after %d steps\n", before.mean, after.mean, (int)STEPS);
    EXPECT(before.mean < 60);
    EXPECT(after.mean > 150); /* over 40 seeds 297 to 500 */
    optim_free(&optim);
    learner_free(b);
}

/* What an agent takes, and what it says that its rollouts take; the first has scratch that does not grow with them. */
static void bytes_of(const struct learner *b, struct agent_config *config, double *taken, double *said)
{
    const double before = heap_bytes();
    struct agent *agent = agent_new(config, &b->world, b->net);
    *taken = heap_bytes() - before, *said = agent_rollout_bytes(config, &b->world, b->net);
    agent_free(&agent);
}

static void rollout_bytes(void **state)
{
    (void)state;
    if (!heap_tells()) skip();
    static const struct {
        const struct algo_ops *algo;
        const char *env, *net;
        int t_max, envs, lstm;
        bool no_target;
        double lambda;
    } cases[] = {{&algo_a3c, "catch", "small", 20, 4, 0, false, 1},
                 {&algo_one_step_q, "catch", "small", 20, 1, 0, false, 1},
                 {&algo_one_step_sarsa, "catch", "small", 20, 4, 0, true, 1},
                 {&algo_n_step_q, "catch", "small", 40, 2, 64, false, 0.5},
                 {&algo_n_step_q, "cartpole", "mlp:64", 2000, 8, 0, false, 1}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct agent_config config = config_of(cases[c].algo, cases[c].t_max, cases[c].envs);
        config.no_target = cases[c].no_target, config.lambda = cases[c].lambda;
        struct learner *b = learner_new(cases[c].env, cases[c].net, cases[c].lstm, &config);
        double taken[2], said[2];
        bytes_of(b, &config, &taken[0], &said[0]);
        config.t_max *= 10;
        bytes_of(b, &config, &taken[1], &said[1]);
        EXPECT_NEAR(said[1] - said[0], taken[1] - taken[0], 0.02 * (taken[1] - taken[0]));
        learner_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_gone_on), cmocka_unit_test(started_afresh),   cmocka_unit_test(rewards_normalised),
        cmocka_unit_test(saved_in_part),     cmocka_unit_test(evaluation),       cmocka_unit_test(learns_cartpole),
        cmocka_unit_test(rollout_bytes),     cmocka_unit_test(left_out_in_time),
    };
    return testing_main(tests);
}
