/* agent_replay.c -- an agent with replay: it keeps what it plays, and makes the gradient of a minibatch drawn from
 * that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/memory_left.h"
#include "learn/agent_private.h"

static const double MEMORY_MOST = 0.9; /* of the machine's */

static int actors_of(const struct agent_config *config)
{
    return config->actors > 0 ? config->actors : 1;
}

static struct replay_config memory_of(const struct agent_config *config, const struct world *world)
{
    const int n = actors_of(config);
    return (struct replay_config){.steps = (config->memory + n - 1) / n,
                                  .rings = config->envs,
                                  .planes = world->spec.planes,
                                  .stack = world->spec.stack,
                                  .size = world_obs_floats(world),
                                  .pixels = world->spec.obs_kind == ENV_OBS_PICTURE};
}

double agent_replay_bytes(const struct agent_config *config, const struct world *world)
{
    const struct replay_config memory = memory_of(config, world);
    return replay_bytes(&memory) * actors_of(config);
}

int64_t agent_replay_start(const struct agent_config *config, const struct world *world)
{
    const int64_t share = (config->replay_start + actors_of(config) - 1) / actors_of(config);
    const int64_t least = (int64_t)config->envs * (world->spec.stack + 1); /* with so many, one at least can be drawn */
    return share > least ? share : least;
}

int64_t agent_replay_fill(const struct agent_config *config, const struct world *world)
{
    return agent_replay_start(config, world) * actors_of(config) * world->spec.action_repeat;
}

int agent_replay_check(const struct agent_config *config, const struct world *world)
{
    const struct replay_config memory = memory_of(config, world);
    const int64_t least = (int64_t)replay_least(&memory) * config->envs * actors_of(config);
    if (config->memory < least)
        return error_set("memory is %lld steps, for all %d environments together; allowed here: %lld or more",
                         (long long)config->memory, config->envs * actors_of(config), (long long)least);
    const double bytes = agent_replay_bytes(config, world), machine = memory_of_machine(), most = MEMORY_MOST * machine;
    if (bytes <= most) return 0;
    return error_set(
        "a memory of %lld steps of %s needs %.1f GiB (all actors together), and this machine has %.1f GiB; "
        "--memory %.0f would fit",
        (long long)config->memory, world->ops->name, bytes / 0x1p30, machine / 0x1p30,
        floor((double)config->memory * most / bytes));
}

int agent_replay_open(struct agent *a)
{
    const struct replay_config config = memory_of(&a->config, a->world);
    const size_t B = (size_t)a->config.batch, C = (size_t)a->C;
    struct agent_replay *p = a->replay = memory_new(1, sizeof *p);
    if (replay_new(&p->memory, &config)) return -1;
    p->start = agent_replay_start(&a->config, a->world);
    p->rng = rng_make(a->config.seed, a->config.rank, RNG_REPLAY, 0);
    p->r = (struct rollout){.T = (int)B,
                            .E = 1,
                            .N = 1,
                            .action = memory_floats(B),
                            .reward = memory_floats(B),
                            .end = memory_new(B, 1),
                            .next_out = memory_new(B, sizeof *p->r.next_out),
                            .next_value = memory_floats(B),
                            .target = memory_floats(B),
                            .out = memory_new(B, sizeof *p->r.out),
                            .dout = memory_new(B, sizeof *p->r.dout)};
    p->x = memory_new(B * C, sizeof *p->x);
    p->next_x = memory_new(B * C, sizeof *p->next_x);
    p->room = memory_floats(config.pixels ? B * (size_t)(config.stack + 1) * config.size : 0);
    p->work = net_work_new(a->net, (int)B);
    p->next_work = net_work_new(a->net, (int)B);
    return 0;
}

void agent_replay_close(struct agent *a)
{
    struct agent_replay *p = a->replay;
    if (!p) return;
    replay_free(&p->memory);
    net_work_free(&p->work);
    net_work_free(&p->next_work);
    void *blocks[] = {p->r.action, p->r.reward, p->r.end, p->r.next_out, p->r.next_value, p->r.target,
                      p->r.out,    p->r.dout,   p->x,     p->next_x,     p->room};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) free(blocks[i]);
    free(p);
    a->replay = NULL;
}

