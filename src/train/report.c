/* report.c -- the books of a run: sums per interval, signs of life, and how they reach people (stderr), readers of
 * run.h5 and RUN/status. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "job/process.h"
#include "learn/explore.h"
#include "train/master.h"

static const double SILENT_AFTER = 5; /* s without a sign of life */
/* All actors are taken for lost after so many seconds without a sign of any; where rollouts take long, after ten times
 * the longest silence that one has come back from, and before the first push, whose rollout
 * tells, after LOST_AT_START. */
static const double LOST_AFTER = 60, LOST_AT_START = 300;
enum { SILENCES_MOST = 200 }; /* then they are seen in RUN/status alone */

static void interval_reset(struct interval *i, double start)
{
    memset(i, 0, sizeof *i);
    i->start = start;
    i->ret_max = -INFINITY;
}

void progress_init(struct master *m, const struct master_start *s)
{
    m->rows = memory_new((size_t)m->actors + 1, sizeof *m->rows);
    m->pids = memory_new((size_t)m->actors + 1, sizeof *m->pids);
    m->births = memory_new((size_t)m->actors + 1, sizeof *m->births);
    for (int r = 0; r <= m->actors; r++) {
        m->rows[r].rank = r;
        snprintf(m->rows[r].host, sizeof m->rows[r].host, "%s", s->hosts[r]);
        snprintf(m->rows[r].state, sizeof m->rows[r].state, "running");
        /* another container may have our host's name: its processes are not seen here, or are not ours */
        m->births[r] = strcmp(s->hosts[r], s->hosts[0]) ? 0 : process_birth(s->pids[r]);
        m->pids[r] = m->births[r] ? s->pids[r] : 0;
    }
    m->eps_final = memory_new((size_t)m->actors + 1, sizeof *m->eps_final);
    for (int r = 1; r <= m->actors;
         r++) { /* what agent_new() draws for the actor's first environment, from the same stream */
        const struct agent_config c = setup_agent_config(m->setup, r);
        struct rng rng = rng_make(c.seed, r, RNG_EXPLORE, 0);
        m->eps_final[r] = explore_draw_final(c.eps_final, c.eps_prob, c.eps_count, &rng);
    }
    m->silent_for = memory_new((size_t)m->actors, sizeof *m->silent_for);
    m->first_update = m->turn.updates;
    m->ret_recent = m->max_recent = NAN;
    interval_reset(&m->now, m->started);
    interval_reset(&m->row, m->started);
    m->next_log = m->started + m->options->log_every;
}

void progress_event(struct master *m, int rank, const char *kind, const char *fmt, ...)
{
    struct run_event e = {.seconds = master_seconds(m), .frames = m->turn.frames, .rank = rank};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e.text, sizeof e.text, fmt, ap);
    va_end(ap);
    snprintf(e.kind, sizeof e.kind, "%s", kind);
    runfile_event(m->runfile, &e);
    log_root("  rank %d on %s: %s: %s", rank, m->rows[rank].host, kind, e.text);
}

static void add_push(struct interval *i, const struct share_push *p, int64_t lag)
{
    i->frames += p->frames;
    i->steps += p->steps;
    i->dropped += p->bad != 0;
    if (p->bad || p->scale == 0) return;
    i->pushes++;
    i->updates++;
    i->policy_loss += (double)p->policy_loss;
    i->value_loss += (double)p->value_loss;
    i->entropy += (double)p->entropy;
    i->norm += (double)p->norm;
    i->lag_sum += (double)lag;
    if (lag > i->lag_max) i->lag_max = lag;
}

void progress_push(struct master *m, const struct share_ready *r, int64_t lag)
{
    const struct share_push *p = &r->push;
    add_push(&m->now, p, lag);
    if (m->options->deterministic) add_push(&m->row, p, lag);
    m->rows[r->actor + 1].frames += p->frames;
    if (p->bad || p->scale == 0) return;
    m->lag[lag < 0 ? 0 : lag < RUN_LAG_ROWS ? lag : RUN_LAG_ROWS - 1]++;
    m->rows[r->actor + 1].updates++;
}

bool progress_lost(const struct master *m, int actor)
{
    return strcmp(m->rows[actor + 1].state, "running") != 0;
}

