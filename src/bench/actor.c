/* actor.c -- what becomes of a core's emulation when an actor-learner runs on it. Rank 1, pinned to a core of its own,
 * alternates three things in short slices: the bare emulator (ALE's act and reset alone; for other environments the
 * step alone), the environment as the agent sees it (maximum of two frames, grey, 84x84, stacked), and the turns of
 * training (turn/actor.h). Rank 0, on another core, takes its turns, too, and sleeps during the other slices. */
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
#include "measure/mpi_ranks.h"
#include "measure/probe.h"
#include "setup/setup.h"
#include "turn/actor.h"
#include "turn/master.h"

enum { KINDS = 3, MOST_ACTIONS = 18, STEPS_A_LOOK = 16 };
static const double SLICE = 0.06; /* s */

struct trial {
    const struct setup *setup;
    struct rng rng;
    /* the bare emulator: Atari's, or */
    struct ale *ale;
    void *emulator;
    int actions[MOST_ACTIONS];
    float *room; /* for an action */
    /* the environment's step alone */
    void *state, *obs;
    /* as the agent sees it */
    struct instance instance;
    struct turn_actor turn;
    double seconds[TURN_PARTS];
    int64_t steps;
};

static struct env_action any_action(struct trial *p)
{
    return world_random_action(&p->setup->world, &p->rng, p->room);
}

static int raw_open(struct trial *p)
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
static int64_t raw_steps(struct trial *p)
{
    const struct world *w = &p->setup->world;
    const int repeat = w->spec.action_repeat;
    for (int i = 0; i < STEPS_A_LOOK; i++) {
        const struct env_action a = any_action(p);
        if (p->emulator) {
            for (int f = 0; f < repeat; f++) p->ale->act(p->emulator, p->actions[a.index]);
            if (p->ale->game_over(p->emulator)) p->ale->reset_game(p->emulator);
        } else {
            if (w->ops->post) w->ops->post(p->state, a);
            const struct env_step s = w->ops->step(p->state, &p->rng, a, p->obs);
            if (s.terminated || s.truncated) w->ops->reset(p->state, &p->rng, p->obs);
        }
    }
    return STEPS_A_LOOK * repeat;
}

static int64_t env_steps(struct trial *p)
{
    struct env_step s;
    for (int i = 0; i < STEPS_A_LOOK; i++) {
        const struct env_action a = any_action(p);
        instance_post(&p->instance, a);
        if (instance_step(&p->instance, a, &s)) return -1;
        if ((s.terminated || s.truncated) && instance_reset(&p->instance)) return -1;
    }
    return STEPS_A_LOOK * p->setup->world.spec.action_repeat;
}

/* One turn, as in training; an environment that answers no number has no figure. */
static int64_t train_steps(struct trial *p)
{
    struct share_view view;
    const float *theta = turn_actor_fetch(&p->turn, &view);
    if (!theta || turn_actor_rollout(&p->turn, theta, &view) == TURN_NO_MAILBOX) return error_set("rank 0 is silent");
    if (p->turn.faults) return -1;
    p->steps += p->turn.stats.steps;
    return p->turn.stats.frames;
}

static int trial_open(struct trial *p, const struct setup *setup)
{
    memset(p, 0, sizeof *p);
    p->setup = setup;
    p->rng = rng_make((uint64_t)setup->options->seed, 1, RNG_POLICY, 1000);
    p->room = memory_floats((size_t)setup->world.policy.size);
    if (turn_actor_open(&p->turn, setup, 1) || raw_open(p)) return -1;
    p->turn.seconds = p->seconds;
    if (instance_open(&p->instance, &setup->world, p->rng, setup->world.spec.stack + 1)) return -1;
    return instance_reset(&p->instance);
}

static void trial_close(struct trial *p)
{
    if (p->emulator) p->ale->ALE_del(p->emulator);
    if (p->state && p->setup->world.ops->free) p->setup->world.ops->free(p->state);
    free(p->state);
    free(p->obs);
    free(p->room);
    if (p->instance.world) instance_close(&p->instance);
    turn_actor_close(&p->turn);
}

