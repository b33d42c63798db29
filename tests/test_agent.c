/* test_agent.c -- what an actor-learner plays and differentiates, on a scripted environment whose ends are known and
 * on the built-in ones. */
#include "agents.h"

#include <limits.h>

/* What the network answers for an observation, without recurrent state. */
static const float *answer(const struct learner *b, const float *theta, const float *x, struct net_work *work)
{
    net_forward(b->net, theta, work, 0, 1, &x, NULL);
    return net_out(work, 0);
}

/* One environment: the rollout ends after t_max steps, at a lost life, and at an episode's end; what each bootstraps
 * from. */
static void ends_of_one_environment(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 4, 1);
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    struct net_work *work = net_work_new(b->net, 1);
    const struct rollout *r = &b->agent->r;
    const int T[] = {3, 2, 3, 2};
    const int end[] = {ROLLOUT_TERMINAL, ROLLOUT_CUT, ROLLOUT_TERMINAL, ROLLOUT_TERMINAL};
    for (int k = 0; k < 4; k++) {
        const struct agent_stats stats = rollout(b, 0);
        EXPECT(r->T == T[k] && stats.steps == T[k] && stats.frames == 4 * T[k]);
        for (int t = 0; t < r->T - 1; t++) EXPECT(r->end[t] == ROLLOUT_GOES_ON);
        EXPECT(r->end[r->T - 1] == end[k]);
        /* the last observation before the reset is that of step 5, of the episode that ended */
        const float last[3] = {1, k % 2 ? 0.5f : 0.3f, (float)(1 + k / 2) / 10};
        const double V = end[k] == ROLLOUT_CUT ? (double)answer(b, b->theta, last, work)[2] : 0;
        double R = V;
        for (int t = r->T - 1; t >= 0; t--) {
            R = r->reward[t] + 0.9 * R;
            EXPECT_NEAR(r->target[t], R, 1e-5);
        }
    }
    struct agent_episode ep[4];
    EXPECT(agent_take_episodes(b->agent, ep, 4) == 2);
    EXPECT(ep[0].steps == 5 && ep[0].frames == 20 && ep[1].steps == 5);
    EXPECT(ep[0].ret >= 15 && ep[0].ret <= 17.5);
    EXPECT(agent_take_episodes(b->agent, ep, 4) == 0);
    net_work_free(&work);
    learner_free(b);
}

/* Two environments (in step with each other): ends fall inside the rollout, returns restart there. */
static void returns_of(double lambda, bool no_target)
{
    struct agent_config config = config_of(&algo_n_step_q, 12, 2);
    config.lambda = lambda;
    config.no_target = no_target;
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    struct net_work *work = net_work_new(b->net, 1);
    const struct rollout *r = &b->agent->r;
    rollout(b, 0);
    EXPECT(r->T == 12);
    for (int e = 0; e < 2; e++) {
        double R = 0;
        for (int t = 11; t >= 0; t--) {
            const int row = t * 2 + e, step = t % 5 + 1, episode = t / 5 + 1;
            const float next[3] = {1, (float)step / 10, (float)episode / 10}; /* s', before a reset */
            const float *q = answer(b, no_target ? b->theta : b->target, next, work);
            const double best = q[0] > q[1] ? (double)q[0] : (double)q[1];
            R = (1 - lambda) * best + lambda * R;
            if (step == 3 || (step == 5 && episode == 2))
                R = 0;
            else if (t == 11 || step == 5)
                R = best;
            EXPECT_NEAR(r->reward[row], step + 0.5 * (double)r->action[row], 1e-6);
            R = step + 0.5 * (double)r->action[row] + 0.9 * R;
            EXPECT_NEAR(r->target[row], R, 1e-5);
            EXPECT_NEAR(b->agent->x[row][1], (step - 1) / 10.0, 1e-6);
        }
    }
    struct agent_episode ep[8];
    EXPECT(agent_take_episodes(b->agent, ep, 3) == 3);
    EXPECT(agent_take_episodes(b->agent, ep, 8) == 1);
    net_work_free(&work);
    learner_free(b);
}

static void ends_inside_a_rollout(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) returns_of(k % 2 ? 0.6 : 1, k / 2);
}

