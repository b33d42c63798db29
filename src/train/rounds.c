/* rounds.c -- rank 0's loop with --deterministic: one gradient of every actor, all computed on the weights that the
 * round before ended with, applied in rank order and published once. No result depends on who came first.
 *
 * A departure from the paper's asynchrony, and a price: a round lasts as long as its slowest actor. What is asked of
 * the actors (states for a checkpoint, an evaluation by rank 1) is asked before the publication that they wait for, and
 * has arrived before their next gradients count: a checkpoint holds the weights and the actors' states of one and the
 * same moment. So a run that was killed goes on from its checkpoint as if nothing had happened. Rows of /train fall on
 * the first round's end at or after each multiple of log-frames; progress lines keep to the clock.
 *
 * With --epochs K a rollout is K rounds, of which only the last may be followed by all of that: between the others the
 * actors hold a rollout that no checkpoint has room for. */
#include "train/rounds.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/ending.h"
#include "job/signals.h"
#include "train/episodes.h"
#include "train/goodbyes.h"

static const double LOOK_EVERY = 0.01; /* s; between looks at posts, signs of life and signals */

struct rounds {
    struct share_ready *ready; /* (actors) the gradients of the round */
    struct optim_grad *grads;  /* (actors) */
    int gathered;
    int64_t epochs;             /* of the rollouts under way, that are done */
    int64_t logged;             /* T, in multiples of log-frames, when rollouts began */
    double next_look, deadline; /* monotonic; of a round that is to end after a signal, 0: none came */
};

/* All go on or none. */
static void end_without(struct master *m)
{
    struct run *const run = &m->run;
    for (int a = 0; a < run->actors && run->state == RUN_RUNNING; a++) {
        if (share_silence(run->share, a) < 0)
            run_end_hopeless(run, "an actor has given up, and a deterministic run goes on with all or none");
        if (ranks_hopeless(&m->ranks, a))
            run_end(run, RUN_LOST_ACTORS,
                    "rank %d is gone, and a deterministic run goes on with all or none: resume it from its last "
                    "checkpoint",
                    a + 1);
    }
}

/* A stop signal waits for the end of the round, for a while. */
static void heed_signal(struct run *run, double *deadline)
{
    const int sig = signals_stop();
    if (!sig) return;
    const double clock = clock_seconds();
    if (*deadline <= 0) *deadline = clock + (signals_hurry() ? ENDING_ROUND_HURRY : ENDING_ROUND);
    if (clock < *deadline) return;
    run_end(run, RUN_STOPPED, "%s", signals_name(sig));
    log_root("  the round did not end in time: no checkpoint of this moment; the newest one goes on to the same end");
}

/* What no result of a round depends on. The states are all there before any gradient of the next round counts. */
static void look(struct rounds *r, struct master *m)
{
    const struct run *run = &m->run;
    const double now = clock_seconds();
    if (now < r->next_look) return;
    r->next_look = now + LOOK_EVERY;
    ranks_watch(&m->ranks);
    end_without(m);
    evaluations_take(&m->evaluations);
    files_turn(&m->files);
    checkpoints_news(&m->checkpoints);
    /* not while rows are on their way to the disk: those up to the checkpoint go before it */
    if (run->state == RUN_RUNNING && checkpoints_asked(&m->checkpoints) && !evaluations_busy(&m->evaluations) &&
        !files_busy(&m->files, FILE_LOG))
        checkpoints_turn(&m->checkpoints);
    if (run->state == RUN_RUNNING) heed_signal(&m->run, &r->deadline);
    if (run->state == RUN_RUNNING) report_turn(&m->report, now);
}

