/* actor.c -- the loop of Algorithms 1 to S3 of Mnih et al. 2016, seen from one actor-learner. Between fetch and push
 * there is no collective, no allocation and no output. */
#include "train/actor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "learn/evaluate.h"

enum {
    FAULTS_TOLD = 10, /* lines about an environment's faults; /events has a hundred, the counters all */
    FAULTS_MOST = 100 /* in a row, with which an actor ends */
};

int actor_open(struct actor *actor, const struct setup *setup, int rank)
{
    const struct agent_config config = setup_agent_config(setup, rank);
    memset(actor, 0, sizeof *actor);
    actor->setup = setup;
    actor->rank = rank;
    struct env_args args = setup->world.args;
    args.training = false;
    if (world_open(&actor->eval_world, setup->options->env, &args)) return -1;
    actor->agent = agent_new(&config, &setup->world, setup->net);
    if (!actor->agent) return -1;
    actor->state = memory_new(agent_state_size(actor->agent), 1);
    actor->theta = memory_floats(setup->facts->params);
    if (setup->algo->has_target) actor->target = memory_floats(setup->facts->params);
    return 0;
}

void actor_close(struct actor *actor)
{
    agent_free(&actor->agent);
    free(actor->state);
    free(actor->theta);
    free(actor->target);
    actor->state = NULL;
    actor->theta = actor->target = NULL;
}

/* Between two rollouts, during an evaluation, or at the end. */
static void post_state(struct actor *actor, struct share *share, uint64_t id)
{
    bool whole;
    if (id == actor->state_id) return;
    actor->state_id = id;
    share_post(share, SHARE_POST_STATE, id, actor->state, agent_save(actor->agent, actor->state, &whole));
}

struct evaluation {
    struct actor *actor;
    struct share *share;
    bool ended; /* the master wants it no longer, or is gone */
};

/* evaluate_run() calls this now and then: a sign of life, the state where a checkpoint waits for it, and whether to go
 * on. */
static int still_wanted(void *arg)
{
    struct evaluation *e = arg;
    struct share_view view;
    e->ended = share_fetch(e->share, NULL, &view) || view.stop;
    if (!e->ended) post_state(e->actor, e->share, view.state_id);
    return e->ended;
}

static int evaluate(struct actor *actor, struct share *share)
{
    const struct setup *u = actor->setup;
    uint64_t id;
    struct actor_eval post = {0};
    if (share_fetch_snapshot(share, actor->theta, &id, &post.version)) return -1;
    if (!id) return 0; /* stopped */
    /* the seed is the run's, so every evaluation of a run plays the same starts: curves are comparable */
    const struct evaluate_config config = {.algo = u->algo,
                                           .episodes = (int)u->options->eval_episodes,
                                           .epsilon = u->options->eval_eps,
                                           .seed = (uint64_t)u->options->seed,
                                           .rank = EVAL_RANK};
    struct evaluate_result r = {0};
    struct evaluation e = {.actor = actor, .share = share};
    const struct evaluate_hooks hooks = {.alive = still_wanted, .arg = &e};
    if (evaluate_run(&config, &actor->eval_world, u->net, actor->theta, &hooks, &r)) {
        if (e.ended) return 0; /* the next fetch says why */
        log_rank("%s; this evaluation does not count", error_text());
        r.episodes = 0;
    }
    post.episodes = r.episodes;
    post.frames = r.frames;
    post.mean = r.mean;
    post.median = r.median;
    post.std = r.std;
    post.min = r.min;
    post.max = r.max;
    share_post(share, SHARE_POST_EVAL, id, &post, sizeof post);
    return 0;
}

/* Clip, and the one place where a NaN is kept from the master. */
static void push(struct actor *actor, struct share *share, const struct share_view *view,
                 const struct agent_stats *stats)
{
    const double norm = stats->norm, clip = actor->setup->options->clip;
    const double E = (double)actor->setup->options->envs_per_actor; /* means over environments, back to sums */
    struct share_push p = {.version = view->version,
                           .frames = stats->frames,
                           .steps = stats->steps,
                           .scale = 1,
                           .norm = (float)norm,
                           .factors = (uint32_t)stats->factors,
                           .policy_loss = (float)(E * stats->policy_loss),
                           .value_loss = (float)(E * stats->value_loss),
                           .entropy = (float)(E * stats->entropy)};
    if (!isfinite(norm)) {
        p.bad = BAD_GRADIENT;
        p.scale = p.norm = p.policy_loss = p.value_loss = p.entropy = 0;
    } else if (clip > 0 && norm > clip) {
        p.scale = (float)(clip / norm);
    }
    share_push(share, &p);
}