/* y of the one-step methods for every row, from observations written down here; with a target network and without. */
static void one_step_rows(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        for (int E = 1; E <= 3; E += 2) {
            const bool sarsa = k % 2;
            struct agent_config config = config_of(sarsa ? &algo_one_step_sarsa : &algo_one_step_q, 7, E);
            config.no_target = k / 2;
            struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
            struct net_work *work = net_work_new(b->net, 1);
            const struct rollout *r = &b->agent->r;
            int played = 0, promised[3] = {-1, -1, -1}, kept = 0;
            for (int i = 0; i < 12; i++) {
                rollout(b, 500);
                for (int row = 0; row < r->T * E; row++) {
                    const int t = row / E, e = row % E, step = (played + t) % 5 + 1, episode = (played + t) / 5 + 1;
                    const float next[3] = {1, (float)step / 10, (float)episode / 10};
                    const bool terminal = step == 3 || (step == 5 && episode % 2 == 0);
                    const float *q = answer(b, config.no_target ? b->theta : b->target, next, work);
                    const int greedy = q[1] > q[0], a = sarsa ? (int)r->next_action[row] : greedy;
                    EXPECT_NEAR(r->target[row], r->reward[row] + (terminal ? 0 : 0.9 * (double)q[a]), 1e-5);
                    /* a' is what is played next: in the next row, or first in the next rollout */
                    if (sarsa && !terminal && step != 5 && t < r->T - 1) EXPECT(a == (int)r->action[row + E]);
                    if (sarsa && t == 0 && promised[e] >= 0) EXPECT((int)r->action[row] == promised[e]), kept++;
                    if (sarsa && t == r->T - 1) promised[e] = !terminal && step != 5 ? a : -1;
                }
                played += r->T;
            }
            EXPECT(!sarsa || E == 1 || kept > 15);
            net_work_free(&work);
            learner_free(b);
        }
}

/* The loss of the agent's last rollout at other weights, with targets and advantages as they were: in double, by
 * hand. */
static double frozen_loss(const struct learner *b, const float *theta, const float *V)
{
    const struct agent *a = b->agent;
    const struct rollout *r = &a->r;
    struct net_work *work = learner_forward(b, theta);
    double loss = 0;
    for (int row = 0; row < r->T * r->E; row++) {
        const float *out = net_out(work, row);
        const double error = (double)r->target[row] - out[a->config.algo == &algo_a3c ? a->P : (int)r->action[row]];
        if (a->config.algo != &algo_a3c) {
            loss += 0.5 * error * error;
            continue;
        }
        double sum = 0, H = 0;
        for (int i = 0; i < a->P; i++) sum += exp(out[i]);
        for (int i = 0; i < a->P; i++) H -= exp(out[i]) / sum * (out[i] - log(sum));
        loss -= (out[(int)r->action[row]] - log(sum)) * ((double)r->target[row] - V[row]);
        loss += a->config.value_coef * error * error - a->config.entropy * H;
    }
    net_work_free(&work);
    return loss / r->E;
}

/* dtheta against finite differences of the loss along its own direction and along others, every algorithm, with ends
 * inside. */
static void gradient_is_the_slope(void **state)
{
    (void)state;
    const struct {
        const struct algo_ops *algo;
        int lstm, envs;
        const char *env, *net;
    } cases[] = {
        {&algo_a3c, 0, 1, NULL, "mlp:16"},
        {&algo_a3c, 0, 3, NULL, "mlp:16"},
        {&algo_a3c, 6, 2, NULL, "mlp:16"},
        {&algo_one_step_q, 0, 2, NULL, "mlp:16"},
        {&algo_one_step_sarsa, 0, 2, NULL, "mlp:16"},
        {&algo_n_step_q, 0, 2, NULL, "mlp:16"},
        {&algo_n_step_q, 6, 2, NULL, "mlp:16"},
        {&algo_n_step_q, 6, 1, NULL, "mlp:16"},
        {&algo_a3c, 0, 2, "catch", "small"},
        {&algo_n_step_q, 0, 1, "catch", "small"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct agent_config config = config_of(cases[c].algo, 7, cases[c].envs);
        config.reward_scale = 0.2;
        struct learner *b = learner_new(cases[c].env, cases[c].net, cases[c].lstm, &config);
        rollout(b, 800);
        rollout(b, 800); /* the second begins in mid-episode */
        float V[32];
        for (int row = 0; row < b->agent->r.T * b->agent->E; row++) V[row] = b->agent->r.out[row][b->agent->D - 1];
        /* a random step through 700,000 weights would cross too many corners of the ReLUs */
        expect_slopes(b, V, 70, cases[c].env ? 1 : 6, frozen_loss);
        learner_free(b);
    }
}

/* With LSTM the state starts from zero after an episode's end and goes on over a lost life; the target's bootstrap
 * state comes from unrolling theta_target over the rollout. */
static void recurrent_state(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_n_step_q, 7, 2);
    struct learner *b = learner_new(NULL, "mlp:8", 4, &config);
    struct net_work *work = net_work_new(b->net, 2);
    const struct agent *a = b->agent;
    float carried[16] = {0};
    for (int k = 0; k < 3; k++) {
        float target_state[16];
        memcpy(target_state, carried, sizeof carried);
        rollout(b, 0);
        EXPECT(!memcmp(a->state0, carried, sizeof carried));
        for (int t = 0; t < 7; t++) {
            const bool fresh = (7 * k + t) % 5 == 0;
            EXPECT(a->start[2 * t] == fresh && a->start[2 * t + 1] == fresh);
            if (fresh) memset(carried, 0, sizeof carried), memset(target_state, 0, sizeof target_state);
            net_forward(b->net, b->theta, work, 0, 2, a->x + (size_t)2 * (size_t)t, carried);
            for (int e = 0; e < 2; e++) EXPECT(!memcmp(net_out(work, e), a->r.out[2 * t + e], 2 * sizeof(float)));
            net_forward(b->net, b->target, work, 0, 2, a->x + (size_t)2 * (size_t)t, target_state);
        }
        if ((7 * k + 7) % 5 == 0) memset(carried, 0, sizeof carried);
        EXPECT(!memcmp(a->state, carried, sizeof carried)); /* no bootstrap has moved it */
        if (a->r.end[12] == ROLLOUT_GOES_ON) {
            net_forward(b->net, b->target, work, 0, 2, a->next_x + 12, target_state);
            const float *q = net_out(work, 1);
            EXPECT_NEAR(a->r.next_value[13], q[0] > q[1] ? q[0] : q[1], 1e-6);
        }
    }
    net_work_free(&work);
    learner_free(b);
}

