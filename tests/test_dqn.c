/* test_dqn.c -- the agent with replay: what it keeps is what it played, its minibatch's targets by hand, its gradient
 * by finite differences, what a saved state goes on with, and what is refused. */
#include "agents.h"

static struct agent_config replay_config_of(int t_max, int envs, int64_t memory, int64_t start, int batch)
{
    struct agent_config c = config_of(&algo_dqn, t_max, envs);
    c.memory = memory, c.replay_start = start, c.batch = batch;
    return c;
}

/* Nothing to learn from until enough was played: frames count, dtheta is left alone. A rollout goes on over ends. */
static void fills_first(void **state)
{
    (void)state;
    const struct agent_config config = replay_config_of(4, 1, 60, 20, 8);
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    for (size_t i = 0; i < b->n; i++) b->dtheta[i] = 7;
    for (int k = 1; k <= 5; k++) {
        const struct agent_stats stats = rollout(b, 100);
        EXPECT(stats.steps == 4 && stats.frames == 16);
        EXPECT_NEAR(stats.epsilon, 1 + (b->agent->eps_final[0] - 1) * 0.02, 1e-12); /* 80 of them fill the memory */
        EXPECT(stats.none == (k < 5) && (stats.norm > 0) == (k == 5));
        EXPECT((b->dtheta[0] == 7) == (k < 5));
    }
    EXPECT(rollout(b, 79).epsilon == 1 && rollout(b, 80).epsilon == 1 && rollout(b, 81).epsilon < 1);
    struct agent_episode ep[8];
    EXPECT(agent_take_episodes(b->agent, ep, 8) == 6);
    struct agent_config at_once = config; /* epsilon does not fall but drop, and not before the first gradient */
    at_once.eps_frames = 0;
    EXPECT(agent_epsilon(&at_once, &b->world, 0.1, 79) == 1 && agent_epsilon(&at_once, &b->world, 0.1, 80) == 0.1);
    learner_free(b);
}

/* The minibatch's rows by the scripted environment's rules, on several environments and several turns of the memory. */
static void targets_by_hand(void **state)
{
    (void)state;
    for (int E = 1; E <= 3; E += 2) {
        const struct agent_config config = replay_config_of(3, E, 50 * E, 30, 16);
        struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
        struct net_work *work = net_work_new(b->net, 1);
        const struct rollout *r = &b->agent->replay->r;
        int seen[3] = {0}, rows = 0;
        for (int k = 0; k < 60; k++) {
            if (rollout(b, 2000).none) continue;
            double loss = 0;
            for (int row = 0; row < r->T; row++, rows++) {
                const float *x = b->agent->replay->x[row];
                const int step = (int)lrintf(10 * x[1]) + 1, episode = (int)lrintf(10 * x[2]), a = (int)r->action[row];
                const int end = step == 3 || (step == 5 && episode % 2 == 0) ? ROLLOUT_TERMINAL
                                : step == 5                                  ? ROLLOUT_CUT
                                                                             : ROLLOUT_GOES_ON;
                const float next[3] = {1, (float)step / 10, (float)episode / 10};
                float *q;
                net_forward(b->net, b->target, work, 0, 1, (const float *const[]){next}, NULL);
                q = memory_floats(2);
                memcpy(q, net_out(work, 0), 2 * sizeof *q);
                net_forward(b->net, b->theta, work, 0, 1, &x, NULL);
                EXPECT(x[0] == 1 && step >= 1 && step <= 5 && r->end[row] == end);
                EXPECT_NEAR(r->reward[row], step + 0.5 * a, 1e-6);
                const double y =
                    r->reward[row] + (end == ROLLOUT_TERMINAL ? 0 : 0.9 * fmax((double)q[0], (double)q[1]));
                EXPECT_NEAR(r->target[row], y, 1e-5);
                EXPECT_NEAR(r->out[row][a], net_out(work, 0)[a], 1e-6);
                const double d = (double)r->out[row][a] - y;
                EXPECT_NEAR(r->dout[row][a], fmin(1, fmax(-1, d)), 1e-5);
                EXPECT(r->dout[row][1 - a] == 0);
                loss += fabs(d) < 1 ? d * d / 2 : fabs(d) - 0.5;
                seen[end]++;
                free(q);
            }
            EXPECT(loss > 0);
        }
        /* a terminal at two steps of five or at one, a cut at one of ten */
        EXPECT(rows > 300 && seen[ROLLOUT_TERMINAL] > rows / 5 && seen[ROLLOUT_CUT] > rows / 30);
        net_work_free(&work);
        learner_free(b);
    }
}