bool progress_dead(const struct master *m, int actor)
{
    return !strcmp(m->rows[actor + 1].state, "dead");
}

static void set_state(struct master *m, int actor, const char *state)
{
    struct run_actor *row = &m->rows[actor + 1];
    if (!strcmp(row->state, state) || !strcmp(row->state, "dead")) return;
    snprintf(row->state, sizeof row->state, "%s", state);
    if (!strcmp(state, "dead")) {
        m->anyone_lost = true;
        progress_event(m, actor + 1, "actor-lost", "its process is gone%s",
                       m->options->deterministic ? "" : "; the others go on");
    } else if (m->silences >= SILENCES_MOST) {
        return; /* rollouts that take longer than SILENT_AFTER: no news */
    } else if (!strcmp(state, "silent")) {
        m->silences++;
        progress_event(m, actor + 1, "actor-silent", "no sign of life for %.0f s; the others %s", SILENT_AFTER,
                       m->options->deterministic ? "wait for it" : "go on");
    } else if (m->state == RUN_RUNNING && !strcmp(state, "running")) {
        progress_event(m, actor + 1, "actor-back", "it gives signs of life again");
    }
}

double progress_patience(const struct master *m)
{
    return m->turn.updates > m->first_update ? fmax(LOST_AFTER, 10 * m->longest_silence) : LOST_AT_START;
}

void progress_watch(struct master *m)
{
    int live = 0;
    double least = INFINITY;
    for (int a = 0; a < m->actors; a++) {
        const double silence = share_silence(m->share, a);
        struct run_actor *row = &m->rows[a + 1];
        if (silence < 0) { /* it said goodbye */
            if (m->state == RUN_RUNNING) set_state(m, a, "ended");
            continue;
        }
        const double before = m->silent_for[a];
        m->silent_for[a] = silence;
        if (silence < before && m->turn.updates > m->first_update)
            m->longest_silence = fmax(m->longest_silence, before);
        row->last_seen = master_seconds(m) - silence;
        if (m->pids[a + 1] && silence > 0.5 && !process_is(m->pids[a + 1], m->births[a + 1]))
            set_state(m, a, "dead");
        else
            set_state(m, a, silence > SILENT_AFTER ? "silent" : "running");
        if (strcmp(row->state, "dead")) {
            live++;
            least = fmin(least, silence);
        }
    }
    if (m->state == RUN_RUNNING && (!live || least > progress_patience(m)))
        master_end(m, RUN_LOST_ACTORS, "all %d actors are gone", m->actors);
}

static void add_episodes(struct interval *i, const struct share_episode *e, int n)
{
    for (int k = 0; k < n; k++) {
        i->ret_sum += e[k].ret;
        i->ret_max = fmax(i->ret_max, e[k].ret);
    }
    i->episodes += n;
}

void progress_episodes(struct master *m)
{
    enum { MOST = 64 };
    struct share_episode e[MOST];
    for (int a = 0; a < m->actors; a++) {
        int n;
        int64_t dropped = 0;
        do {
            n = share_take_episodes(m->share, a, e, MOST, &dropped);
            for (int i = 0; i < n; i++) {
                const struct run_episode row = {.frames = m->turn.frames,
                                                .seconds = master_seconds(m),
                                                .actor = a + 1,
                                                .ret = e[i].ret,
                                                .length = e[i].frames};
                runfile_episode(m->runfile, &row);
            }
            add_episodes(&m->now, e, n);
            if (m->options->deterministic) add_episodes(&m->row, e, n);
            m->n.episodes += n;
            m->rows[a + 1].episodes += n;
        } while (n == MOST);
        m->now.dropped += dropped;
        m->row.dropped += dropped;
    }
}

void progress_look(struct master *m)
{
    progress_episodes(m);
    progress_watch(m);
}