/* Until every actor's gradient is here, and all that was asked for before; or until the run ends inside the round. */
static bool gather(struct rounds *r, struct master *m)
{
    const struct run *run = &m->run;
    r->deadline = 0;
    r->gathered = 0;
    while (run->state == RUN_RUNNING) {
        const int n = share_drain(run->share, r->ready + r->gathered, run->actors - r->gathered);
        r->gathered += n;
        const bool all = r->gathered == run->actors;
        if (all && !evaluations_busy(&m->evaluations) && !checkpoints_asked(&m->checkpoints)) return true;
        if (all) r->next_look = 0;
        look(r, m);
        if (!n) share_idle(run->share, 0.002);
    }
    return false;
}

static int by_actor(const void *a, const void *b)
{
    const struct share_ready *x = a, *y = b;
    return (x->actor > y->actor) - (x->actor < y->actor);
}

/* Rollouts are through: what is to be done between two of them, but for the publication. */
static void finish_rollouts(struct rounds *r, struct master *m, const float *next)
{
    struct run *const run = &m->run;
    const int64_t log = run->turn.frames / run->options->log_frames;
    episodes_take(run, &m->ranks, &m->sums);
    evaluations_end(&m->evaluations); /* a resume from the checkpoint before ends here, too */
    run_check_stop(run);
    if (log != r->logged || run->state == RUN_DONE) report_row(&m->report);
    r->logged = log;
    r->epochs = 0;
    if (run->state == RUN_RUNNING) {
        evaluations_ask(&m->evaluations, next);
        checkpoints_turn(&m->checkpoints);
    } else {
        checkpoints_ask(&m->checkpoints, INFINITY);
        share_stop(run->share, 1); /* before the publication: nobody begins another round */
    }
}

/* Applies the round, adds it up, and says what comes next; then the publication lets the actors on. */
static void finish_round(struct rounds *r, struct master *m)
{
    struct run *const run = &m->run;
    float *const next = share_next(run->share);
    qsort(r->ready, (size_t)run->actors, sizeof *r->ready, by_actor);
    if (!turn_master_step(&run->turn, r->ready, run->actors, r->grads)) {
        optim_buffers(run->turn.optim, share_theta_buffer(run->share), share_next_buffer(run->share));
        optim_apply(run->turn.optim, share_theta(run->share), next, NULL, 0);
    }
    turn_master_move_target(&run->turn, next);
    if (++r->epochs >= run->options->epochs) finish_rollouts(r, m, next);
    share_publish(run->share, (uint64_t)run->turn.updates, run->turn.frames);
    share_ack(run->share, r->ready, run->actors);
}

/* whole: the actors stopped between two rounds. Otherwise the newest checkpoint is the last. The final evaluation
 * belongs to what the last checkpoint knows: a run killed within it does it again. */
static void wind_up(struct master *m, bool whole)
{
    struct run *const run = &m->run;
    share_stop(run->share, 1);
    const double patience = whole ? ENDING_ROUND_STATES : ENDING_ROUND_BROKEN;
    const int missing = goodbyes_await(run, &m->ranks, &m->sums, patience);
    if (whole && !checkpoints_whole(&m->checkpoints)) {
        run_fail(run, "not every actor has handed in its state: the newest checkpoint is the last");
    } else if (whole) {
        if (run->state == RUN_DONE) evaluations_final(&m->evaluations);
        if (checkpoints_finish(&m->checkpoints, ENDING_TRIES)) run_fail(run, error_text());
    }
    if (run->state == RUN_STOPPED) report_last(&m->report); /* the last figures and RUN/status, while there is time */
    goodbyes_finish(run, &m->ranks, &m->sums, missing);
}

void rounds_run(struct master *m)
{
    struct run *const run = &m->run;
    struct rounds r = {.ready = memory_new((size_t)run->actors, sizeof *r.ready),
                       .grads = memory_new((size_t)run->actors, sizeof *r.grads)};
    bool whole = false;
    r.logged = run->turn.frames / run->options->log_frames;
    while (run->state == RUN_RUNNING && gather(&r, m)) {
        finish_round(&r, m);
        whole = run->state != RUN_RUNNING && !r.epochs;
    }
    wind_up(m, whole);
    free(r.ready);
    free(r.grads);
}