void agent_replay_begin(struct agent *a, int e)
{
    if (a->replay) replay_begin(&a->replay->memory, e, frames_newest(&a->instances[e].frames));
}

void agent_replay_add(struct agent *a, int row, int e, bool ended)
{
    if (!a->replay) return;
    const uint8_t end = a->r.end[row];
    const bool nothing = ended && end == ROLLOUT_TERMINAL;
    replay_add(&a->replay->memory, e, a->r.action[row], a->r.reward[row], end,
               nothing ? NULL : frames_newest(&a->instances[e].frames));
}

void agent_replay_forget(struct agent *a)
{
    if (!a->replay) return;
    replay_clear(&a->replay->memory);
    for (int e = 0; e < a->E; e++) {
        const struct instance *in = &a->instances[e];
        if (in->steps)
            replay_join(&a->replay->memory, e, frames_newest(&in->frames));
        else
            replay_begin(&a->replay->memory, e, frames_newest(&in->frames));
    }
}

/* B steps and their inputs. */
static void draw(struct agent *a)
{
    struct agent_replay *p = a->replay;
    const size_t C = (size_t)a->C, each = (size_t)(a->world->spec.stack + 1) * p->memory.config.size;
    for (int row = 0; row < p->r.T; row++) {
        struct replay_step s;
        replay_draw(&p->memory, &p->rng, &s);
        float *room = p->memory.config.pixels ? p->room + (size_t)row * each : NULL;
        replay_gather(&p->memory, &s, room, p->x + (size_t)row * C, p->next_x + (size_t)row * C);
        p->r.action[row] = s.action;
        p->r.reward[row] = s.reward;
        p->r.end[row] = s.end;
    }
}

/* What the target network answers for s', but after a terminal; in rows of their own. */
static void ask_target(struct agent *a, const float *theta_target)
{
    struct agent_replay *p = a->replay;
    const size_t C = (size_t)a->C;
    int n = 0;
    for (int row = 0; row < p->r.T; row++) {
        if (p->r.end[row] == ROLLOUT_TERMINAL) continue;
        memmove(p->next_x + (size_t)n++ * C, p->next_x + (size_t)row * C, C * sizeof *p->next_x);
    }
    if (n) net_forward(a->net, theta_target, p->next_work, 0, n, p->next_x, NULL);
    for (int row = 0, i = 0; row < p->r.T; row++)
        p->r.next_out[row] = p->r.end[row] == ROLLOUT_TERMINAL ? NULL : net_out(p->next_work, i++);
}

void agent_replay_gradient(struct agent *a, const float *theta, const float *theta_target, float *dtheta,
                           struct agent_stats *stats)
{
    struct agent_replay *p = a->replay;
    const struct loss_config told = {
        .policy = a->policy, .outputs = a->P, .gamma = a->config.gamma, .td_clip = a->config.td_clip};
    const int rows = a->r.T * a->E, B = p->r.T;
    int factors = 0;
    *stats = (struct agent_stats){
        .steps = rows,
        .frames = (int64_t)rows * a->world->spec.action_repeat,
        .none = p->memory.steps < p->start,
    };
    if (stats->none) return;
    draw(a);
    net_forward(a->net, theta, p->work, 0, B, p->x, NULL);
    ask_target(a, theta_target);
    for (int row = 0; row < B; row++) {
        p->r.out[row] = net_out(p->work, row);
        p->r.dout[row] = net_dout(p->work, row);
    }
    const struct loss_sums sums = a->config.algo->loss(&p->r, &told);
    const double squares = a->config.factors
                               ? net_backward_factors(a->net, theta, p->work, B, 1, NULL, dtheta, &factors)
                               : net_backward(a->net, theta, p->work, B, 1, NULL, dtheta);
    stats->value_loss = sums.value / B * a->r.T; /* of as many steps as were played */
    stats->norm = sqrt(squares);
    stats->factors = factors;
}
