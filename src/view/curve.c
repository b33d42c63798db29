/* curve.c -- see curve.h: one run. */
#include "view/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/runfile.h"
#include "view/runs.h"
#include "view/thin.h"

/* In the order of CURVE_Y_WORDS; the first is no column of /train. */
static const struct column {
    const char *title;
    size_t at;
} columns[] = {
    {"episode return (raw score)", 0},
    {"policy loss", offsetof(struct run_train, policy_loss)},
    {"value loss", offsetof(struct run_train, value_loss)},
    {"entropy", offsetof(struct run_train, entropy)},
    {"gradient norm", offsetof(struct run_train, grad_norm)},
    {"learning rate", offsetof(struct run_train, lr)},
    {"lag (updates)", offsetof(struct run_train, lag_mean)},
    {"frames/s", offsetof(struct run_train, frames_per_s)},
};

const char *curve_y_title(int y)
{
    return columns[y].title;
}

/* What rows become points of. */
struct loading {
    const struct curve_how *how;
    struct thin points, evals;
    int64_t rows;      /* that points were made of, or that held no number */
    struct thin ticks; /* what x is (updates, seconds) at the frames of /train's rows, where it is neither frames nor in
                        * the rows themselves */
};

/* x when `frames` frames were done: straight between rows of /train, from (0, 0), and on behind the last row. */
static double between(const struct thin *ticks, double frames)
{
    int64_t low = 0, high = ticks->count - 1;
    while (low < high) { /* the first row at or behind frames, or the last */
        const int64_t middle = (low + high) / 2;
        if (ticks->groups[middle].x < frames)
            low = middle + 1;
        else
            high = middle;
    }
    const struct figure_group zero = {0}, *b = &ticks->groups[low], *a = low ? b - 1 : &zero;
    const double df = b->x - a->x, dy = b->mean - a->mean;
    return df > 0 ? a->mean + dy * (frames - a->x) / df : b->mean;
}

/* NaN where nothing says yet how many updates were made. */
static double x_of(const struct loading *l, int64_t frames, double seconds)
{
    return l->how->axis == FIGURE_FRAMES    ? (double)frames
           : l->how->axis == FIGURE_SECONDS ? seconds
           : l->ticks.count                 ? between(&l->ticks, (double)frames)
                                            : (double)NAN;
}

static int take_train(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_train *t = rows;
    const enum figure_axis axis = l->how->axis;
    (void)total;
    for (int64_t i = 0; i < n; i++) {
        const double frames = (double)t[i].frames, updates = (double)t[i].updates;
        const double tick = axis == FIGURE_SECONDS ? t[i].seconds : updates;
        if (axis != FIGURE_FRAMES) thin_add(&l->ticks, frames, tick);
        if (l->how->y == CURVE_RETURN) continue;
        l->rows++;
        double y;
        memcpy(&y, (const char *)&t[i] + columns[l->how->y].at, sizeof y);
        thin_add(&l->points, axis == FIGURE_FRAMES ? frames : tick, y);
    }
    return 0;
}

static int take_episodes(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_episode *e = rows;
    (void)total;
    l->rows += n;
    for (int64_t i = 0; i < n; i++) thin_add(&l->points, x_of(l, e[i].frames, e[i].seconds), e[i].ret);
    return 0;
}

static int take_evals(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_eval *v = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) thin_add(&l->evals, x_of(l, v[i].frames, v[i].seconds), v[i].mean);
    return 0;
}

static int load_rows(struct loading *l, const char *path)
{
    if (runfile_each(path, RUN_TABLE_TRAIN, take_train, l) < 0) return -1;
    if (l->how->y == CURVE_RETURN && (runfile_each(path, RUN_TABLE_EPISODES, take_episodes, l) < 0 ||
                                      runfile_each(path, RUN_TABLE_EVAL, take_evals, l) < 0))
        return -1;
    thin_sort(&l->points);
    thin_sort(&l->evals);
    return 0;
}

static int64_t window_of(const struct curve_how *how, const struct thin *points)
{
    if (how->smooth) return how->smooth;
    if (how->y == CURVE_RETURN) return figure_window(points->total);
    return strcmp(columns[how->y].title, "learning rate") ? points->total / 50 + 1 : 1;
}

static void mark_resumes(struct curve *c, const struct loading *l)
{
    for (int r = 0; r < c->settings.resumes && c->count; r++) {
        const double frames = (double)c->settings.resumed_at[r];
        const double x = l->how->axis == FIGURE_FRAMES ? frames
                         : l->ticks.count              ? between(&l->ticks, frames)
                                                       : (double)NAN;
        const double y = figure_at(c->points, c->count, x);
        if (isfinite(y)) c->resume[c->resume_count++] = (struct figure_point){x, y};
    }
}

static void finish(struct curve *c, const struct loading *l)
{
    const int64_t stride = l->evals.count / FIGURE_POINTS + 1;
    c->rows = l->rows;
    c->timed = l->how->axis != FIGURE_UPDATES || l->ticks.count;
    c->window = window_of(l->how, &l->points);
    c->points = memory_new(FIGURE_POINTS, sizeof *c->points);
    c->count = figure_smooth(l->points.groups, l->points.count, l->points.total, c->window, c->points);
    c->band = l->how->y == CURVE_RETURN && !figure_few_values(l->points.groups, l->points.count);
    c->evals = memory_new((size_t)(l->evals.count / stride) + 1, sizeof *c->evals);
    for (int64_t i = l->evals.count - 1; i >= 0; i -= stride) /* the last one always */
        c->evals[c->eval_count++] = (struct figure_point){l->evals.groups[i].x, l->evals.groups[i].mean};
    for (int i = 0; i < c->eval_count / 2; i++) {
        const struct figure_point kept = c->evals[i];
        c->evals[i] = c->evals[c->eval_count - 1 - i];
        c->evals[c->eval_count - 1 - i] = kept;
    }
    mark_resumes(c, l);
}

int curve_load(struct curve *c, const char *what, const struct curve_how *how)
{
    struct loading l = {.how = how};
    char path[PATH_MAX];
    bool folder;
    *c = (struct curve){.runs = 1};
    if (runs_find(what, path, sizeof path, &folder)) return -1;
    runs_name(what, folder, c->name, sizeof c->name);
    const int rc = settings_read(&c->settings, path) || load_rows(&l, path) ? -1 : 0;
    if (!rc) finish(c, &l);
    thin_free(&l.points);
    thin_free(&l.evals);
    thin_free(&l.ticks);
    return rc;
}

void curve_free(struct curve *c)
{
    free(c->points);
    free(c->evals);
    *c = (struct curve){0};
}
