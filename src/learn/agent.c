/* agent.c -- an actor-learner: what it is made of, and how it plays a rollout (Mnih et al. 2016, algorithms 1, S2, S3).
 *
 * Acting fills the network's rows, and the gradient reads them, so no forward pass is done twice. Several
 * environments in one actor are a departure from the paper: their ends fall inside the rollout, and losses are means
 * over them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/agent_private.h"
#include "learn/explore.h"
#include "learn/successors.h"

enum { RESETS_MOST = 16 };

/* 0 where config, environment and network go together, with the longest rollout in *T_max; -1 after error_set(). */
static int check(const struct agent_config *config, const struct world *world, const struct net *net, int *T_max)
{
    const struct net_facts *facts = net_facts(net);
    const struct net_input in = world_input(world);
    const char *env = world->ops->name, *algo = config->algo->name;
    const int outputs = algo_outputs(config->algo, world);
    if (!outputs) return -1;
    if (facts->heads != config->algo->heads || facts->outputs != outputs || facts->input.C != in.C ||
        facts->input.height != in.height || facts->input.width != in.width || facts->input.dim != in.dim ||
        net_pointers(&facts->input) != net_pointers(&in))
        return error_set("the network was not made for algorithm %s on environment %s", algo, env);
    if (config->reward_norm && facts->moments.dim != (facts->obs_norm ? in.dim : 0) + 1)
        return error_set("the network was made without moments of returns, which reward-norm needs");
    if (facts->state_dim && !config->algo->recurrent)
        return error_set(
            "algorithm %s does not go with lstm: its targets look one step ahead and have no recurrent state; "
            "use a3c or n-step-q, or lstm 0",
            algo);
    if (config->algo->replay && agent_replay_check(config, world)) return -1;
    if (config->envs < 1) return error_set("envs-per-actor is %d; at least 1 is needed", config->envs);
    if (config->eps_count < 1 && algo_explores(config->algo))
        return error_set("algorithm %s needs a final epsilon (eps-final)", algo);
    *T_max = agent_longest(config, world);
    if (config->t_max == 0) {
        if (config->envs != 1)
            return error_set("t-max 0 (one update per episode) needs envs-per-actor 1, not %d", config->envs);
        if (world->spec.max_steps <= 0)
            return error_set(
                "t-max 0 (one update per episode) needs a step limit; environment %s has none: use t-max 1 or more",
                env);
    }
    return agent_check_memory(config, world, net, *T_max);
}

int agent_check(const struct agent_config *config, const struct world *world, const struct net *net)
{
    int T_max;
    return check(config, world, net, &T_max);
}

static void take_memory(struct agent *a)
{
    const size_t E = (size_t)a->E, rows = (size_t)a->T_max * E, S = (size_t)a->S, C = (size_t)a->C;
    a->policy_rng = memory_new(E, sizeof *a->policy_rng);
    a->eps_final = memory_new(E, sizeof *a->eps_final);
    a->vector = memory_floats((size_t)a->N);
    a->pending = memory_new(E, sizeof *a->pending);
    a->state = memory_floats(E * S);
    a->fresh = memory_new(E, 1);
    a->ret = memory_new(E, sizeof *a->ret);
    a->returns = memory_floats(rows);
    a->r.action = memory_floats(rows * (size_t)a->N);
    a->r.reward = memory_floats(rows);
    a->r.end = memory_new(rows, 1);
    a->r.next_action = memory_floats(rows);
    a->r.next_out = memory_new(rows, sizeof *a->r.next_out);
    a->r.next_value = memory_floats(rows);
    a->r.target = memory_floats(rows);
    a->r.out = memory_new(rows, sizeof *a->r.out);
    a->r.dout = memory_new(rows, sizeof *a->r.dout);
    a->r.adv = memory_floats(rows);
    a->r.log_prob = memory_floats(rows);
    a->start = memory_new(rows, 1);
    a->before = memory_new(E, sizeof *a->before);
    a->x = memory_new(rows * C, sizeof *a->x);
    a->next_x = memory_new(rows * C, sizeof *a->next_x);
    a->state0 = memory_floats(E * S);
    a->state_after = memory_floats(rows * S);
    a->rows = memory_new(rows, sizeof *a->rows);
    a->next_out = memory_floats(rows * (size_t)a->D);
    a->some_x = memory_new((size_t)a->next_rows * C, sizeof *a->some_x);
    a->some_state = memory_floats((size_t)a->next_rows * S);
    a->episodes_room = (int)rows + 1024;
    a->episodes = memory_new((size_t)a->episodes_room, sizeof *a->episodes);
}

