/* actor.c -- see actor.h: the body of the loop of Algorithms 1 to S3 of Mnih et al. 2016, seen from one actor-learner.
 * Between fetch and push there is no collective, no allocation and, unless the environment fails, no output. */
#include "turn/actor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

enum { FAULTS_TOLD = 10 }; /* lines about an environment's faults; the master counts them all */

int turn_actor_open(struct turn_actor *t, const struct setup *setup, int rank)
{
    const struct agent_config config = setup_agent_config(setup, rank);
    memset(t, 0, sizeof *t);
    t->setup = setup;
    t->agent = agent_new(&config, &setup->world, setup->net);
    if (!t->agent) return -1;
    t->own = memory_floats(setup->facts->params);
    if (setup_target(setup)) t->target = memory_floats(setup->facts->params);
    return 0;
}

void turn_actor_close(struct turn_actor *t)
{
    if (t->agent) agent_free(&t->agent);
    free(t->own);
    free(t->target);
    t->own = t->target = NULL;
}

static double now(const struct turn_actor *t)
{
    return t->seconds ? clock_seconds() : 0;
}

static double spent(const struct turn_actor *t, enum turn_part part, double since)
{
    const double end = now(t);
    if (t->seconds) t->seconds[part] += end - since;
    return end;
}

const float *turn_actor_fetch(struct turn_actor *t, struct share_view *view)
{
    const double start = now(t);
    const float *theta = share_borrow(t->share, t->own, view);
    if (!theta) return NULL;
    if (t->target && !view->stop && view->target_version != t->target_version &&
        share_fetch_target(t->share, t->target, &t->target_version))
        return NULL;
    spent(t, TURN_FETCH, start);
    return theta;
}

/* Where rollout after rollout is bad this actor ends and the others go on. */
static void count_bad(struct turn_actor *t, bool failed, const char *what)
{
    t->bad_in_a_row++;
    t->failed_in_a_row = failed ? t->failed_in_a_row + 1 : 0;
    t->hopeless = t->bad_in_a_row >= TURN_BAD_MOST || t->failed_in_a_row >= TURN_FAILED_MOST;
    if (t->hopeless)
        log_rank("%s; %d rollouts in a row: this actor ends", what, failed ? t->failed_in_a_row : t->bad_in_a_row);
}

/* Clip, and the one place where a NaN is kept from the master: false where there was one. */
static bool push_gradient(struct turn_actor *t, uint64_t version, const struct agent_stats *stats)
{
    const double norm = stats->norm, clip = t->setup->options->clip;
    const double E = (double)t->setup->options->envs_per_actor; /* means over environments, back to sums */
    struct share_push p = {.version = version,
                           .frames = stats->frames,
                           .steps = stats->steps,
                           .scale = 1,
                           .norm = (float)norm,
                           .factors = (uint32_t)stats->factors,
                           .policy_loss = (float)(E * stats->policy_loss),
                           .value_loss = (float)(E * stats->value_loss),
                           .entropy = (float)(E * stats->entropy)};
    if (stats->none) {
        p.scale = 0; /* its frames count */
        t->bad_in_a_row = t->failed_in_a_row = 0;
    } else if (!isfinite(norm)) {
        p.bad = TURN_BAD_GRADIENT;
        p.scale = p.norm = p.policy_loss = p.value_loss = p.entropy = 0;
        count_bad(t, false, "a NaN or Inf in the gradient");
    } else {
        t->bad_in_a_row = t->failed_in_a_row = 0;
        if (clip > 0 && norm > clip) p.scale = (float)(clip / norm);
    }
    share_push(t->share, &p);
    return !p.bad;
}

static enum turn_bad bad_of(enum instance_fault fault)
{
    if (fault == INSTANCE_FAILED) return TURN_BAD_ENVIRONMENT;
    return fault == INSTANCE_BAD_REWARD ? TURN_BAD_REWARD : TURN_BAD_OBSERVATION;
}

/* The environment answered no number, or failed: the master hears of it and counts the frames. */
static void push_fault(struct turn_actor *t, uint64_t version)
{
    const int64_t steps = agent_steps(t->agent);
    const struct share_push p = {.version = version,
                                 .frames = steps * t->setup->world.spec.action_repeat,
                                 .steps = steps,
                                 .bad = bad_of(agent_fault(t->agent))};
    if (t->faults++ < FAULTS_TOLD)
        log_rank("%s; this rollout does not count and its episode is given up (seed %lld)", error_text(),
                 (long long)t->setup->options->seed);
    count_bad(t, p.bad == TURN_BAD_ENVIRONMENT, error_text());
    share_push(t->share, &p);
}

static void tell_episodes(struct turn_actor *t)
{
    enum { EPISODES = 64 };
    struct agent_episode done[EPISODES];
    int n;
    do {
        n = agent_take_episodes(t->agent, done, EPISODES);
        for (int i = 0; i < n; i++) {
            const struct share_episode e = {.frames = done[i].frames, .steps = done[i].steps, .ret = done[i].ret};
            share_tell_episode(t->share, &e);
        }
    } while (n == EPISODES);
}

/* One more gradient of the rollout, or, of a spoilt one, which has counted as bad, an empty push that keeps the rounds
 * in step. */
static enum turn_end epoch(struct turn_actor *t, bool *spoilt, struct share_view *view)
{
    if (t->setup->options->deterministic && share_wait(t->share, view->publication + 1, view)) return TURN_NO_MAILBOX;
    double at = now(t);
    float *dtheta = share_begin(t->share); /* the gradient before is in what is fetched now */
    if (!dtheta) return TURN_NO_MAILBOX;
    at = spent(t, TURN_PUSH, at);
    const float *theta = turn_actor_fetch(t, view);
    if (!theta || view->stop) return TURN_NO_MAILBOX;
    if (*spoilt) {
        share_push(t->share, &(struct share_push){.version = view->version});
        return TURN_PUSHED;
    }
    struct agent_stats stats = t->stats; /* its frames have been told: what is pushed now counts none */
    at = now(t);
    agent_gradient_again(t->agent, theta, dtheta, &stats);
    at = spent(t, TURN_GRADIENT, at);
    *spoilt = !push_gradient(t, view->version, &stats);
    spent(t, TURN_PUSH, at);
    return t->hopeless ? TURN_HOPELESS : TURN_PUSHED;
}

enum turn_end turn_actor_rollout(struct turn_actor *t, const float *theta, struct share_view *view)
{
    const bool rounds = t->setup->options->deterministic;
    double at = now(t);
    bool spoilt = agent_play(t->agent, theta, view->frames);
    at = spent(t, TURN_PLAY, at);
    float *dtheta = share_begin(t->share);
    if (!dtheta) return TURN_NO_MAILBOX;
    if (rounds) tell_episodes(t); /* whoever has the gradient has them, too */
    at = spent(t, TURN_PUSH, at);
    if (spoilt) {
        push_fault(t, view->version);
    } else {
        agent_gradient(t->agent, theta, t->target, dtheta, &t->stats);
        at = spent(t, TURN_GRADIENT, at);
        spoilt = !push_gradient(t, view->version, &t->stats);
    }
    if (!rounds) tell_episodes(t);
    spent(t, TURN_PUSH, at);
    enum turn_end end = t->hopeless ? TURN_HOPELESS : TURN_PUSHED;
    for (int64_t k = 1; k < t->setup->options->epochs && end == TURN_PUSHED && (rounds || !spoilt); k++)
        end = epoch(t, &spoilt, view);
    return end;
}