/* A memory's rewards are not normalised, even where an old run asks for it: nobody tells their returns. */
static void rewards_as_they_are(void **state)
{
    (void)state;
    struct agent_config config = replay_config_of(3, 1, 50, 30, 16);
    config.reward_norm = true;
    struct learner *b = learner_new(NULL, "mlp:8", 0, &config);
    const struct moments *m = &net_facts(b->net)->moments;
    const struct rollout *r = &b->agent->replay->r;
    b->theta[m->offset] = 100;
    b->theta[m->offset + moments_variance_at(m) + (size_t)m->dim - 1] = 1e-6F;
    while (rollout(b, 0).none) {}
    for (int row = 0; row < r->T; row++) {
        const int step = (int)lrintf(10 * b->agent->replay->x[row][1]) + 1;
        EXPECT_NEAR(r->reward[row], step + 0.5 * (double)r->action[row], 1e-6);
    }
    learner_free(b);
}

static double huber_of(const struct learner *b, const float *theta)
{
    const struct rollout *r = &b->agent->replay->r;
    struct net_work *work = net_work_new(b->net, 1);
    double loss = 0;
    for (int row = 0; row < r->T; row++) {
        net_forward(b->net, theta, work, 0, 1, b->agent->replay->x + row, NULL);
        const double d = (double)net_out(work, 0)[(int)r->action[row]] - r->target[row];
        loss += fabs(d) < 1 ? d * d / 2 : fabs(d) - 0.5;
    }
    net_work_free(&work);
    return loss;
}

/* dtheta is the gradient of the minibatch's loss, of errors within 1 and beyond; the loss that is told is of as many
 * steps as were played. */
static void gradient_by_differences(void **state)
{
    (void)state;
    struct agent_config config = replay_config_of(4, 1, 100, 40, 16);
    config.reward_scale = 0.3;
    struct learner *b = learner_new(NULL, "mlp:32", 0, &config);
    struct agent_stats stats;
    for (int k = 0; k < 12; k++) stats = rollout(b, 2000);
    float *theta = memory_floats(b->n);
    double square = 0;
    int checked = 0, beyond = 0, within = 0;
    const struct rollout *r = &b->agent->replay->r;
    for (int row = 0; row < r->T; row++) *(fabsf(r->dout[row][(int)r->action[row]]) < 1 ? &within : &beyond) += 1;
    EXPECT(beyond > 1 && within > 1);
    EXPECT_NEAR(stats.value_loss, huber_of(b, b->theta) / 16 * 4, 1e-5);
    for (size_t i = 0; i < b->n; i++) {
        const double h = 1e-3;
        square += (double)b->dtheta[i] * (double)b->dtheta[i];
        memcpy(theta, b->theta, b->n * sizeof *theta);
        theta[i] += (float)h;
        const double up = huber_of(b, theta);
        theta[i] = b->theta[i] - (float)h;
        EXPECT_NEAR((up - huber_of(b, theta)) / (2 * h), b->dtheta[i], 2e-2);
        checked += b->dtheta[i] != 0;
    }
    EXPECT(checked > 20);
    EXPECT_NEAR(stats.norm, sqrt(square), 1e-4 * sqrt(square));
    free(theta);
    learner_free(b);
}

/* Pictures: what is gathered of the newest steps is, bit for bit, what the network acted on and saw next. */
static void keeps_what_was_seen(void **state)
{
    (void)state;
    const struct agent_config config = replay_config_of(1, 2, 90, 90, 4);
    struct learner *b = learner_new("catch", "small", 0, &config);
    struct agent *a = b->agent;
    const struct replay *m = &a->replay->memory;
    const size_t plane = 84 * 84;
    float *room = memory_floats(5 * plane);
    int terminal = 0, kept = 0;
    for (int k = 0; k < 70; k++) {
        if (agent_play(a, b->theta, 0)) fail_msg("%s", error_text());
        for (int e = 0; e < 2; e++) {
            const float *x[4], *next[4];
            int64_t at = m->written[e] - 1;
            while (!replay_has(m, e, at)) at--;
            EXPECT(at >= m->written[e] - 2);
            const struct replay_step step = {e, at, a->r.action[e], a->r.reward[e], a->r.end[e]};
            replay_gather(m, &step, room, x, next);
            for (int c = 0; c < 4; c++, kept++) {
                EXPECT(!memcmp(x[c], a->x[e * 4 + c], plane * sizeof *room));
                if (a->r.end[e] != ROLLOUT_TERMINAL)
                    EXPECT(!memcmp(next[c], a->next_x[e * 4 + c], plane * sizeof *room));
            }
            terminal += a->r.end[e] == ROLLOUT_TERMINAL;
        }
    }
    EXPECT(terminal > 10 && kept == 560);
    free(room);
    learner_free(b);
}

