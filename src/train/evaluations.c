/* referee.c -- evaluations during training: the first live actor plays whole games with a copy of theta, between two
 * pushes; the best weights are kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/signals.h"
#include "learn/evaluate.h"
#include "train/actor.h"
#include "train/master.h"

void referee_init(struct master *m)
{
    m->eval_actor = -1;
    m->eval_mean = NAN;
    m->eval_theta = memory_floats(m->setup->facts->params);
    m->next_eval =
        m->options->eval_every ? (m->turn.frames / m->options->eval_every + 1) * m->options->eval_every : INT64_MAX;
}

void referee_free(struct master *m)
{
    free(m->eval_theta);
}

/* A row of /eval, and the best weights to their file. */
static void take(struct master *m, const struct actor_eval *e)
{
    const struct run_eval row = {.frames = m->eval_frames,
                                 .seconds = master_seconds(m),
                                 .episodes = e->episodes,
                                 .mean = e->mean,
                                 .median = e->median,
                                 .std = e->std,
                                 .min = e->min,
                                 .max = e->max};
    runfile_eval(m->runfile, &row);
    m->eval_mean = e->mean;
    m->n.eval_frames = m->eval_frames;
    log_root("  evaluated at %lld frames: mean %.4g, median %.4g, min %.4g, max %.4g over %lld episodes",
             (long long)m->eval_frames, e->mean, e->median, e->min, e->max, (long long)e->episodes);
    if (!isnan(m->n.best_mean) && e->mean <= m->n.best_mean) return;
    m->n.best_mean = e->mean;
    struct checkpoint c = {
        .options = m->set, .net = m->setup->net, .counters = master_counters(m), .theta = m->eval_theta};
    c.counters.frames = m->eval_frames;
    c.counters.updates = (int64_t)e->version;
    clerk_best(m, checkpoint_image(m->dir, "checkpoint-best.h5", &c));
}

static void ask(struct master *m, const float *theta)
{
    int a = 0;
    m->eval_actor = -1;
    while (a < m->actors && progress_lost(m, a) && !m->options->deterministic) a++;
    if (a == m->actors) return;
    memcpy(m->eval_theta, theta, m->setup->facts->params * sizeof *m->eval_theta);
    m->eval_frames = m->turn.frames;
    m->eval_actor = a;
    share_ask_eval(m->share, a, m->eval_theta, ++m->eval_id, (uint64_t)m->turn.updates);
}

void referee_take(struct master *m)
{
    struct actor_eval e;
    size_t n;
    if (m->eval_actor < 0) return;
    const uint64_t id = share_read_post(m->share, m->eval_actor, SHARE_POST_EVAL, &e, sizeof e, &n);
    if (n == sizeof e && id == m->eval_id) {
        if (e.episodes)
            take(m, &e);
        else
            progress_event(m, m->eval_actor + 1, "no-evaluation", "the environment gave no numbers");
        m->eval_actor = -1;
    } else if (progress_lost(m, m->eval_actor) && !m->options->deterministic) {
        progress_event(m, m->eval_actor + 1, "no-evaluation", "lost while evaluating: another actor is asked");
        ask(m, share_theta(m->share));
    }
}

void referee_ask(struct master *m, const float *theta)
{
    if (m->eval_actor >= 0 || m->turn.frames < m->next_eval) return;
    m->next_eval = (m->turn.frames / m->options->eval_every + 1) * m->options->eval_every;
    ask(m, theta);
}

void referee_turn(struct master *m)
{
    if (m->eval_actor >= 0)
        referee_take(m);
    else
        referee_ask(m, share_theta(m->share));
}

/* The actors wait for rank 0 meanwhile, and must see it alive. */
static int still_wanted(void *arg)
{
    share_beat(((struct master *)arg)->share);
    return signals_stop() != 0;
}

bool referee_final(struct master *m)
{
    const struct setup *u = m->setup;
    const struct options *o = m->options;
    struct world world;
    struct env_args args = u->world.args;
    struct evaluate_result r;
    if (!o->eval_every || m->n.eval_frames == m->turn.frames) return false;
    args.training = false;
    memcpy(m->eval_theta, share_theta(m->share), u->facts->params * sizeof *m->eval_theta);
    m->eval_frames = m->turn.frames;
    const struct evaluate_config config = {.algo = u->algo,
                                           .episodes = (int)o->eval_episodes,
                                           .epsilon = o->eval_eps,
                                           .seed = (uint64_t)o->seed,
                                           .rank = EVAL_RANK};
    const struct evaluate_hooks hooks = {.alive = still_wanted, .arg = m};
    log_root("  evaluating the final weights: %d episodes", config.episodes);
    if (world_open(&world, o->env, &args) || evaluate_run(&config, &world, u->net, m->eval_theta, &hooks, &r)) {
        log_error("no final evaluation: %s", error_text());
        return false;
    }
    const struct actor_eval e = {.version = (uint64_t)m->turn.updates,
                                 .episodes = r.episodes,
                                 .frames = r.frames,
                                 .mean = r.mean,
                                 .median = r.median,
                                 .std = r.std,
                                 .min = r.min,
                                 .max = r.max};
    take(m, &e);
    return true;
}
