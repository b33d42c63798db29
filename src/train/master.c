/* master.c -- rank 0's loop: its turns (turn/master.h); everything else happens between two of them, every few
 * milliseconds, and costs microseconds. */
#include "train/master.h"

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "job/ending.h"
#include "job/signals.h"
#include "train/episodes.h"
#include "train/events.h"
#include "train/goodbyes.h"
#include "turn/actor.h"

static const double LOOK_EVERY = 0.01; /* s; between looks at episodes, posts and signals */

enum { EVENTS_MOST = 100 }; /* then they are only counted */

/* True: it is to be an event. */
static bool count_dropped(struct run *run, const struct share_push *p)
{
    run->n.bad_gradients += 1 + (int64_t)p->more;
    return run->n.bad_gradients <= EVENTS_MOST;
}

static void take_failure(struct run *run, const struct share_ready *r)
{
    if (count_dropped(run, &r->push))
        run_event(run, r->actor + 1, "environment", "the environment failed: its rollout was dropped (seed %lld)",
                  (long long)run->options->seed);
}

/* A number that is none: counted, told, and reason enough to stop where the user says so. */
static void take_bad(struct run *run, const struct share_ready *r)
{
    const uint32_t bad = r->push.bad;
    const char *const what = dropped_name(bad), *const article = bad == TURN_BAD_OBSERVATION ? "an" : "a";
    const long long seed = run->options->seed;
    if (count_dropped(run, &r->push))
        run_event(run, r->actor + 1, "bad-number", "a NaN or Inf in %s %s: %s was dropped (seed %lld)", article, what,
                  bad == TURN_BAD_GRADIENT || bad == TURN_BAD_SUM ? "it" : "its rollout", seed);
    if (run->options->on_nan != ON_NAN_STOP || run->state != RUN_RUNNING) return;
    run->bad_number = true;
    run_end(run, RUN_FAILED, "on-nan stop: rank %d on %s (seed %lld) met a NaN or Inf in %s %s; theta does not have it",
            r->actor + 1, run->hosts[r->actor + 1], seed, article, what);
    log_error("%s", run->reason);
}

/* turn_master.seen */
static void seen(void *arg, const struct share_ready *r, int64_t lag)
{
    struct master *m = arg;
    const struct share_push *p = &r->push;
    dropped_count(&m->run.dropped, p);
    sums_push(&m->sums, p, lag);
    ranks_push(&m->ranks, r->actor, p->frames, !p->bad && p->scale != 0);
    if (p->bad == TURN_BAD_ENVIRONMENT)
        take_failure(&m->run, r);
    else if (p->bad)
        take_bad(&m->run, r);
}

void master_init(struct master *m, const struct master_start *s)
{
    struct run *const run = &m->run;
    run_init(run, &s->run);
    run->turn.seen = seen;
    run->turn.arg = m;
    ranks_init(&m->ranks, run);
    sums_init(&m->sums, run->options->deterministic, run->started);
    files_init(&m->files, run);
    evaluations_init(&m->evaluations, run, &m->ranks, &m->files);
    m->totals = (struct totals){.run = run, .ranks = &m->ranks, .sums = &m->sums, .evaluations = &m->evaluations};
    snprintf(m->totals.machine, sizeof m->totals.machine, "%s", s->machine);
    totals_load(&m->totals, s->totals, s->totals_bytes);
    runfile_lag_before(run->runfile, m->sums.lag_before);
    checkpoints_init(&m->checkpoints, run, &m->ranks, &m->files, &m->totals, s->state_bytes);
    report_init(&m->report, run, &m->ranks, &m->sums, &m->files, &m->evaluations);
    cpu_flush_denormals();
    threads_init(&m->threads, run->options->master_threads ? 1 : cpu_allowed());
    report_begin(&m->report);
    turn_master_begin(&run->turn, s->theta);
    /* Of rounds, what a stop came before: asked before the first publication lets the actors on, as later ones are.
     * Who has begun its rollout looks for no request until the next, and that would wait for the answer. The checkpoint
     * may have been the last: then nobody is asked, and no round begins. */
    if (run->options->deterministic) {
        run_check_stop(run);
        if (run->state == RUN_RUNNING) evaluations_ask(&m->evaluations, s->theta);
    }
    share_start(run->share, s->theta, s->run.target, (uint64_t)run->turn.updates, run->turn.frames);
}

