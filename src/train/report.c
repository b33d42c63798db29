/* report.c -- see report.h. */
#include "train/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/episodes.h"
#include "train/evaluations.h"
#include "train/files.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"

static const double FIRST_ROW = 0.1; /* s */

void report_init(struct report *p, struct run *run, struct ranks *ranks, struct sums *sums, struct files *files,
                 const struct evaluations *evaluations)
{
    *p = (struct report){.run = run,
                         .ranks = ranks,
                         .sums = sums,
                         .files = files,
                         .evaluations = evaluations,
                         .master = process_self(),
                         .eps_final = memory_new((size_t)run->actors + 1, sizeof *p->eps_final),
                         .next = run->started + fmin(run->options->log_every, FIRST_ROW),
                         .next_line = run->started + run->options->log_every,
                         .ret_recent = NAN,
                         .max_recent = NAN};
    for (int r = 1; r <= run->actors; r++) {
        const struct agent_config config = setup_agent_config(run->setup, r);
        p->eps_final[r] = agent_eps_final(&config, 0);
    }
}

void report_free(struct report *p)
{
    free(p->eps_final);
}

static void write_status(struct report *p, const struct run_train *t, double left)
{
    const struct run *run = p->run;
    const struct status s = {.state = run->state,
                             .frames = run->turn.frames,
                             .frames_total = run->options->frames,
                             .steps = run->turn.steps,
                             .updates = run->turn.updates,
                             .episodes = run->n.episodes,
                             .seconds = t->seconds,
                             .frames_per_s = t->frames_per_s,
                             .updates_per_s = t->updates_per_s,
                             .return_mean = p->ret_recent,
                             .return_max = p->max_recent,
                             .eval_mean = p->evaluations->mean,
                             .eval_best = run->n.best_mean,
                             .lag_mean = t->lag_mean,
                             .lag_max = t->lag_max,
                             .seconds_left = left,
                             .master = p->master,
                             .rank_count = run->actors + 1,
                             .actors = p->ranks->rows};
    struct status named = s;
    char dropped[DROPPED_TEXT] = "", trouble[sizeof named.reason] = "";
    if (p->dropping || run->state != RUN_RUNNING) dropped_text(&run->dropped, NULL, dropped, sizeof dropped);
    if (run->state != RUN_FAILED) files_trouble(p->files, trouble, sizeof trouble); /* then it is the reason */
    const char *const parts[] = {run->reason, dropped, trouble};
    for (size_t i = 0, at = 0; i < sizeof parts / sizeof *parts && at < sizeof named.reason; i++)
        if (*parts[i])
            at += (size_t)snprintf(named.reason + at, sizeof named.reason - at, "%s%.120s", at ? "; " : "", parts[i]);
    files_status(p->files, &named);
}

void report_begin(struct report *p)
{
    const struct run_train none = {
        .seconds = run_seconds(p->run), .frames_per_s = NAN, .updates_per_s = NAN, .return_max = NAN, .lag_mean = NAN};
    write_status(p, &none, NAN);
}

static struct run_train row_of(const struct report *p, const struct interval *i, double clock)
{
    const struct run *run = p->run;
    const double pushes = i->pushes ? (double)i->pushes : NAN, dt = fmax(clock - i->start, 1e-9);
    const double steps = i->pushes ? (double)i->steps : NAN;
    return (struct run_train){.seconds = run->n.seconds + clock - run->started,
                              .frames = run->turn.frames,
                              .steps = run->turn.steps,
                              .updates = run->turn.updates,
                              .frames_per_s = (double)i->frames / dt,
                              .updates_per_s = (double)i->updates / dt,
                              .return_mean = i->episodes ? i->ret_sum / (double)i->episodes : NAN,
                              .return_max = i->episodes ? i->ret_max : NAN,
                              .episodes = i->episodes,
                              .policy_loss = i->policy_loss / steps,
                              .value_loss = i->value_loss / steps,
                              .entropy = i->entropy / steps,
                              .grad_norm = i->norm / pushes,
                              .lr = turn_master_lr(&run->turn),
                              .lag_mean = i->lag_sum / pushes,
                              .lag_max = i->lag_max,
                              .dropped = i->dropped};
}

static double clock_of(const struct report *p)
{
    return p->ended > 0 ? p->ended : clock_seconds();
}

