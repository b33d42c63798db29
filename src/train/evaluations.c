/* evaluations.c -- see evaluations.h. */
#include "train/evaluations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/signals.h"
#include "learn/evaluate.h"
#include "train/actor.h"
#include "train/events.h"
#include "train/files.h"
#include "train/ranks.h"
#include "train/run.h"

/* The first multiple of --eval-every behind T. */
static int64_t next_after(const struct run *run)
{
    const int64_t every = run->options->eval_every;
    return every ? (run->turn.frames / every + 1) * every : INT64_MAX;
}

/* The same; or the one up to T, where the run was stopped before that was done. */
static int64_t next_of(const struct run *run)
{
    const int64_t next = next_after(run), last = next - run->options->eval_every;
    return next < INT64_MAX && last > run->n.eval_frames ? last : next;
}

void evaluations_init(struct evaluations *v, struct run *run, struct ranks *ranks, struct files *files)
{
    *v = (struct evaluations){.run = run,
                              .ranks = ranks,
                              .files = files,
                              .actor = -1,
                              .next = next_of(run),
                              .theta = memory_floats(run->setup->facts->params),
                              .mean = NAN};
    if (run->turn.average) v->average = memory_floats(run->setup->facts->params);
}

void evaluations_free(struct evaluations *v)
{
    free(v->theta);
    free(v->average);
}

/* A row of /eval, and the best weights to their file. */
static void take(struct evaluations *v, const struct actor_eval *e)
{
    struct run *const run = v->run;
    const struct run_eval row = {.frames = v->frames,
                                 .seconds = run_seconds(run),
                                 .episodes = e->episodes,
                                 .mean = e->mean,
                                 .median = e->median,
                                 .std = e->std,
                                 .min = e->min,
                                 .max = e->max};
    runfile_eval(run->runfile, &row);
    v->mean = e->mean;
    run->n.eval_frames = v->frames;
    log_root("  evaluated at %lld frames: mean %.4g, median %.4g, min %.4g, max %.4g over %lld episodes",
             (long long)v->frames, e->mean, e->median, e->min, e->max, (long long)e->episodes);
    if (!isnan(run->n.best_mean) && e->mean <= run->n.best_mean) return;
    run->n.best_mean = e->mean;
    const struct model model = setup_model(run->setup);
    struct checkpoint c = {.options = run->set,
                           .net = run->setup->net,
                           .counters = run_counters(run),
                           .theta = v->theta,
                           .average = v->average,
                           .model = &model};
    c.counters.frames = v->frames;
    c.counters.updates = (int64_t)e->version;
    files_best(v->files, checkpoint_image(run->dir, "checkpoint-best.h5", &c));
}

static void take_average(struct evaluations *v, const struct actor_eval *e)
{
    run_event(
        v->run, v->actor + 1, "eval-ema",
        "the average of the weights at %lld frames: mean %.6g, median %.6g, std %.4g, min %.6g, max %.6g over %lld "
        "episodes",
        (long long)v->frames, e->mean, e->median, e->std, e->min, e->max, (long long)e->episodes);
}

static bool of_average(const struct evaluations *v)
{
    return v->average && v->id % 2 == 0;
}

/* What is evaluated at this moment; the id of the request. */
static void keep(struct evaluations *v, const float *theta)
{
    const struct run *run = v->run;
    const size_t bytes = run->setup->facts->params * sizeof *theta;
    memcpy(v->theta, theta, bytes);
    if (v->average) memcpy(v->average, run->turn.average, bytes);
    v->frames = run->turn.frames;
    v->version = (uint64_t)run->turn.updates;
    v->id += v->average && v->id % 2 ? 2 : 1;
}

/* No answer comes from it any more. */
static bool is_gone(const struct evaluations *v, int actor)
{
    return ranks_ended(v->ranks, actor) || ranks_dead(v->ranks, actor);
}

/* The first actor that gives signs of life; where none does, who may yet: its environment takes long. -1: there is
 * none. In rounds it is always the same. */
static int choose(const struct evaluations *v)
{
    const int actors = v->run->actors;
    if (v->run->options->deterministic) return 0;
    for (int a = 0; a < actors; a++)
        if (!ranks_lost(v->ranks, a)) return a;
    for (int a = 0; a < actors; a++)
        if (!is_gone(v, a) && !ranks_overdue(v->ranks, a)) return a;
    return -1;
}