/* Recurrent states of six environments as they are after a rollout from `states` at theta, to states. */
static void unroll(const struct learner *b, const float *theta, float *states)
{
    const struct agent *a = b->agent;
    const size_t E = (size_t)a->E, S = (size_t)a->S;
    struct net_work *work = net_work_new(b->net, a->E);
    for (size_t row = 0; row < (size_t)a->r.T * E; row += E) {
        for (size_t e = 0; e < E; e++)
            if (a->start[row + e]) memset(states + e * S, 0, S * sizeof *states);
        net_forward(b->net, theta, work, 0, a->E, a->x + row * (size_t)a->C, states);
    }
    net_work_free(&work);
}

/* Cells so many that their weights are laid out for a rollout: each time those that it is played with, or that the
 * target has, which come in the same place. */
static void wide_recurrent_state(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_n_step_q, 11, 6);
    struct learner *b = learner_new(NULL, "mlp:16", 128, &config);
    const struct agent *a = b->agent;
    const size_t n = (size_t)a->E * (size_t)a->S;
    float *own = memory_floats(n), *target = memory_floats(n);
    for (int k = 0; k < 3; k++) {
        memcpy(own, a->state, n * sizeof *own);
        memcpy(target, own, n * sizeof *own);
        rollout(b, 0);
        unroll(b, b->theta, own);
        unroll(b, b->target, target);
        const float *after = a->state_after + (size_t)(a->r.T - 1) * n;
        for (size_t i = 0; i < n; i++) {
            EXPECT_NEAR(a->state[i], own[i], 1e-6);
            EXPECT_NEAR(after[i], target[i], 1e-6);
        }
        for (size_t i = 0; i < b->n; i++) b->theta[i] *= 0.7F, b->target[i] *= 1.2F;
    }
    free(own), free(target);
    learner_free(b);
}

/* Stacked pictures: converted once, shared by neighbouring rows, the first repeated at an episode's start. */
static void stacked_planes(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 5, 2);
    struct learner *b = learner_new("catch", "small", 0, &config);
    const struct agent *a = b->agent;
    int starts = 0;
    for (int k = 0; k < 6; k++) {
        rollout(b, 0);
        for (int row = 0; row < 10; row++) {
            const float **x = a->x + (size_t)row * 4, **next = a->next_x + (size_t)row * 4;
            for (int c = 0; c < 3; c++) EXPECT(next[c] == x[c + 1]);
            float top = 0;
            for (int i = 0; i < 84 * 84; i++) top = fmaxf(top, next[3][i]);
            EXPECT(top == 1);
            if (a->start[row]) EXPECT(x[0] == x[3]), starts++;
            if (row < 8 && a->r.end[row] == ROLLOUT_GOES_ON)
                for (int c = 0; c < 4; c++) EXPECT(a->x[(size_t)(row + 2) * 4 + (size_t)c] == next[c]);
        }
    }
    EXPECT(starts >= 4);
    learner_free(b);
}

