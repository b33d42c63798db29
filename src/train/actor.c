/* actor.c -- see actor.h: turn after turn; states for checkpoints and evaluations between two of them. */
#include "train/actor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "learn/evaluate.h"

int actor_open(struct actor *actor, const struct setup *setup, int rank)
{
    memset(actor, 0, sizeof *actor);
    actor->setup = setup;
    if (setup_open_evaluation(setup, &actor->eval_world)) return -1;
    if (turn_actor_open(&actor->turn, setup, rank)) return -1;
    actor->state = memory_new(agent_state_size(actor->turn.agent), 1);
    return 0;
}

void actor_close(struct actor *actor)
{
    turn_actor_close(&actor->turn);
    free(actor->state);
    actor->state = NULL;
}

/* Between two rollouts, during an evaluation, or at the end. */
static void post_state(struct actor *actor, uint64_t id)
{
    bool whole;
    if (id == actor->state_id) return;
    actor->state_id = id;
    share_post(actor->turn.share, SHARE_POST_STATE, id, actor->state,
               agent_save(actor->turn.agent, actor->state, &whole));
}

struct evaluation {
    struct actor *actor;
    bool ended; /* the master wants it no longer, or is gone */
};

/* evaluate_run() calls this now and then: a sign of life, the state where a checkpoint waits for it, and whether to go
 * on. */
static int not_wanted(void *arg)
{
    struct evaluation *e = arg;
    struct share_view view;
    children_reap(0);
    e->ended = share_fetch(e->actor->turn.share, NULL, &view) || view.stop;
    if (!e->ended) post_state(e->actor, view.state_id);
    return e->ended;
}

static int evaluate(struct actor *actor)
{
    const struct setup *u = actor->setup;
    struct share *const share = actor->turn.share;
    float *const theta = actor->turn.own; /* fetched again before the next rollout */
    uint64_t id;
    struct actor_eval post = {0};
    if (share_fetch_snapshot(share, theta, &id, &post.version)) return -1;
    if (!id) return 0; /* stopped */
    /* the seed is the run's, so every evaluation of a run plays the same starts: curves are comparable */
    const struct evaluate_config config = {.algo = u->algo,
                                           .episodes = (int)u->options->eval_episodes,
                                           .epsilon = u->options->eval_eps,
                                           .seconds = u->options->eval_seconds,
                                           .seed = (uint64_t)u->options->seed,
                                           .rank = EVAL_RANK};
    struct evaluate_result r = {0};
    struct evaluation e = {.actor = actor};
    const struct evaluate_hooks hooks = {.stop = not_wanted, .arg = &e};
    if (evaluate_run(&config, &actor->eval_world, u->net, theta, &hooks, &r)) {
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

/* Behind theta the average of the weights, where there is one (evaluations.h): rank 0 asks for it once it has theta's
 * score, and in rounds nobody goes on before both are there. Elsewhere it is met as any other request: rank 0 may have
 * asked another actor in the place of this one, which would wait for nothing. */
static int evaluate_average(struct actor *actor)
{
    struct share *const share = actor->turn.share;
    struct share_view view;
    const struct options *o = actor->setup->options;
    if (!o->deterministic || o->ema <= 0 || actor->snapshot_id % 2 == 0) return 0;
    for (;;) {
        if (share_fetch(share, NULL, &view)) return -1;
        if (view.stop) return 0;
        post_state(actor, view.state_id);
        if (view.snapshot_id != actor->snapshot_id) break;
        clock_sleep(0.001);
    }
    actor->snapshot_id = view.snapshot_id;
    return evaluate(actor);
}

/* What the last checkpoint gets: the state after the last rollout, pushed or not. A look anew: rank 0 asks for it
 * before it says stop, but a look over a network may have the newer of two words without the older. */
static int stopped(struct actor *actor)
{
    struct share_view view;
    if (!share_stopped(actor->turn.share) || share_fetch(actor->turn.share, NULL, &view)) return -1;
    post_state(actor, view.state_id);
    return 0;
}

/* The weights, and what else the view asks for, before a rollout. 0, 1 where it is to be fetched again, 2 to end, -1.
 * *theta is valid until the next call. */
static int prepare(struct actor *actor, const float **theta, struct share_view *view)
{
    *theta = turn_actor_fetch(&actor->turn, view);
    if (!*theta) return -1;
    if (view->stop) return stopped(actor) ? -1 : 2;
    post_state(actor, view->state_id);
    if (view->snapshot_id == actor->snapshot_id) return 0;
    actor->snapshot_id = view->snapshot_id;
    return evaluate(actor) || evaluate_average(actor)
               ? -1
               : 1; /* that took its time, and a copied theta was overwritten: fetch again */
}

int actor_run(struct actor *actor, struct share *share)
{
    const bool rounds = actor->setup->options->deterministic;
    struct share_view view;
    const float *theta = NULL;
    int rc = 0;
    actor->turn.share = share;
    nice(5); /* relative; lets rank 0 in at once when it has work; needs no privilege */
    cpu_flush_denormals();
    for (;;) {
        children_reap(0);
        const int what = prepare(actor, &theta, &view);
        if (what < 0) rc = -1;
        if (what < 0 || what == 2) break;
        if (what == 1) continue;
        const enum turn_end end = turn_actor_rollout(&actor->turn, theta, &view);
        if (end == TURN_NO_MAILBOX) rc = stopped(actor);
        if (end != TURN_PUSHED) break;
        if (rounds && (rc = share_wait(share, view.publication + 1, &view))) break;
    }
    if (!rc) share_bye(share);
    return rc;
}