static void ask(struct evaluations *v, int actor, const float *theta)
{
    v->actor = actor;
    if (actor < 0) return;
    keep(v, theta);
    share_ask_eval(v->run->share, actor, v->theta, v->id, v->version);
}

/* Another actor in the place of one that is gone, or silent for too long. An answer that may come is waited for where
 * nobody else is there: a step may take longer than any patience. */
static void replace(struct evaluations *v)
{
    const bool gone = is_gone(v, v->actor);
    const int other = choose(v);
    if (!gone && other < 0) return;
    run_event(v->run, v->actor + 1, "no-evaluation", "%s while evaluating: %s", gone ? "lost" : "silent for too long",
              other < 0 ? "no other actor is there" : "another actor is asked");
    ask(v, other, share_theta(v->run->share));
}

void evaluations_end(struct evaluations *v)
{
    double score;
    if (options_stop_at(v->run->options, &score) && v->mean >= score)
        run_end(v->run, RUN_DONE, RUN_REACHED "%s: an evaluation had %.4g", v->run->options->stop_at, v->mean);
}

void evaluations_take(struct evaluations *v)
{
    struct actor_eval e;
    size_t n;
    if (v->actor < 0) return;
    const uint64_t id = share_read_post(v->run->share, v->actor, SHARE_POST_EVAL, &e, sizeof e, &n);
    if (n == sizeof e && id == v->id) {
        if (!e.episodes)
            run_event(v->run, v->actor + 1, "no-evaluation", "the environment gave no numbers");
        else if (of_average(v))
            take_average(v, &e);
        else {
            take(v, &e);
            if (!v->run->options->deterministic) evaluations_end(v);
        }
        if (v->average && !of_average(v) && v->run->state == RUN_RUNNING)
            share_ask_eval(v->run->share, v->actor, v->average, ++v->id, v->version);
        else
            v->actor = -1;
    } else if ((is_gone(v, v->actor) || ranks_overdue(v->ranks, v->actor)) && !v->run->options->deterministic) {
        replace(v);
    }
}

void evaluations_ask(struct evaluations *v, const float *theta)
{
    if (v->actor >= 0 || v->run->turn.frames < v->next) return;
    v->next = next_after(v->run);
    ask(v, choose(v), theta);
}

void evaluations_turn(struct evaluations *v)
{
    if (v->actor >= 0)
        evaluations_take(v);
    else
        evaluations_ask(v, share_theta(v->run->share));
}

static int not_wanted(void *arg)
{
    share_beat(((struct evaluations *)arg)->run->share); /* where no thread gives the signs of life */
    return signals_stop() != 0;
}

/* Opens the environment anew and plays: steps may take as long as they like, the actors wait and see rank 0 alive. */
static int play(struct evaluations *v, const float *theta, const struct evaluate_config *config, struct actor_eval *e)
{
    const struct setup *u = v->run->setup;
    struct world world;
    struct evaluate_result r;
    const struct evaluate_hooks hooks = {.stop = not_wanted, .arg = v};
    share_away(v->run->share);
    const int failed = setup_open_evaluation(u, &world) || evaluate_run(config, &world, u->net, theta, &hooks, &r);
    share_back(v->run->share);
    if (failed) return error_set("no final evaluation: %s", error_text());
    *e = (struct actor_eval){.version = v->version,
                             .episodes = r.episodes,
                             .frames = r.frames,
                             .mean = r.mean,
                             .median = r.median,
                             .std = r.std,
                             .min = r.min,
                             .max = r.max};
    return 0;
}

bool evaluations_busy(const struct evaluations *v)
{
    return v->actor >= 0;
}

bool evaluations_final(struct evaluations *v)
{
    const struct run *run = v->run;
    const struct setup *u = run->setup;
    const struct options *o = run->options;
    struct actor_eval e;
    if (!o->eval_every || run->n.eval_frames == run->turn.frames) return false;
    keep(v, share_theta(run->share));
    const struct evaluate_config config = {.algo = u->algo,
                                           .episodes = (int)o->eval_episodes,
                                           .epsilon = o->eval_eps,
                                           .seconds = o->eval_seconds,
                                           .seed = (uint64_t)o->seed,
                                           .rank = EVAL_RANK};
    log_root("  evaluating the final weights: %d episodes", config.episodes);
    if (play(v, v->theta, &config, &e)) {
        log_error("%s", error_text());
        return false;
    }
    take(v, &e);
    if (!v->average) return true;
    if (play(v, v->average, &config, &e))
        log_error("%s", error_text());
    else
        take_average(v, &e);
    return true;
}