double agent_eps_final(const struct agent_config *c, int e)
{
    struct rng rng = rng_make(c->seed, c->rank, RNG_EXPLORE, e);
    return c->eps_count ? explore_draw_final(c->eps_final, c->eps_prob, c->eps_count, &rng) : 0;
}

double agent_epsilon(const struct agent_config *c, const struct world *world, double eps_final, int64_t T)
{
    const int64_t fill = c->algo->replay ? agent_replay_fill(c, world) : 0;
    return T < fill ? 1 : explore_epsilon(eps_final, T - fill, c->eps_frames);
}

static struct rng stream_of(const struct agent_config *c, enum rng_purpose purpose, int64_t start, int e)
{
    enum { STARTS = 1 << 20 };
    return rng_make(c->seed, c->rank, purpose, (int)(start % STARTS) * AGENT_ENVS_MOST + e);
}

static int open_instances(struct agent *a)
{
    const struct agent_config *c = &a->config;
    a->instances = memory_new((size_t)a->E, sizeof *a->instances);
    for (int e = 0; e < a->E; e++) {
        a->policy_rng[e] = stream_of(c, RNG_POLICY, 0, e);
        a->eps_final[e] = agent_eps_final(c, e);
        a->pending[e] = -1;
        a->fresh[e] = 1;
        const struct rng env = stream_of(c, RNG_ENV, 0, e);
        if (instance_open(&a->instances[e], a->world, env, (int)agent_ring(c, a->world, a->T_max))) return -1;
        if (instance_reset(&a->instances[e])) return -1;
        agent_replay_begin(a, e);
    }
    return 0;
}

int agent_start_afresh(struct agent *a, int64_t start)
{
    for (int e = 0; e < a->E; e++) {
        a->policy_rng[e] = stream_of(&a->config, RNG_POLICY, start, e);
        a->instances[e].rng = stream_of(&a->config, RNG_ENV, start, e);
        if (instance_reset(&a->instances[e])) return -1;
    }
    if (a->replay) a->replay->rng = stream_of(&a->config, RNG_REPLAY, start, 0);
    agent_replay_forget(a);
    return 0;
}

struct agent *agent_new(const struct agent_config *config, const struct world *world, const struct net *net)
{
    int T_max = 0;
    if (check(config, world, net, &T_max)) return NULL;
    const struct net_facts *facts = net_facts(net);
    struct agent *a = memory_new(1, sizeof *a);
    a->config = *config;
    a->world = world;
    a->net = net;
    a->policy = &world->policy;
    a->E = a->r.E = config->envs;
    a->T_max = T_max;
    a->C = world_pointers(world);
    a->S = facts->state_dim;
    a->D = facts->out_dim;
    a->P = facts->outputs;
    a->N = a->r.N = world->policy.size;
    const bool same = !agent_config_target(config); /* it asks the theta it played with: s' goes on from s */
    a->next_rows = successors_work_rows(config, T_max, a->E);
    a->next_row0 = same ? T_max * a->E : 0;
    a->work = net_work_new(net, T_max * a->E + (same ? a->next_rows : 0));
    a->next_work = same ? a->work : net_work_new(net, a->next_rows);
    take_memory(a);
    if ((config->algo->replay && agent_replay_open(a)) || open_instances(a)) agent_free(&a);
    return a;
}

void agent_free(struct agent **agent)
{
    struct agent *a = *agent;
    if (!a) return;
    for (int e = 0; a->instances && e < a->E; e++)
        if (a->instances[e].world) instance_close(&a->instances[e]);
    if (a->next_work != a->work) net_work_free(&a->next_work);
    net_work_free(&a->work);
    agent_replay_close(a);
    void *blocks[] = {a->instances,    a->policy_rng, a->eps_final, a->pending,    a->state,
                      a->fresh,        a->r.action,   a->r.reward,  a->r.end,      a->r.next_action,
                      a->r.next_value, a->r.target,   a->r.out,     a->r.dout,     a->r.next_out,
                      a->start,        a->x,          a->next_x,    a->state0,     a->state_after,
                      a->rows,         a->next_out,   a->some_x,    a->some_state, a->episodes,
                      a->before,       a->vector,     a->ret,       a->returns,    a->r.adv,
                      a->r.log_prob};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) free(blocks[i]);
    free(a);
    *agent = NULL;
}

