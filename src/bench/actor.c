/* actor.c -- what becomes of a core's emulation when an actor-learner runs on it. Rank 1, pinned to a core of its own,
 * alternates three things in short slices: the bare emulator (ALE's act and reset alone; for other environments the
 * step alone), the environment as the agent sees it (maximum of two frames, grey, 84x84, stacked), and training as
 * actor_run() does it: fetch, play, differentiate, norm, push. Rank 0, on another core, drains, applies and publishes
 * for real, and sleeps during the other slices. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../env/ale.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/figures.h"
#include "learn/instance.h"
#include "measure/probe.h"
#include "measure/ranks.h"
#include "setup/setup.h"

enum { KINDS = 3, MOST_ACTIONS = 18, STEPS_A_LOOK = 16 };
static const double SLICE = 0.06; /* s */

struct player {
    const struct setup *setup;
    struct rng rng;
    /* the bare emulator: Atari's, or */
    struct ale *ale;
    void *emulator;
    int actions[MOST_ACTIONS];
    /* the environment's step alone */
    void *state, *obs;
    /* as the agent sees it */
    struct instance instance;
    /* training */
    struct agent *agent;
    struct share *share;
    float *theta, *target;
    uint64_t target_version;
    double fetch, play, gradient, push; /* s */
    int64_t steps;
};

static struct env_action any_action(struct player *p)
{
    return (struct env_action){.index = rng_below(&p->rng, p->setup->world.spec.num_actions)};
}

static int raw_open(struct player *p)
{
    const struct world *w = &p->setup->world;
    char err[512] = "it gives no reason", rom[4096];
    if (!strcmp(w->ops->name, "atari")) {
        p->ale = ale_load(err, sizeof err);
        if (!p->ale || ale_rom(w->arg, rom, sizeof rom, err, sizeof err)) return error_set("%s", err);
        p->emulator = ale_new(p->ale, rom, 1);
        p->ale->getMinimalActionSet(p->emulator, p->actions);
        p->ale->reset_game(p->emulator);
        return 0;
    }
    p->state = memory_new(w->spec.state_size, 1);
    p->obs = memory_new(world_obs_bytes(w), 1);
    if (w->ops->init && w->ops->init(p->state, &w->args, err, sizeof err)) return error_set("%s", err);
    w->ops->reset(p->state, &p->rng, p->obs);
    return 0;
}

/* Each plays on where it was; returns frames, -1 after error_set(). */
static int64_t raw_steps(struct player *p)
{
    const struct world *w = &p->setup->world;
    const int repeat = w->spec.action_repeat;
    for (int i = 0; i < STEPS_A_LOOK; i++) {
        const struct env_action a = any_action(p);
        if (p->emulator) {
            for (int f = 0; f < repeat; f++) p->ale->act(p->emulator, p->actions[a.index]);
            if (p->ale->game_over(p->emulator)) p->ale->reset_game(p->emulator);
        } else {
            const struct env_step s = w->ops->step(p->state, &p->rng, a, p->obs);
            if (s.terminated || s.truncated) w->ops->reset(p->state, &p->rng, p->obs);
        }
    }
    return STEPS_A_LOOK * repeat;
}

static int64_t env_steps(struct player *p)
{
    struct env_step s;
    for (int i = 0; i < STEPS_A_LOOK; i++) {
        if (instance_step(&p->instance, any_action(p), &s)) return -1;
        if ((s.terminated || s.truncated) && instance_reset(&p->instance)) return -1;
    }
    return STEPS_A_LOOK * p->setup->world.spec.action_repeat;
}

static int64_t train_steps(struct player *p)
{
    struct agent_stats stats;
    struct share_view view;
    struct agent_episode done[16];
    const double clip = p->setup->options->clip, t0 = clock_seconds();
    const float *theta = share_borrow(p->share, p->theta, &view);
    if (!theta) return error_set("rank 0 is silent");
    if (p->target && view.target_version != p->target_version &&
        share_fetch_target(p->share, p->target, &p->target_version))
        return error_set("rank 0 is silent");
    const double t1 = clock_seconds();
    if (agent_play(p->agent, theta, view.frames)) return -1;
    const double t2 = clock_seconds();
    float *dtheta = share_begin(p->share);
    if (!dtheta) return error_set("rank 0 is silent");
    const double t3 = clock_seconds();
    agent_gradient(p->agent, theta, p->target, dtheta, &stats);
    const double t4 = clock_seconds(), norm = stats.norm;
    const bool clips = clip > 0 && norm > clip;
    share_push(p->share, &(struct share_push){.version = view.version,
                                              .frames = stats.frames,
                                              .steps = stats.steps,
                                              .scale = clips ? (float)(clip / norm) : 1,
                                              .norm = (float)norm,
                                              .factors = (uint32_t)stats.factors,
                                              .bad = !isfinite(norm)});
    for (int n = agent_take_episodes(p->agent, done, 16), i = 0; i < n; i++)
        share_tell_episode(p->share, &(struct share_episode){done[i].frames, done[i].steps, done[i].ret});
    p->fetch += t1 - t0;
    p->play += t2 - t1;
    p->gradient += t4 - t3;
    p->push += t3 - t2 + clock_seconds() - t4;
    p->steps += stats.steps;
    return stats.frames;
}