void report_ended(struct report *p)
{
    p->ended = clock_seconds();
}

void report_row(struct report *p)
{
    const double clock = clock_of(p);
    if (!p->sums->row.frames) return;
    const struct run_train row = row_of(p, &p->sums->row, clock);
    runfile_train(p->run->runfile, &row);
    interval_reset(&p->sums->row, clock);
}

/* The line, cut to the terminal by what matters least. */
static void print_line(const struct report *p, const struct run_train *row, double left, const char *dropped)
{
    enum { PARTS = 9, PART = 96 };
    static const int first_to_go[] = {2, 4, 7, 6, 1}; /* steps, updates/s, lag, max, frames */
    const struct options *o = p->run->options;
    char part[PARTS][PART], line[PARTS * PART], text[TEXT_FIGURE];
    const size_t columns = (size_t)log_columns();
    snprintf(part[0], PART, "%5.1f%%", 100.0 * (double)row->frames / (double)o->frames);
    snprintf(part[1], PART, "  frames %lld", (long long)row->frames);
    snprintf(part[2], PART, "  steps %lld", (long long)row->steps);
    snprintf(part[3], PART, "  %.0f frames/s", row->frames_per_s);
    snprintf(part[4], PART, "  %.0f updates/s", row->updates_per_s);
    snprintf(part[5], PART, "  return %s", text_figure(p->ret_recent, "%.3g", text));
    snprintf(part[6], PART, "  max %s", text_figure(p->max_recent, "%.3g", text));
    snprintf(part[7], PART, "  lag %s max %lld", text_figure(row->lag_mean, "%.1f", text), (long long)row->lag_max);
    snprintf(part[8], PART, "  %s left", text_span(left, text));
    for (size_t gone = 0;; gone++) {
        size_t at = 0;
        for (int i = 0; i < PARTS; i++) at += (size_t)snprintf(line + at, sizeof line - at, "%s", part[i]);
        if (!columns || at <= columns || gone == sizeof first_to_go / sizeof *first_to_go) break;
        part[first_to_go[gone]][0] = '\0';
    }
    log_root("%s%s%s", line, *dropped ? "  " : "", dropped);
}

/* Rows, status, and a line where one is due. */
static void tell(struct report *p, bool line)
{
    struct run *const run = p->run;
    const double clock = clock_of(p);
    const struct run_train row = row_of(p, &p->sums->now, clock);
    char dropped[DROPPED_TEXT];
    if (p->sums->now.episodes) {
        p->ret_recent = row.return_mean;
        p->max_recent = row.return_max;
    }
    /* the last gradients may go beyond */
    const double left = fmax((double)(run->options->frames - run->turn.frames), 0) / row.frames_per_s;
    const struct agent_config config = setup_agent_config(run->setup, 1);
    for (int a = 1; a <= run->actors && algo_explores(run->setup->algo); a++)
        p->ranks->rows[a].epsilon = agent_epsilon(&config, &run->setup->world, p->eps_final[a], run->turn.frames);
    p->ranks->rows[0].updates = run->turn.updates;
    p->ranks->rows[0].frames = run->turn.frames;
    p->ranks->rows[0].last_seen = row.seconds;
    if (!run->options->deterministic) runfile_train(run->runfile, &row); /* else see report_row() */
    runfile_lag(run->runfile, p->sums->lag);
    episodes_tell_lost(run, p->sums);
    runfile_actors(run->runfile, p->ranks->rows);
    files_log(p->files, false);
    if (line) p->dropping = dropped_text(&run->dropped, &p->before, dropped, sizeof dropped);
    write_status(p, &row, left);
    if (line) print_line(p, &row, left, dropped);
    interval_reset(&p->sums->now, clock);
}

void report_turn(struct report *p, double now)
{
    const double every = p->run->options->log_every, since = fmax(now - p->run->started, FIRST_ROW);
    if (now < p->next) return;
    const bool line = now >= p->next_line;
    if (line) p->next_line = now + every;
    p->next = fmin(now + fmin(every, since), p->next_line);
    if (line || p->sums->now.frames) tell(p, line);
}

void report_log(struct report *p)
{
    tell(p, true);
}

void report_last(struct report *p)
{
    if (!p->last) report_log(p);
    p->last = true;
}
