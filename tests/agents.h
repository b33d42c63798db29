/* agents.h -- what the tests of the agent share: a scripted environment whose ends are known, and an agent with its
 * world, network and weights. */
#ifndef DUNLIN_TESTS_AGENTS_H
#define DUNLIN_TESTS_AGENTS_H

#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/agent_private.h"
#include "learn/evaluate.h"
#include "nets.h"
#include "optim/optim.h"

/* The scripted environment: the observation is (1, step / 10, episode / 10); the reward is step + action / 2. Step 3
 * loses a life, step 5 ends the episode: terminated in even ones, truncated in odd ones. */
struct script {
    int episode, t; /* 1 is the first */
};
static struct {
    int bad_step;              /* of the first episode: */
    float bad_reward, bad_obs; /* what it answers instead, where not 0 */
} trouble;

static void script_write(const struct script *s, float *obs)
{
    obs[0] = 1, obs[1] = (float)s->t / 10, obs[2] = (float)s->episode / 10;
}

static void script_reset(void *state, struct rng *rng, void *obs)
{
    struct script *s = state;
    (void)rng;
    s->episode++;
    s->t = 0;
    script_write(s, obs);
}

static struct env_step script_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct script *s = state;
    (void)rng;
    s->t++;
    script_write(s, obs);
    struct env_step step = {.reward = s->t + 0.5 * action.index, .life_lost = s->t == 3};
    step.terminated = s->t == 5 && s->episode % 2 == 0;
    step.truncated = s->t == 5 && s->episode % 2 == 1;
    if (s->episode == 1 && s->t == trouble.bad_step) {
        if (trouble.bad_reward != 0) step.reward = trouble.bad_reward;
        if (trouble.bad_obs != 0) ((float *)obs)[1] = trouble.bad_obs;
    }
    return step;
}

static const struct env_ops script = {
    .api = DUNLIN_ENV_API, .name = "script", .plain_state = true, .reset = script_reset, .step = script_step};

static inline struct world script_world(void)
{
    struct world world = {.ops = &script,
                          .args = {.arg = "", .training = true},
                          .spec = {.obs_kind = ENV_OBS_FLOATS,
                                   .obs_dim = 3,
                                   .planes = 1,
                                   .stack = 1,
                                   .num_actions = 2,
                                   .action_repeat = 4,
                                   .max_steps = 5,
                                   .state_size = sizeof(struct script)}};
    world.policy = policy_for(&world.spec);
    return world;
}

/* An agent with its world, network and weights. */
struct learner {
    struct world world;
    struct net *net;
    struct agent *agent;
    float *theta, *target, *dtheta;
    size_t n;
};

static inline struct agent_config config_of(const struct algo_ops *algo, int t_max, int envs)
{
    return (struct agent_config){.algo = algo,
                                 .t_max = t_max,
                                 .envs = envs,
                                 .gamma = 0.9,
                                 .lambda = 1,
                                 .entropy = 0.02,
                                 .value_coef = 0.5,
                                 .reward_scale = 1,
                                 .eps_frames = 1000,
                                 .eps_final = {0.1, 0.5},
                                 .eps_prob = {0.5, 0.5},
                                 .eps_count = 2,
                                 .seed = 5,
                                 .rank = 1};
}

/* Network, weights and agent for the world that is there. */
static inline void learner_fill(struct learner *b, const char *spec, int lstm, const struct agent_config *config)
{
    const struct net_input in = world_input(&b->world);
    b->net = net_new(&(struct net_config){.spec = spec,
                                          .lstm = lstm,
                                          .input = in,
                                          .heads = config->algo->heads,
                                          .outputs = algo_outputs(config->algo, &b->world),
                                          .free = config->algo->heads == NET_HEADS_POLICY_V ? b->world.policy.free : 0,
                                          .obs_norm = config->reward_norm && !in.C,
                                          .return_norm = config->reward_norm});
    if (!b->net) fail_msg("%s", error_text());
    b->n = net_facts(b->net)->params;
    b->theta = memory_floats(b->n), b->target = memory_floats(b->n), b->dtheta = memory_floats(b->n);
    struct rng rng = rng_make(7, 0, RNG_INIT, 0);
    net_init(b->net, NET_INIT_UNIFORM, b->theta, &rng);
    net_init(b->net, NET_INIT_UNIFORM, b->target, &rng);
    b->agent = agent_new(config, &b->world, b->net);
}

static inline struct learner *learner_new(const char *env, const char *spec, int lstm,
                                          const struct agent_config *config)
{
    struct learner *b = memory_new(1, sizeof *b);
    const struct env_args args = {.arg = "", .training = true};
    if (!env)
        b->world = script_world();
    else if (world_open(&b->world, env, &args))
        fail_msg("%s", error_text());
    learner_fill(b, spec, lstm, config);
    return b;
}

static inline void learner_free(struct learner *b)
{
    agent_free(&b->agent);
    EXPECT(b->agent == NULL);
    net_free(&b->net);
    free(b->theta), free(b->target), free(b->dtheta), free(b);
}

/* The network's answers in the agent's last rollout at other weights: recurrent state from where that began, afresh at
 * each start of an episode. Owner: net_work_free(). */
static inline struct net_work *learner_forward(const struct learner *b, const float *theta)
{
    const struct agent *a = b->agent;
    const size_t S = (size_t)a->S, E = (size_t)a->E;
    struct net_work *work = net_work_new(b->net, a->r.T * a->r.E);
    float *carried = memory_floats(E * S);
    memcpy(carried, a->state0, E * S * sizeof *carried);
    for (int t = 0; t < a->r.T; t++) {
        const size_t row0 = (size_t)t * E;
        for (size_t e = 0; e < E; e++)
            if (a->start[row0 + e]) memset(carried + e * S, 0, S * sizeof *carried);
        net_forward(b->net, theta, work, (int)row0, a->E, a->x + row0 * (size_t)a->C, S ? carried : NULL);
    }
    free(carried);
    return work;
}

static inline struct agent_stats rollout(struct learner *b, int64_t T)
{
    struct agent_stats stats;
    if (agent_play(b->agent, b->theta, T)) fail_msg("%s", error_text());
    agent_gradient(b->agent, b->theta, b->agent->config.algo->has_target ? b->target : NULL, b->dtheta, &stats);
    return stats;
}

/* dtheta is the slope of `loss`, whose V are those of the rollout, along its own direction and along others, `ways` in
 * all, drawn by the seed. */
static inline void expect_slopes(const struct learner *b, const float *V, uint64_t seed, uint64_t ways,
                                 double (*loss)(const struct learner *b, const float *theta, const float *V))
{
    float *moved = memory_floats(b->n);
    double norm = 0;
    for (size_t i = 0; i < b->n; i++) norm += (double)b->dtheta[i] * b->dtheta[i];
    norm = sqrt(norm);
    EXPECT(norm > 0.01);
    for (uint64_t k = 0; k < ways; k++) {
        const double h = 2e-3;
        double slope = 0, along = 0, length = 0;
        for (int side = 1; side >= -1; side -= 2) {
            along = length = 0;
            for (size_t i = 0; i < b->n; i++) {
                const double way = k ? (double)testing_fill(seed + k, i, 1) : b->dtheta[i] / norm;
                moved[i] = b->theta[i] + (float)(side * h * way);
                along += way * b->dtheta[i];
                length += way * way;
            }
            slope += side * loss(b, moved, V) / (2 * h);
        }
        EXPECT_NEAR(slope, along, 3e-4 * norm * sqrt(length) + 1e-3);
    }
    free(moved);
}

#endif
