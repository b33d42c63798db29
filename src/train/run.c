/* run.c -- see run.h. */
#include "train/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/signals.h"

static float *copy_of(const float *floats, size_t n)
{
    float *copy = floats ? memory_floats(n) : NULL;
    if (copy) memcpy(copy, floats, n * sizeof *copy);
    return copy;
}

void run_init(struct run *run, const struct run_start *s)
{
    const struct options *o = &s->set->values;
    *run = (struct run){.set = s->set,
                        .options = o,
                        .setup = s->setup,
                        .dir = s->dir,
                        .hosts = s->hosts,
                        .share = s->share,
                        .runfile = s->runfile,
                        .actors = share_actors(s->share),
                        .turn = {.share = s->share,
                                 .optim = s->optim,
                                 .params = s->setup->facts->params,
                                 .weights = s->setup->facts->params - moments_floats(&s->setup->facts->moments),
                                 .ema = o->ema,
                                 .lr = o->lr,
                                 .lr_anneal = o->lr_anneal,
                                 .lr_frames = o->frames,
                                 .lag_scale = o->lag_scale,
                                 .lag_unit = o->lag_unit,
                                 .target_every = o->target_every,
                                 .frames = s->counters->frames,
                                 .steps = s->counters->steps,
                                 .updates = s->counters->updates,
                                 .target_frames = s->counters->target_frames},
                        .n = *s->counters,
                        .started = clock_seconds(),
                        .first_update = s->counters->updates,
                        .state = RUN_RUNNING};
    if (o->lag_scale == LAG_GAP) run->turn.lag = lag_new(run->turn.weights);
    run->turn.target = copy_of(s->target, run->turn.params);
    run->turn.average = copy_of(s->average, run->turn.params);
}

void run_free(struct run *run)
{
    free(run->turn.target);
    free(run->turn.average);
    lag_free(&run->turn.lag);
}

double run_seconds(const struct run *run)
{
    return run->n.seconds + clock_seconds() - run->started;
}

struct checkpoint_counters run_counters(const struct run *run)
{
    struct checkpoint_counters n = run->n;
    n.frames = run->turn.frames;
    n.steps = run->turn.steps;
    n.updates = run->turn.updates;
    n.target_frames = run->turn.target_frames;
    n.seconds = run_seconds(run);
    return n;
}

void run_end(struct run *run, enum run_state state, const char *fmt, ...)
{
    if (run->state != RUN_RUNNING) return;
    run->state = state;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(run->reason, sizeof run->reason, fmt, ap);
    va_end(ap);
}

void run_end_hopeless(struct run *run, const char *why)
{
    if (run->state != RUN_RUNNING) return;
    run->bad_number = true;
    run_end(run, RUN_FAILED, RUN_HOPELESS ": %s", why);
}

void run_check_stop(struct run *run)
{
    const int sig = signals_stop();
    if (sig) run_end(run, RUN_STOPPED, "%s", signals_name(sig));
    if (run->state != RUN_RUNNING || run->turn.frames < run->options->frames) return;
    if (!run->turn.updates && dropped_sum(&run->dropped))
        run_end_hopeless(run, "nothing could be applied");
    else if (dropped_hopeless(&run->dropped))
        run_end_hopeless(run, "nothing could be applied any more");
    else
        run_end(run, RUN_DONE, "frames reached");
}

void run_fail(struct run *run, const char *why)
{
    run->state = RUN_FAILED;
    snprintf(run->reason, sizeof run->reason, "%.240s", why);
    log_error("%s", why);
}