/* Of two that load the same state both go on alike, whatever they had kept: first they fill their memories anew. */
static void gone_on_with(void **state)
{
    (void)state;
    struct agent_config config = replay_config_of(4, 2, 64, 24, 8);
    config.eps_count = 1, config.eps_prob[0] = 1;
    struct agent_config other = config;
    other.seed = 99;
    struct learner *one = learner_new("cartpole", "mlp:8", 0, &config), *two[2];
    for (int k = 0; k < 20; k++) rollout(one, 50 * k);
    uint8_t *bytes = memory_new(agent_state_size(one->agent), 1);
    bool whole = false;
    const size_t n = agent_save(one->agent, bytes, &whole);
    EXPECT(whole && n <= agent_state_size(one->agent));
    for (int i = 0; i < 2; i++) {
        two[i] = learner_new("cartpole", "mlp:8", 0, i ? &other : &config);
        for (int k = 0; k < 9 * i; k++) rollout(two[i], 0);
        memcpy(two[i]->theta, one->theta, one->n * sizeof *one->theta);
        assert_int_equal(agent_load(two[i]->agent, bytes, n), 0);
        EXPECT(two[i]->agent->replay->memory.steps == 0);
        EXPECT(agent_load(two[i]->agent, bytes, sizeof(uint64_t) * 9) < 0); /* cut short: not loaded */
        assert_int_equal(agent_load(two[i]->agent, bytes, n), 0);
    }
    for (int k = 1; k <= 20; k++) {
        const struct agent_stats a = rollout(two[0], 1000), c = rollout(two[1], 1000);
        EXPECT(a.none == (k < 3) && c.none == a.none);
        EXPECT(a.none || !memcmp(two[0]->dtheta, two[1]->dtheta, one->n * sizeof *one->dtheta));
    }
    for (int i = 0; i < 2; i++) learner_free(two[i]);
    free(bytes);
    learner_free(one);
}

static void refused(const struct agent_config *config, const char *word, const char *other)
{
    struct learner *b = learner_new("catch", "small", 0, config);
    EXPECT(!b->agent);
    if (!strstr(error_text(), word) || !strstr(error_text(), other)) fail_msg("%s", error_text());
    learner_free(b);
}

/* Memories that are too small for their environments, or too large for the machine; of all actors together. */
static void sizes(void **state)
{
    (void)state;
    struct agent_config c = replay_config_of(4, 2, 19, 4, 4);
    refused(&c, "memory is 19", "20 or more");
    c.memory = 20;
    struct learner *b = learner_new("catch", "small", 0, &c);
    EXPECT(b->agent && agent_replay_bytes(&c, &b->world) > 20 * 7056 && agent_replay_bytes(&c, &b->world) < 20 * 7100);
    c.actors = 10;
    EXPECT(agent_replay_bytes(&c, &b->world) < 20 * 7100);
    learner_free(b);
    c.memory = 199;
    refused(&c, "memory is 199", "200 or more");
    c.memory = 1000000000;
    refused(&c, "GiB", "would fit");
    c.memory = 200;
    b = learner_new("catch", "small", 0, &c);
    EXPECT(b->agent && b->agent->replay->memory.room == 10 && b->agent->replay->start == 2 * 5);
    learner_free(b);
    c.memory = 1000, c.replay_start = 301; /* of all actors' steps */
    b = learner_new("catch", "small", 0, &c);
    EXPECT(b->agent && b->agent->replay->start == 31);
    learner_free(b);
}

/* An episode that was under way when its state was saved does not begin where it is gone on with: what is missing of
 * its first stacks is in no memory. */
static void under_way(void **state)
{
    (void)state;
    const struct agent_config config = replay_config_of(1, 1, 90, 90, 4);
    for (int played = 0; played <= 2; played += 2) { /* of an episode's four */
        struct learner *one = learner_new("catch", "small", 0, &config),
                       *two = learner_new("catch", "small", 0, &config);
        for (int k = 0; k < played; k++) rollout(one, 0);
        uint8_t *bytes = memory_new(agent_state_size(one->agent), 1);
        bool whole = false;
        const size_t n = agent_save(one->agent, bytes, &whole);
        EXPECT(whole && !agent_load(two->agent, bytes, n));
        for (int k = 0; k < 3; k++) {
            rollout(two, 0);
            EXPECT(replay_has(&two->agent->replay->memory, 0, k) == (!played || k == 2));
        }
        free(bytes);
        learner_free(one);
        learner_free(two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_first),
        cmocka_unit_test(targets_by_hand),
        cmocka_unit_test(rewards_as_they_are),
        cmocka_unit_test(gradient_by_differences),
        cmocka_unit_test(keeps_what_was_seen),
        cmocka_unit_test(gone_on_with),
        cmocka_unit_test(sizes),
        cmocka_unit_test(under_way),
    };
    return testing_main(tests);
}