static void bad_numbers(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 5, 1);
    for (int k = 0; k < 2; k++) {
        struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
        trouble.bad_step = 2;
        trouble.bad_reward = k ? 0 : NAN;
        trouble.bad_obs = k ? INFINITY : 0;
        EXPECT(agent_play(b->agent, b->theta, 0) == -1);
        memset(&trouble, 0, sizeof trouble);
        EXPECT(strstr(error_text(), "script") && strstr(error_text(), "step 2"));
        EXPECT(strstr(error_text(), k ? "observation 1" : "reward"));
        EXPECT(agent_fault(b->agent) == (k ? INSTANCE_BAD_OBSERVATION : INSTANCE_BAD_REWARD));
        EXPECT(agent_steps(b->agent) == 2);
        learner_free(b);
    }
}

/* The environment that failed begins a new episode, the others go on where they were, and the next rollout counts. */
static void played_on(void **state)
{
    (void)state;
    const struct algo_ops *const algos[] = {&algo_a3c, &algo_one_step_sarsa};
    for (int k = 0; k < 2; k++) {
        const struct agent_config config = config_of(algos[k], 4, 2);
        struct learner *b = learner_new(NULL, "mlp:8", k ? 0 : 4, &config);
        struct agent_episode ep[8];
        const struct agent *a = b->agent;
        rollout(b, 0);
        trouble.bad_step = 5, trouble.bad_obs = NAN; /* the next one: of both, in step with each other */
        ((struct script *)a->instances[1].state)->episode = 3;
        EXPECT(agent_play(b->agent, b->theta, 0) == -1);
        memset(&trouble, 0, sizeof trouble);
        EXPECT(agent_steps(a) == 2);
        EXPECT(a->instances[0].steps == 0 && ((struct script *)a->instances[0].state)->episode == 2);
        EXPECT(((struct script *)a->instances[1].state)->episode == 4); /* it ended by itself in this step */
        EXPECT(a->fresh[0] == 1 && a->pending[0] == -1);
        for (int i = 0; i < a->S; i++) EXPECT(a->state[i] == 0);
        EXPECT(agent_take_episodes(b->agent, ep, 8) == 1 && ep[0].steps == 5); /* the spoilt episode is no score */
        rollout(b, 0);
        EXPECT(a->start[0] == 1 && a->x[0][1] == 0);
        for (size_t i = 0; i < b->n; i++) EXPECT(isfinite(b->dtheta[i]));
        learner_free(b);
    }
}

static void expect_refusal(const char *env, int lstm, const struct agent_config *config, const char *words)
{
    struct learner *b = learner_new(env, env && !strcmp(env, "catch") ? "small" : "mlp:8", lstm, config);
    EXPECT(b->agent == NULL);
    if (!strstr(error_text(), words)) fail_msg("\"%s\" is not in: %s", words, error_text());
    learner_free(b);
}

static void refusals(void **state)
{
    (void)state;
    struct agent_config config = config_of(&algo_one_step_q, 5, 1);
    expect_refusal("cartpole", 8, &config, "lstm");
    config = config_of(&algo_a3c, 0, 2);
    expect_refusal("cartpole", 0, &config, "envs-per-actor 1");
    config = config_of(&algo_a3c, 100000, 1024);
    expect_refusal("catch", 0, &config, "memory");
    struct world endless = script_world();
    endless.spec.max_steps = 0;
    config = config_of(&algo_a3c, 0, 1);
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    EXPECT(b->agent != NULL);
    EXPECT(agent_new(&config, &endless, b->net) == NULL);
    EXPECT(strstr(error_text(), "step limit") && strstr(error_text(), "t-max 1 or more"));
    endless.spec.max_steps = INT_MAX;
    EXPECT(agent_new(&config, &endless, b->net) == NULL);
    EXPECT(strstr(error_text(), "a rollout of 2147483647 steps") && strstr(error_text(), "--t-max 1 or more"));
    endless.spec.num_actions = 0;
    endless.policy = policy_for(&endless.spec);
    EXPECT(agent_new(&config, &endless, b->net) == NULL);
    EXPECT(strstr(error_text(), "discrete"));
    learner_free(b);
}

/* t_max 0: every rollout is one episode. */
static void one_update_per_episode(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 0, 1);
    struct learner *b = learner_new("cartpole", "mlp:16", 0, &config);
    struct agent_episode ep[2];
    for (int k = 0; k < 20; k++) {
        const struct agent_stats stats = rollout(b, 0);
        EXPECT(agent_take_episodes(b->agent, ep, 2) == 1);
        EXPECT(ep[0].steps == stats.steps);
    }
    learner_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_one_environment),
        cmocka_unit_test(ends_inside_a_rollout),
        cmocka_unit_test(one_step_rows),
        cmocka_unit_test(gradient_is_the_slope),
        cmocka_unit_test(recurrent_state),
        cmocka_unit_test(wide_recurrent_state),
        cmocka_unit_test(stacked_planes),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(played_on),
        cmocka_unit_test(refusals),
        cmocka_unit_test(one_update_per_episode),
    };
    return testing_main(tests);
}
