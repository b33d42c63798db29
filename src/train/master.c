/* master.c -- rank 0's loop: its turns (turn/master.h); everything else happens between two of them, every few
 * milliseconds, and costs microseconds. */
#include "train/master.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/signals.h"
#include "train/actor.h"

static const double LOOK_EVERY = 0.01; /* s; between looks at episodes, posts and signals */

double master_seconds(const struct master *m)
{
    return m->n.seconds + clock_seconds() - m->started;
}

struct checkpoint_counters master_counters(const struct master *m)
{
    struct checkpoint_counters n = m->n;
    n.frames = m->turn.frames;
    n.steps = m->turn.steps;
    n.updates = m->turn.updates;
    n.target_frames = m->turn.target_frames;
    n.seconds = master_seconds(m);
    return n;
}

void master_end(struct master *m, enum run_state state, const char *fmt, ...)
{
    if (m->state != RUN_RUNNING) return;
    m->state = state;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(m->reason, sizeof m->reason, fmt, ap);
    va_end(ap);
}

static const char *const bad_numbers[] = {"", "gradient", "reward", "observation"}; /* by enum turn_bad */

/* A number that is none: counted, told, and reason enough to stop where the user says so. */
static void take_bad(struct master *m, const struct share_ready *r)
{
    enum { EVENTS_MOST = 100 }; /* then they are only counted */
    const uint32_t bad = r->push.bad < sizeof bad_numbers / sizeof bad_numbers[0] ? r->push.bad : 0;
    if (++m->n.bad_gradients <= EVENTS_MOST)
        progress_event(m, r->actor + 1, "bad-number", "a NaN or Inf in %s %s: %s was dropped (seed %lld)",
                       bad == TURN_BAD_OBSERVATION ? "an" : "a", bad_numbers[bad],
                       bad == TURN_BAD_GRADIENT ? "it" : "its rollout", (long long)m->options->seed);
    if (strcmp(m->options->on_nan, "stop") || m->state != RUN_RUNNING) return;
    m->bad_number = true;
    master_end(m, RUN_FAILED,
               "on-nan stop: rank %d on %s (seed %lld) met a NaN or Inf in %s %s; theta does not have it", r->actor + 1,
               m->rows[r->actor + 1].host, (long long)m->options->seed, bad == TURN_BAD_OBSERVATION ? "an" : "a",
               bad_numbers[bad]);
    log_error("%s", m->reason);
}

/* turn_master.seen */
static void seen(void *arg, const struct share_ready *r, int64_t lag)
{
    struct master *m = arg;
    progress_push(m, r, lag);
    if (r->push.bad) take_bad(m, r);
}

static void turn_init(struct master *m, const float *target)
{
    const struct options *o = m->options;
    m->turn = (struct turn_master){.share = m->share,
                                   .optim = m->optim,
                                   .params = m->setup->facts->params,
                                   .lr = o->lr,
                                   .lr_anneal = o->lr_anneal,
                                   .lr_frames = o->frames,
                                   .target_every = o->target_every,
                                   .seen = seen,
                                   .arg = m,
                                   .frames = m->n.frames,
                                   .steps = m->n.steps,
                                   .updates = m->n.updates,
                                   .target_frames = m->n.target_frames};
    if (!target) return;
    m->turn.target = memory_floats(m->turn.params);
    memcpy(m->turn.target, target, m->turn.params * sizeof *target);
}

void master_init(struct master *m, const struct master_start *s)
{
    memset(m, 0, sizeof *m);
    m->set = s->set;
    m->options = &s->set->values;
    m->setup = s->setup;
    m->dir = s->dir;
    m->share = s->share;
    m->optim = s->optim;
    m->runfile = s->runfile;
    m->actors = share_actors(s->share);
    m->n = *s->counters;
    m->started = clock_seconds();
    m->state = RUN_RUNNING;
    turn_init(m, s->target);
    clerk_init(m);
    progress_init(m, s);
    snprintf(m->machine, sizeof m->machine, "%s", s->machine);
    books_load(m, s->books, s->books_bytes);
    runfile_lag_before(m->runfile, m->lag_before);
    keeper_init(m, s->state_bytes);
    referee_init(m);
    rounds_init(m);
    cpu_flush_denormals();
    progress_begin(m);
    share_start(m->share, s->theta, s->target, (uint64_t)m->turn.updates, m->turn.frames);
}

