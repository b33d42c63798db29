/* rounds.c -- rank 0's loop with --deterministic: one gradient of every actor, all computed on the weights that the
 * round before ended with, applied in rank order and published once. No result depends on who came first.
 *
 * A departure from the paper's asynchrony, and a price: a round lasts as long as its slowest actor. What is asked of
 * the actors (states for a checkpoint, an evaluation by rank 1) is asked before the publication that they wait for, and
 * has arrived before their next gradients count: a checkpoint holds the weights and the actors' states of one and the
 * same moment. So a run that was killed goes on from its checkpoint as if nothing had happened. Rows of /train fall on
 * the first round's end at or after each multiple of log-frames; progress lines keep to the clock. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/signals.h"
#include "train/master.h"

static const double LOOK_EVERY = 0.01; /* s; between looks at posts, signs of life and signals */
static const double HURRY = 0.4;       /* s for a round's end after SIGINT or SIGTERM: mpirun kills after one */
static const double PATIENCE = 20;     /* s for a round's end after SIGUSR1 */
static const double GOODBYES = 60;     /* s for the actors' states and goodbyes */

void rounds_init(struct master *m)
{
    if (!m->options->deterministic) return;
    m->round = memory_new((size_t)m->actors, sizeof *m->round);
    m->grads = memory_new((size_t)m->actors, sizeof *m->grads);
}

/* All go on or none. */
static void end_without(struct master *m)
{
    for (int a = 0; a < m->actors && m->state == RUN_RUNNING; a++) {
        const double silence = share_silence(m->share, a);
        if (progress_dead(m, a) || silence < 0 || silence > progress_patience(m))
            master_end(m, RUN_LOST_ACTORS,
                       "rank %d is gone, and a deterministic run goes on with all or none: resume it from its last "
                       "checkpoint",
                       a + 1);
    }
}

/* A stop signal waits for the end of the round, for a while. */
static void heed_signal(struct master *m, double *deadline)
{
    const int sig = signals_stop();
    if (!sig) return;
    const double clock = clock_seconds();
    if (*deadline <= 0) *deadline = clock + (sig == SIGUSR1 ? PATIENCE : HURRY);
    if (clock < *deadline) return;
    master_end(m, RUN_STOPPED, "%s", signals_name(sig));
    log_root("  the round did not end in time: no checkpoint of this moment; the newest one goes on to the same end");
}

/* What does not belong to a round's books. The states are all there before any gradient of the next round counts. */
static void look(struct master *m, double *deadline)
{
    const double now = clock_seconds();
    if (now < m->next_look) return;
    m->next_look = now + LOOK_EVERY;
    progress_watch(m);
    end_without(m);
    referee_take(m);
    clerk_turn(m);
    /* not while rows are on their way to the disk: those up to the checkpoint go before it */
    if (m->state == RUN_RUNNING && m->state_deadline > 0 && m->eval_actor < 0 && !clerk_busy(m, CLERK_LOG))
        keeper_turn(m);
    if (m->state == RUN_RUNNING) heed_signal(m, deadline);
    if (m->state == RUN_RUNNING && now >= m->next_log) {
        m->next_log = now + m->options->log_every;
        progress_log(m);
    }
}

/* Until every actor's gradient is here, and all that was asked for before; or until the run ends inside the round. */
static bool gather(struct master *m)
{
    double deadline = 0;
    m->gathered = 0;
    while (m->state == RUN_RUNNING) {
        const int n = share_drain(m->share, m->round + m->gathered, m->actors - m->gathered);
        m->gathered += n;
        if (m->gathered == m->actors && m->eval_actor < 0 && m->state_deadline <= 0) return true;
        if (m->gathered == m->actors) m->next_look = 0;
        look(m, &deadline);
        if (!n) share_idle(m->share, 0.002);
    }
    return false;
}

static int by_actor(const void *a, const void *b)
{
    const struct share_ready *x = a, *y = b;
    return (x->actor > y->actor) - (x->actor < y->actor);
}

/* Applies the round, takes its books, and says what comes next; then the publication lets the actors on. */
static void finish_round(struct master *m)
{
    const int64_t every = m->options->log_frames, before = m->turn.frames / every;
    float *const next = share_next(m->share);
    qsort(m->round, (size_t)m->actors, sizeof *m->round, by_actor);
    const int k = turn_master_count(&m->turn, m->round, m->actors, m->grads);
    optim_buffers(m->optim, share_theta_buffer(m->share), share_next_buffer(m->share));
    optim_apply(m->optim, share_theta(m->share), next, m->grads, k);
    turn_master_move_target(&m->turn, next);
    progress_episodes(m);
    master_check_stop(m);
    if (m->turn.frames / every != before || m->state == RUN_DONE) progress_row(m);
    if (m->state == RUN_RUNNING) {
        referee_ask(m, next);
        keeper_turn(m);
    } else {
        keeper_ask(m, INFINITY);
        share_stop(m->share, 1); /* before the publication: nobody begins another round */
    }
    share_publish(m->share, (uint64_t)m->turn.updates, m->turn.frames);
    share_ack(m->share, m->round, m->actors);
}

static void fail(struct master *m, const char *why)
{
    m->state = RUN_FAILED;
    snprintf(m->reason, sizeof m->reason, "%.240s", why);
    log_error("%s", why);
}

/* whole: the actors stopped between two rounds. Otherwise the newest checkpoint is the last. The final evaluation
 * belongs to what the last checkpoint knows: a run killed within it does it again. */
static void wind_up(struct master *m, bool whole)
{
    share_stop(m->share, 1);
    const int missing = master_farewell(m, whole ? GOODBYES : 1, true);
    if (whole && !keeper_whole(m)) {
        fail(m, "not every actor has handed in its state: the newest checkpoint is the last");
    } else if (whole) {
        if (m->state == RUN_DONE) referee_final(m);
        if (keeper_finish(m, 3)) fail(m, error_text());
    }
    if (m->state == RUN_STOPPED) progress_log(m); /* the last figures and RUN/status, while there is time */
    master_goodbyes(m, missing);
}

void rounds_run(struct master *m)
{
    bool whole = false;
    master_check_stop(m); /* the checkpoint may have been the last */
    while (m->state == RUN_RUNNING && gather(m)) {
        finish_round(m);
        whole = m->state != RUN_RUNNING;
    }
    wind_up(m, whole);
}
