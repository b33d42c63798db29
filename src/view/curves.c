/* curves.c -- see curves.h. */
#include "view/curves.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/runfile.h"
#include "view/runs.h"
#include "view/thin.h"

struct loaded {
    char name[NAME_MAX + 1];
    struct thin episodes, evals; /* owner: curves_write() */
};

/* What rows become points of. */
struct loading {
    struct loaded *run;
    enum figure_axis axis;
    struct thin ticks; /* for points between them: x the frames, y the updates of /train's rows */
};

/* Updates done when `frames` frames were: straight between rows of /train, from (0, 0), and on behind the last row. */
static double updates_at(const struct thin *ticks, double frames)
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
    const double df = b->x - a->x, du = b->mean - a->mean;
    return df > 0 ? a->mean + du * (frames - a->x) / df : b->mean;
}

/* NaN where nothing says yet how many updates were made. */
static double x_of(const struct loading *l, int64_t frames, double seconds)
{
    return l->axis == FIGURE_FRAMES    ? (double)frames
           : l->axis == FIGURE_SECONDS ? seconds
           : l->ticks.count            ? updates_at(&l->ticks, (double)frames)
                                       : (double)NAN;
}

static int take_train(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_train *t = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) thin_add(&l->ticks, (double)t[i].frames, (double)t[i].updates);
    return 0;
}

static int take_episodes(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_episode *e = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) thin_add(&l->run->episodes, x_of(l, e[i].frames, e[i].seconds), e[i].ret);
    return 0;
}

static int take_evals(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct loading *l = arg;
    const struct run_eval *v = rows;
    (void)total;
    for (int64_t i = 0; i < n; i++) thin_add(&l->run->evals, x_of(l, v[i].frames, v[i].seconds), v[i].mean);
    return 0;
}

/* The points of a run file; 0, or -1 after error_set(). */
static int load_points(struct loaded *run, const char *path, enum figure_axis axis)
{
    struct loading l = {.run = run, .axis = axis};
    const bool bad = (axis == FIGURE_UPDATES && runfile_each(path, RUN_TABLE_TRAIN, take_train, &l) < 0) ||
                     runfile_each(path, RUN_TABLE_EPISODES, take_episodes, &l) < 0 ||
                     runfile_each(path, RUN_TABLE_EVAL, take_evals, &l) < 0;
    thin_free(&l.ticks);
    thin_sort(&run->episodes);
    thin_sort(&run->evals);
    return bad ? -1 : 0;
}

static int load_run(struct loaded *run, const char *what, enum figure_axis axis)
{
    char path[PATH_MAX];
    bool folder;
    if (runs_find(what, path, sizeof path, &folder)) return -1;
    runs_name(what, folder, run->name, sizeof run->name);
    return load_points(run, path, axis);
}

/* Two runs of one folder name are told apart by what was typed. */
static const char *legend_name(const char *const *typed, const struct loaded *runs, int count, int r)
{
    for (int other = 0; other < count; other++)
        if (other != r && !strcmp(runs[other].name, runs[r].name)) return typed[r];
    return runs[r].name;
}

/* Loads and writes; 0, or -1 after error_set(). */
static int write_loaded(FILE *script, const char *const *runs, int count, enum figure_axis axis,
                        enum figure_format format, struct loaded *loaded)
{
    struct figure_run curves[CURVES_MOST];
    int kept = 0;
    for (int r = 0; r < count; r++)
        if (load_run(&loaded[r], runs[r], axis)) return -1;
    for (int r = 0; r < count; r++) {
        const struct loaded *l = &loaded[r];
        if (!l->episodes.count && !l->evals.count) {
            if (count > 1) log_root("%s has no finished episode yet and is left out", runs[r]);
            continue;
        }
        curves[kept++] = (struct figure_run){.name = legend_name(runs, loaded, count, r),
                                             .episodes = l->episodes.groups,
                                             .episode_count = l->episodes.count,
                                             .total = l->episodes.total,
                                             .evals = l->evals.groups,
                                             .eval_count = l->evals.count};
    }
    if (!kept) return error_set("%.400s: no finished episode yet; plot again when the run has gone on", runs[0]);
    figure_write(script, format, axis, curves, kept);
    return 0;
}

int curves_write(FILE *script, const char *const *runs, int count, enum figure_axis axis, enum figure_format format)
{
    struct loaded *loaded = memory_new((size_t)count, sizeof *loaded);
    const int rc = write_loaded(script, runs, count, axis, format, loaded);
    for (int r = 0; r < count; r++) {
        thin_free(&loaded[r].episodes);
        thin_free(&loaded[r].evals);
    }
    free(loaded);
    return rc;
}