static void write_status(struct master *m, const struct run_train *t, double left)
{
    const struct status s = {.state = m->state,
                             .frames = m->turn.frames,
                             .frames_total = m->options->frames,
                             .steps = m->turn.steps,
                             .updates = m->turn.updates,
                             .episodes = m->n.episodes,
                             .seconds = t->seconds,
                             .frames_per_s = t->frames_per_s,
                             .updates_per_s = t->updates_per_s,
                             .return_mean = m->ret_recent,
                             .return_max = m->max_recent,
                             .eval_mean = m->eval_mean,
                             .eval_best = m->n.best_mean,
                             .lag_mean = t->lag_mean,
                             .lag_max = t->lag_max,
                             .seconds_left = left,
                             .rank_count = m->actors + 1,
                             .actors = m->rows};
    struct status named = s;
    char trouble[sizeof named.reason];
    *trouble = '\0';
    if (m->state != RUN_FAILED) clerk_trouble(m, trouble, sizeof trouble); /* then it is the reason */
    snprintf(named.reason, sizeof named.reason, "%.120s%s%.130s", m->reason, *m->reason && *trouble ? "; " : "",
             trouble);
    clerk_status(m, &named);
}

void progress_begin(struct master *m)
{
    const struct run_train none = {
        .seconds = master_seconds(m), .frames_per_s = NAN, .updates_per_s = NAN, .return_max = NAN, .lag_mean = NAN};
    write_status(m, &none, NAN);
}

static struct run_train row_of(const struct master *m, const struct interval *i, double clock)
{
    const double pushes = i->pushes ? (double)i->pushes : NAN, dt = fmax(clock - i->start, 1e-9);
    const double steps = i->pushes ? (double)i->steps : NAN;
    return (struct run_train){.seconds = master_seconds(m),
                              .frames = m->turn.frames,
                              .steps = m->turn.steps,
                              .updates = m->turn.updates,
                              .frames_per_s = (double)i->frames / dt,
                              .updates_per_s = (double)i->updates / dt,
                              .return_mean = i->episodes ? i->ret_sum / (double)i->episodes : NAN,
                              .return_max = i->episodes ? i->ret_max : NAN,
                              .episodes = i->episodes,
                              .policy_loss = i->policy_loss / steps,
                              .value_loss = i->value_loss / steps,
                              .entropy = i->entropy / steps,
                              .grad_norm = i->norm / pushes,
                              .lr = turn_master_lr(&m->turn),
                              .lag_mean = i->lag_sum / pushes,
                              .lag_max = i->lag_max,
                              .dropped = i->dropped};
}

void progress_row(struct master *m)
{
    const double clock = clock_seconds();
    if (!m->row.frames) return;
    const struct run_train row = row_of(m, &m->row, clock);
    runfile_train(m->runfile, &row);
    interval_reset(&m->row, clock);
}

void progress_log(struct master *m)
{
    const double clock = clock_seconds();
    const struct run_train row = row_of(m, &m->now, clock);
    char left_text[TEXT_FIGURE], mean[TEXT_FIGURE], max[TEXT_FIGURE];
    if (m->now.episodes) {
        m->ret_recent = row.return_mean;
        m->max_recent = row.return_max;
    }
    const double left = (double)(m->options->frames - m->turn.frames) / row.frames_per_s;
    for (int a = 1; a <= m->actors && m->setup->algo != ALGO_A3C; a++)
        m->rows[a].epsilon = explore_epsilon(m->eps_final[a], m->turn.frames, m->options->eps_frames);
    m->rows[0].updates = m->turn.updates;
    m->rows[0].frames = m->turn.frames;
    m->rows[0].last_seen = row.seconds;
    if (!m->options->deterministic) runfile_train(m->runfile, &row); /* else see progress_row() */
    runfile_lag(m->runfile, m->lag);
    runfile_actors(m->runfile, m->rows);
    clerk_log(m);
    write_status(m, &row, left);
    log_root("%5.1f%%  frames %lld  steps %lld  %.0f frames/s  %.0f updates/s  return %s  max %s  lag %.1f max %lld  "
             "%s left",
             100.0 * (double)m->turn.frames / (double)m->options->frames, (long long)m->turn.frames,
             (long long)m->turn.steps, row.frames_per_s, row.updates_per_s, text_figure(m->ret_recent, "%.3g", mean),
             text_figure(m->max_recent, "%.3g", max), row.lag_mean, (long long)row.lag_max,
             text_span(fmax(left, 0), left_text));
    interval_reset(&m->now, clock);
}