void master_free(struct master *m)
{
    free(m->turn.target);
    free(m->rows);
    free(m->pids);
    free(m->births);
    free(m->eps_final);
    free(m->silent_for);
    free(m->round);
    free(m->grads);
    keeper_free(m);
    clerk_free(m);
    referee_free(m);
}

void master_check_stop(struct master *m)
{
    const int sig = signals_stop();
    if (sig) master_end(m, RUN_STOPPED, "%s", signals_name(sig));
    if (m->turn.frames >= m->options->frames) master_end(m, RUN_DONE, "frames reached");
}

int master_farewell(struct master *m, double seconds, bool silent)
{
    const double until = clock_seconds() + seconds;
    for (;;) {
        const int missing = share_wait_bye(m->share, 0.1);
        progress_look(m);
        /* a relay that sums gradients sends the next sum once this one is answered, and its actors'
         * goodbyes behind it */
        while (silent && !m->options->deterministic && turn_master_serve(&m->turn)) {}
        int dead = 0, lost = 0;
        for (int a = 0; a < m->actors; a++) {
            dead += progress_dead(m, a);
            lost += progress_lost(m, a) && share_silence(m->share, a) >= 0;
        }
        if (missing <= (silent ? dead : lost) || clock_seconds() >= until) return missing;
    }
}

void master_goodbyes(struct master *m, int missing)
{
    if (missing) missing = master_farewell(m, 10, false);
    if (missing) m->anyone_lost = true;
    for (int a = 0; a < m->actors && missing; a++)
        if (share_silence(m->share, a) >= 0 && !progress_dead(m, a))
            progress_event(m, a + 1, "no-goodbye", "it did not answer the stop: it hangs, or is gone");
}

/* The actors stop and hand in their states, what they have pushed by then is applied, and all of it goes into the last
 * checkpoint. SIGTERM leaves a second before SIGKILL under a plain mpirun: those who are late then are left out. */
static void wind_up(struct master *m)
{
    const bool stopped = m->state == RUN_STOPPED, hurry = stopped && signals_stop() != SIGUSR1;
    const double patience = hurry ? 0.25 : 2;
    keeper_ask(m, patience);
    share_stop(m->share, 1);
    int missing = master_farewell(m, patience, true);
    while (turn_master_serve(&m->turn)) {}
    progress_look(m);
    if ((m->state != RUN_FAILED || m->bad_number) && keeper_finish(m, hurry ? 1 : 3)) {
        m->state = RUN_FAILED;
        snprintf(m->reason, sizeof m->reason, "%.240s", error_text());
        log_error("%s", error_text());
    }
    if (stopped) progress_log(m); /* the last figures and RUN/status, while there is time */
    master_goodbyes(m, missing);
}

void master_run(struct master *m)
{
    if (m->options->deterministic) {
        rounds_run(m);
        return;
    }
    while (m->state == RUN_RUNNING) {
        const int n = turn_master_serve(&m->turn);
        const double now = clock_seconds();
        if (now >= m->next_look) {
            m->next_look = now + LOOK_EVERY;
            progress_look(m);
            referee_turn(m);
            clerk_turn(m);
            keeper_turn(m);
            master_check_stop(m);
            if (now >= m->next_log) {
                m->next_log = now + m->options->log_every;
                progress_log(m);
            }
        }
        master_check_stop(m);
        if (!n && m->state == RUN_RUNNING) share_idle(m->share, 0.002);
    }
    wind_up(m);
}