/* The environment answered no number: the master hears of it and counts the frames. Nonzero where it does so time after
 * time: then this actor ends and the others go on. */
static int push_fault(struct actor *actor, struct share *share, const struct share_view *view)
{
    const int64_t steps = agent_steps(actor->agent);
    const struct share_push p = {.version = view->version,
                                 .frames = steps * actor->setup->world.spec.action_repeat,
                                 .steps = steps,
                                 .bad =
                                     agent_fault(actor->agent) == INSTANCE_BAD_REWARD ? BAD_REWARD : BAD_OBSERVATION};
    if (actor->faults++ < FAULTS_TOLD)
        log_rank("%s; this rollout does not count and its episode is given up (seed %lld)", error_text(),
                 (long long)actor->setup->options->seed);
    const bool hopeless = ++actor->faults_in_a_row >= FAULTS_MOST;
    if (hopeless) log_rank("%s; %d rollouts in a row: this actor ends", error_text(), FAULTS_MOST);
    share_push(share, &p);
    return hopeless;
}

static void tell_episodes(struct actor *actor, struct share *share)
{
    enum { EPISODES = 64 };
    struct agent_episode done[EPISODES];
    int n;
    do {
        n = agent_take_episodes(actor->agent, done, EPISODES);
        for (int i = 0; i < n; i++) {
            const struct share_episode e = {.frames = done[i].frames, .steps = done[i].steps, .ret = done[i].ret};
            share_tell_episode(share, &e);
        }
    } while (n == EPISODES);
}

/* The rollout that was not pushed is lost; the state behind it is what the last checkpoint gets. */
static int stopped(struct actor *actor, struct share *share)
{
    struct share_view view;
    if (!share_stopped(share) || share_fetch(share, NULL, &view)) return -1;
    post_state(actor, share, view.state_id);
    return 0;
}

/* The weights, and what else the view asks for, before a rollout. 0, 1 where it is to be fetched again, 2 to end, -1.
 * *theta is valid until the next call. */
static int prepare(struct actor *actor, struct share *share, const float **theta, struct share_view *view)
{
    *theta = share_borrow(share, actor->theta, view);
    if (!*theta) return -1;
    post_state(actor, share, view->state_id);
    if (view->stop) return 2;
    if (actor->target && view->target_version != actor->target_version &&
        share_fetch_target(share, actor->target, &actor->target_version))
        return -1;
    if (view->snapshot_id == actor->snapshot_id) return 0;
    actor->snapshot_id = view->snapshot_id;
    return evaluate(actor, share) ? -1 : 1; /* that took its time, and a copied theta was overwritten: fetch again */
}

int actor_run(struct actor *actor, struct share *share)
{
    const bool rounds = actor->setup->options->deterministic;
    struct agent_stats stats;
    struct share_view view;
    const float *theta = NULL;
    int rc = 0;
    nice(5); /* relative; lets rank 0 in at once when it has work; needs no privilege */
    cpu_flush_denormals();
    for (;;) {
        const int what = prepare(actor, share, &theta, &view);
        if (what < 0) rc = -1;
        if (what < 0 || what == 2) break;
        if (what == 1) continue;
        const int failed = agent_play(actor->agent, theta, view.frames);
        float *dtheta = share_begin(share);
        if (!dtheta) {
            rc = stopped(actor, share);
            break;
        }
        if (rounds) tell_episodes(actor, share); /* whoever has the gradient has them, too */
        if (failed) {
            if (push_fault(actor, share, &view)) break;
        } else {
            actor->faults_in_a_row = 0;
            agent_gradient(actor->agent, theta, actor->target, dtheta, &stats);
            push(actor, share, &view, &stats);
        }
        if (!rounds) tell_episodes(actor, share);
        if (rounds && (rc = share_wait(share, view.publication + 1, &view))) break;
    }
    if (!rc) share_bye(share);
    return rc;
}