static double epsilon_of(const struct agent *a, int e)
{
    return agent_epsilon(&a->config, a->world, a->eps_final[e], a->T);
}

/* a of the row whose output this is. */
static void choose(struct agent *a, int e, const float *out, float *action)
{
    if (!algo_explores(a->config.algo)) {
        a->policy->ops->sample(a->policy, out, &a->policy_rng[e], action);
    } else if (a->pending[e] >= 0) {
        *action = (float)a->pending[e];
        a->pending[e] = -1;
    } else {
        *action = (float)explore_action(out, a->P, epsilon_of(a, e), &a->policy_rng[e]);
    }
}

/* What the loss sees of a reward. The discounted return is that of Gymnasium's NormalizeReward: forward, from the
 * episode's start. */
static float learning_reward(struct agent *a, int row, int e, double reward)
{
    const struct agent_config *c = &a->config;
    double r = reward * c->reward_scale;
    if (c->reward_norm && !a->replay) { /* of a memory nobody tells the returns */
        a->ret[e] = c->gamma * a->ret[e] + r;
        a->returns[row] = (float)a->ret[e];
        r = fmin(NET_NORM_MOST, fmax(-NET_NORM_MOST, r * a->reward_gain));
    }
    return (float)(c->reward_clip ? fmin(1, fmax(-1, r)) : r);
}

static void keep_episode(struct agent *a, const struct instance *in)
{
    if (a->episodes_count == a->episodes_room) {
        a->episodes_first = (a->episodes_first + 1) % a->episodes_room;
        a->episodes_count--;
    }
    const int place = (a->episodes_first + a->episodes_count++) % a->episodes_room;
    a->episodes[place] = (struct agent_episode){in->steps * a->world->spec.action_repeat, in->steps, in->ret};
}

/* Nothing of the episode before is remembered. */
static int begin_anew(struct agent *a, int e)
{
    memset(a->state + (size_t)e * (size_t)a->S, 0, (size_t)a->S * sizeof *a->state);
    a->fresh[e] = 1;
    a->ret[e] = 0;
    if (instance_reset(&a->instances[e])) return -1;
    agent_replay_begin(a, e);
    return 0;
}

/* After a number that is none, or a failure: a new episode, whose first observation may need some tries; what has
 * failed may take long over each, and gets one. Where they do not help the next rollout begins with another. Always
 * -1. */
static int give_up_episode(struct agent *a, int e)
{
    char why[512];
    snprintf(why, sizeof why, "%s", error_text());
    a->fault = a->instances[e].fault;
    a->pending[e] = -1;
    const int most = a->fault == INSTANCE_FAILED ? 1 : RESETS_MOST;
    for (int tries = 0; tries < most && begin_anew(a, e); tries++) {}
    return error_set("%s", why);
}

/* 0, or -1 after error_set() where an environment that was given up still does not begin an episode. */
static int begin_missing(struct agent *a)
{
    int failed = 0;
    for (int e = 0; e < a->E; e++) { /* all of them: one alone may be able to start what plays them */
        if (a->instances[e].began || !begin_anew(a, e)) continue;
        a->fault = a->instances[e].fault;
        failed = -1;
    }
    return failed;
}

/* The action of row as its environment takes it, until the next one is asked for. */
static struct env_action action_of(struct agent *a, int row)
{
    return a->policy->ops->to_env(a->policy, a->r.action + (size_t)row * (size_t)a->N, a->vector);
}