static int player_open(struct player *p, const struct setup *setup)
{
    const struct agent_config config = setup_agent_config(setup, 1);
    memset(p, 0, sizeof *p);
    p->setup = setup;
    p->rng = rng_make((uint64_t)setup->options->seed, 1, RNG_POLICY, 1000);
    p->theta = memory_floats(setup->facts->params);
    if (algo_has_target(setup->algo)) p->target = memory_floats(setup->facts->params);
    p->agent = agent_new(&config, &setup->world, setup->net);
    if (!p->agent || raw_open(p)) return -1;
    if (instance_open(&p->instance, &setup->world, p->rng, setup->world.spec.stack + 1)) return -1;
    return instance_reset(&p->instance);
}

static void player_close(struct player *p)
{
    if (p->emulator) p->ale->ALE_del(p->emulator);
    if (p->state && p->setup->world.ops->free) p->setup->world.ops->free(p->state);
    free(p->state);
    free(p->obs);
    if (p->instance.world) instance_close(&p->instance);
    if (p->agent) agent_free(&p->agent);
    free(p->theta);
    free(p->target);
}

static void report(const struct player *p, const struct series *rate)
{
    const double raw = series_median(&rate[0]), us = 1e6 / (double)p->steps;
    log_rank(
        "%s, net %s, %d steps in %d environments: %.0f us of emulation a step; training adds %.1f us: fetch %.1f, play "
        "with acting %.1f in all, gradient %.1f, push %.1f",
        p->setup->options->env, p->setup->options->net, (int)p->setup->options->t_max,
        (int)p->setup->options->envs_per_actor, 1e6 * p->setup->world.spec.action_repeat / raw,
        1e6 * p->setup->world.spec.action_repeat * (1 / series_median(&rate[2]) - 1 / raw), us * p->fetch, us * p->play,
        us * p->gradient, us * p->push);
    probe_print("actor-raw", raw, raw, "frames/s");
    probe_print("actor-env", series_median(&rate[1]), raw, "frames/s");
    probe_print("actor-train", series_median(&rate[2]), raw, "frames/s");
}

/* Rank 1. 0, or -1 after error_set(). */
static int measure(struct player *p, double seconds)
{
    static int64_t (*const steps[KINDS])(struct player *) = {raw_steps, env_steps, train_steps};
    struct series rate[KINDS] = {{0}};
    const double begin = clock_seconds();
    for (int round = 0; round < 2 || clock_seconds() < begin + seconds; round++)
        for (int k = 0; k < KINDS; k++) {
            int64_t frames = 0, more;
            const double start = clock_seconds();
            do {
                if ((more = steps[k](p)) < 0) return -1;
                frames += more;
            } while (clock_seconds() < start + SLICE);
            if (round)
                series_add(&rate[k], (double)frames / (clock_seconds() - start)); /* the first warms up */
            else
                p->fetch = p->play = p->gradient = p->push = 0, p->steps = 0;
            share_alive(p->share);
        }
    report(p, rate);
    for (int k = 0; k < KINDS; k++) series_free(&rate[k]);
    return 0;
}

static void run_master(const struct ranks *r, const struct setup *setup, struct optim *optim)
{
    struct rng rng = rng_make((uint64_t)setup->options->seed, 0, RNG_INIT, 0);
    float *theta = memory_floats(setup->facts->params);
    struct ranks_master m = {.share = r->share, .optim = optim, .lr = (float)setup->options->lr, .count = true};
    net_init(setup->net, NET_INIT_UNIFORM, theta, &rng);
    share_start(r->share, theta, theta, 0, 0);
    ranks_serve(&m, 0);
    free(theta);
}

int bench_actor(const struct bench *b)
{
    static struct option_set set;
    static struct player player;
    struct setup setup = {0};
    struct ranks r;
    struct optim *optim = NULL;
    int rc = 0;
    ranks_begin(&r);
    const int cores = probe_cores();
    bool ok = !bench_options(b, &set) && !setup_open(&setup, &set.values, true);
    if (ok && r.size != 2) ok = !error_set("bench actor runs on 2 ranks, master and actor, not on %d", r.size);
    if (ok && r.rank == 0) {
        const struct optim_config config = setup_optim_config(&setup);
        ok = (optim = optim_new(&config, setup.facts->params, 1)) != NULL;
    }
    if (ok && r.rank == 1) ok = !player_open(&player, &setup);
    if (ranks_agree(&r, ok)) {
        const struct share_config config = {
            .params = setup.facts->params, .target = algo_has_target(setup.algo), .episodes = 1024};
        r.share = share_open(MPI_COMM_WORLD, &config);
        probe_pin(r.rank == 0 ? cores - 1 : 0);
        if (r.rank == 0) {
            if (cores < 2) log_root("only one core: master and actor share it");
            run_master(&r, &setup, optim);
        } else {
            if (cores < 2) setpriority(PRIO_PROCESS, 0, 5); /* as actor_run() does, to let the master in */
            player.share = r.share;
            if ((rc = measure(&player, b->seconds))) log_error("%s", error_text());
            share_bye(r.share);
        }
    } else {
        rc = 2;
    }
    if (r.rank == 1) player_close(&player);
    optim_free(&optim);
    setup_close(&setup);
    ranks_end(&r, rc < 0);
    return r.rank == 0 || rc != 2 ? rc : 0;
}