void master_free(struct master *m)
{
    report_free(&m->report);
    checkpoints_free(&m->checkpoints);
    evaluations_free(&m->evaluations);
    files_free(&m->files);
    ranks_free(&m->ranks);
    run_free(&m->run);
}

/* The actors stop and hand in their states, what they have pushed by then is applied, and all of it goes into the last
 * checkpoint. SIGTERM leaves a second before SIGKILL under a plain mpirun: those who are late then are left out. */
static void wind_up(struct master *m)
{
    struct run *const run = &m->run;
    const bool stopped = run->state == RUN_STOPPED, hurry = stopped && signals_hurry();
    const double patience = hurry ? ENDING_STATES_HURRY : ENDING_STATES;
    checkpoints_ask(&m->checkpoints, patience);
    share_stop(run->share, 1);
    const int missing = goodbyes_await(run, &m->ranks, &m->sums, patience);
    while (turn_master_serve(&run->turn)) {}
    episodes_take(run, &m->ranks, &m->sums);
    ranks_watch(&m->ranks);
    if ((run->state != RUN_FAILED || run->bad_number) &&
        checkpoints_finish(&m->checkpoints, hurry ? ENDING_TRIES_HURRY : ENDING_TRIES))
        run_fail(run, error_text());
    if (stopped) report_last(&m->report); /* the last figures and RUN/status, while there is time */
    goodbyes_finish(run, &m->ranks, &m->sums, missing);
}

static void look(struct master *m, double now)
{
    episodes_take(&m->run, &m->ranks, &m->sums);
    ranks_watch(&m->ranks);
    evaluations_turn(&m->evaluations);
    files_turn(&m->files);
    checkpoints_news(&m->checkpoints);
    checkpoints_turn(&m->checkpoints);
    run_check_stop(&m->run);
    report_turn(&m->report, now);
}

/* Where --master-threads leaves it to us. */
static void choose_threads(struct master *m, bool found, double now)
{
    struct run *const run = &m->run;
    struct threads *const t = &m->threads;
    struct optim *const optim = run->turn.optim;
    const int had = optim_thread_count(optim), kept = t->now;
    const int threads = threads_turn(t, found, now, run->turn.frames);
    if (t->now != kept)
        run_event(run, 0, "threads", "%d thread%s of rank 0 apply: %.3g frames/s, and %.3g and %.3g with %d", t->now,
                  t->now > 1 ? "s" : "", t->other, t->before, t->after, kept);
    if (threads == had || !optim_threads(optim, threads)) return;
    threads_refused(t, threads > 1 && !optim_threads(optim, threads - 1) ? threads - 1 : 1);
    run_event(run, 0, "threads", "%d thread%s of rank 0 apply, the system gives no more", t->now,
              t->now > 1 ? "s" : "");
}

void master_run(struct master *m)
{
    struct run *const run = &m->run;
    double next_look = 0;
    while (run->state == RUN_RUNNING) {
        const int n = turn_master_serve(&run->turn);
        const double now = clock_seconds();
        if (m->threads.most > 1) choose_threads(m, n > 0, now);
        if (now >= next_look) {
            next_look = now + LOOK_EVERY;
            look(m, now);
            threads_skip(&m->threads, clock_seconds());
        }
        run_check_stop(run);
        if (n || run->state != RUN_RUNNING) continue;
        share_idle(run->share, 0.002);
        threads_skip(&m->threads, clock_seconds());
    }
    wind_up(m);
}