/* Environment e answers the action of row; after an end it begins anew. */
static int step(struct agent *a, int row, int e)
{
    struct instance *in = &a->instances[e];
    struct env_step s;
    if (instance_step(in, action_of(a, row), &s)) return give_up_episode(a, e);
    a->r.reward[row] = learning_reward(a, row, e, s.reward);
    a->r.end[row] = s.terminated || s.life_lost ? ROLLOUT_TERMINAL : s.truncated ? ROLLOUT_CUT : ROLLOUT_GOES_ON;
    frames_stack(&in->frames, a->next_x + (size_t)row * (size_t)a->C);
    const bool ended = s.terminated || s.truncated;
    agent_replay_add(a, row, e, ended);
    if (!ended) return 0;
    keep_episode(a, in);
    return begin_anew(a, e) ? give_up_episode(a, e) : 0;
}

/* One step in every environment, also where one fails: rows t * E .. t * E + E - 1. */
static int step_all(struct agent *a, const float *theta, int t)
{
    const int E = a->E, row0 = t * E;
    const size_t S = (size_t)a->S, C = (size_t)a->C;
    for (int e = 0; e < E; e++) {
        frames_stack(&a->instances[e].frames, a->x + (size_t)(row0 + e) * C);
        a->before[e] = t % NET_CHAIN ? row0 + e - E : -1;
        a->start[row0 + e] = a->fresh[e];
        a->fresh[e] = 0;
    }
    net_forward_after(a->net, theta, a->work, row0, E, a->x + (size_t)row0 * C, S ? a->state : NULL, a->before);
    memcpy(a->state_after + (size_t)row0 * S, a->state, (size_t)E * S * sizeof *a->state);
    for (int e = 0; e < E; e++) {
        choose(a, e, net_out(a->work, row0 + e), a->r.action + (size_t)(row0 + e) * (size_t)a->N);
        instance_post(&a->instances[e], action_of(a, row0 + e));
    }
    int failed = 0;
    for (int e = 0; e < E; e++) failed |= step(a, row0 + e, e);
    return failed;
}

/* Sarsa's a' for every row: the next row's action, or one drawn now where the rollout or a time limit ends. */
static void draw_next_actions(struct agent *a, const float *theta)
{
    const int E = a->E, T = a->r.T;
    for (int row = 0; row < (T - 1) * E; row++) a->r.next_action[row] = a->r.action[row + E];
    const int n = successors_forward(a, theta, SUCCESSORS_OF_ENDS);
    for (int i = 0; i < n; i++) {
        const int row = a->rows[i], e = row % E;
        const int next = explore_action(a->r.next_out[row], a->P, epsilon_of(a, e), &a->policy_rng[e]);
        a->r.next_action[row] = (float)next;
        if (a->r.end[row] == ROLLOUT_GOES_ON) a->pending[e] = next;
    }
}

/* 1 over the standard deviation of returns that theta holds; 1 while nothing was seen. */
static double reward_gain(const struct agent *a, const float *theta)
{
    const struct moments *m = &net_facts(a->net)->moments;
    if (!a->config.reward_norm || !(theta[m->offset] > 0)) return 1;
    return 1 / sqrt((double)theta[m->offset + moments_variance_at(m) + (size_t)m->dim - 1] + 1e-8);
}

int agent_play(struct agent *a, const float *theta, int64_t T)
{
    a->T = T;
    a->r.T = 0;
    if (begin_missing(a)) return -1;
    a->reward_gain = reward_gain(a, theta);
    net_prepare(a->net, theta, a->work, a->E, a->T_max);
    memcpy(a->state0, a->state, (size_t)a->E * (size_t)a->S * sizeof *a->state);
    while (a->r.T < a->T_max) {
        const int failed = step_all(a, theta, a->r.T);
        const bool ended = a->r.end[a->r.T * a->E] != ROLLOUT_GOES_ON;
        a->r.T++;
        if (failed) return -1;
        if (ended && agent_ends_with_episode(&a->config)) break;
    }
    if (a->config.algo->next_action) draw_next_actions(a, theta);
    return 0;
}

enum instance_fault agent_fault(const struct agent *a)
{
    return a->fault;
}

int64_t agent_steps(const struct agent *a)
{
    return (int64_t)a->r.T * a->E;
}

int agent_take_episodes(struct agent *a, struct agent_episode *out, int max)
{
    int n = 0;
    for (; n < max && a->episodes_count; n++) {
        out[n] = a->episodes[a->episodes_first];
        a->episodes_first = (a->episodes_first + 1) % a->episodes_room;
        a->episodes_count--;
    }
    return n;
}