static void report(const struct trial *p, const struct series *rate)
{
    const double raw = series_median(&rate[0]), us = 1e6 / (double)p->steps;
    char length[32] = "whole episodes";
    if (p->setup->options->t_max) snprintf(length, sizeof length, "%d steps", (int)p->setup->options->t_max);
    log_rank("%s, net %s, %s in %d environments: %.0f us of emulation a step; training adds %.1f us: fetch %.1f, play "
             "with acting %.1f in all, gradient %.1f, push %.1f",
             p->setup->options->env, p->setup->options->net, length, (int)p->setup->options->envs_per_actor,
             1e6 * p->setup->world.spec.action_repeat / raw,
             1e6 * p->setup->world.spec.action_repeat * (1 / series_median(&rate[2]) - 1 / raw),
             us * p->seconds[TURN_FETCH], us * p->seconds[TURN_PLAY], us * p->seconds[TURN_GRADIENT],
             us * p->seconds[TURN_PUSH]);
    probe_print("actor-raw", raw, raw, "frames/s");
    probe_print("actor-env", series_median(&rate[1]), raw, "frames/s");
    probe_print("actor-train", series_median(&rate[2]), raw, "frames/s");
}

/* Rank 1. 0, or -1 after error_set(). */
static int measure(struct trial *p, double seconds)
{
    static int64_t (*const steps[KINDS])(struct trial *) = {raw_steps, env_steps, train_steps};
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
                memset(p->seconds, 0, sizeof p->seconds), p->steps = 0;
            share_alive(p->turn.share);
        }
    report(p, rate);
    for (int k = 0; k < KINDS; k++) series_free(&rate[k]);
    return 0;
}

static void run_master(const struct mpi_ranks *r, const struct setup *setup, struct optim *optim)
{
    const struct options *o = setup->options;
    const size_t params = setup->facts->params;
    struct rng rng = rng_make((uint64_t)o->seed, 0, RNG_INIT, 0);
    float *theta = memory_floats(params), *target = setup_target(setup) ? memory_floats(params) : NULL;
    struct turn_master m = {.share = r->share,
                            .optim = optim,
                            .params = params,
                            .lr = o->lr,
                            .target = target,
                            .target_every = o->target_every};
    net_init(setup->net, NET_INIT_UNIFORM, theta, &rng);
    if (target) memcpy(target, theta, params * sizeof *target);
    share_start(r->share, theta, target, 0, 0);
    mpi_ranks_serve(&m, 0);
    free(theta);
    free(target);
}

int bench_actor(const struct bench *b)
{
    static struct option_set set;
    static struct trial trial;
    struct setup setup = {0};
    struct mpi_ranks r;
    struct optim *optim = NULL;
    int rc = 0;
    mpi_ranks_begin(&r);
    const int cores = probe_cores();
    const bool read = !bench_options(b, &set);
    set.values.replay_start = 0; /* what is measured learns */
    bool ok = read && !setup_open(&setup, &set.values, true);
    if (ok && r.size != 2) ok = !error_set("bench actor runs on 2 ranks, master and actor, not on %d", r.size);
    if (ok && r.rank == 0) {
        const struct optim_config config = setup_optim_config(&setup);
        ok = (optim = optim_new(&config, setup.facts->params, 1)) != NULL;
    }
    if (ok && r.rank == 1) ok = !trial_open(&trial, &setup);
    if (mpi_ranks_agree(&r, ok) && ok) {
        const struct share_config config = {
            .params = setup.facts->params, .target = setup_target(&setup), .episodes = 1024};
        r.share = share_open(MPI_COMM_WORLD, &config);
        probe_pin(r.rank == 0 ? cores - 1 : 0);
        if (r.rank == 0) {
            if (cores < 2) log_root("only one core: master and actor share it");
            run_master(&r, &setup, optim);
        } else {
            if (cores < 2) setpriority(PRIO_PROCESS, 0, 5); /* as in training, to let the master in */
            trial.turn.share = r.share;
            rc = measure(&trial, b->seconds);
            if (!rc && world_python(set.values.env)) rc = bench_bridge(&setup, b->seconds);
            if (rc) log_error("%s", error_text());
            share_bye(r.share);
        }
    } else {
        rc = 2;
    }
    if (r.rank == 1) trial_close(&trial);
    optim_free(&optim);
    setup_close(&setup);
    mpi_ranks_end(&r, rc < 0);
    return r.rank == 0 || rc != 2 ? rc : 0;
}
