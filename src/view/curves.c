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

struct loaded {
    char name[NAME_MAX + 1];
    struct figure_point *episodes, *evals; /* owner: curves_write() */
    int64_t episode_count, eval_count;
};

/* Frames and updates of /train's rows, for points between them. */
struct ticks {
    struct run_train *rows;
    int64_t count;
};

/* Updates done when `frames` frames were: straight between rows of /train, from (0, 0), and on behind the last row. */
static double updates_at(const struct ticks *t, double frames)
{
    int64_t low = 0, high = t->count - 1;
    while (low < high) { /* the first row at or behind frames, or the last */
        const int64_t middle = (low + high) / 2;
        if ((double)t->rows[middle].frames < frames)
            low = middle + 1;
        else
            high = middle;
    }
    const struct run_train zero = {0}, *b = &t->rows[low], *a = low ? b - 1 : &zero;
    const double df = (double)(b->frames - a->frames), du = (double)(b->updates - a->updates);
    return df > 0 ? (double)a->updates + du * (frames - (double)a->frames) / df : (double)b->updates;
}

static int by_x(const void *a, const void *b)
{
    const double x = ((const struct figure_point *)a)->x, y = ((const struct figure_point *)b)->x;
    return (x > y) - (x < y);
}

/* Rows that are no numbers are left out: figures of a run with a fault in it can still be drawn. */
static void add_point(struct figure_point *points, int64_t *n, double x, double y)
{
    if (isfinite(x) && isfinite(y)) points[(*n)++] = (struct figure_point){x, y};
}

static double x_of(enum figure_axis axis, const struct ticks *ticks, int64_t frames, double seconds)
{
    return axis == FIGURE_FRAMES    ? (double)frames
           : axis == FIGURE_SECONDS ? seconds
                                    : updates_at(ticks, (double)frames);
}

/* The points of a run file; 0, or -1 after error_set(). */
static int load_points(struct loaded *run, const char *path, enum figure_axis axis)
{
    void *episodes = NULL, *evals = NULL, *train = NULL;
    struct ticks ticks = {0};
    int64_t n = runfile_read(path, RUN_TABLE_EPISODES, &episodes),
            m = n < 0 ? n : runfile_read(path, RUN_TABLE_EVAL, &evals);
    int status = m < 0 ? -1 : 0;
    if (!status && axis == FIGURE_UPDATES) {
        ticks.count = runfile_read(path, RUN_TABLE_TRAIN, &train);
        ticks.rows = train;
        if (ticks.count < 0) status = -1;
        if (ticks.count == 0) n = m = 0; /* nothing says yet how many updates were made */
    }
    if (!status) {
        run->episodes = memory_new((size_t)n + 1, sizeof *run->episodes);
        run->evals = memory_new((size_t)m + 1, sizeof *run->evals);
        const struct run_episode *e = episodes;
        const struct run_eval *v = evals;
        for (int64_t i = 0; i < n; i++)
            add_point(run->episodes, &run->episode_count, x_of(axis, &ticks, e[i].frames, e[i].seconds), e[i].ret);
        for (int64_t i = 0; i < m; i++)
            add_point(run->evals, &run->eval_count, x_of(axis, &ticks, v[i].frames, v[i].seconds), v[i].mean);
        qsort(run->episodes, (size_t)run->episode_count, sizeof *run->episodes, by_x);
        qsort(run->evals, (size_t)run->eval_count, sizeof *run->evals, by_x);
    }
    free(episodes);
    free(evals);
    free(train);
    return status;
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
        if (!l->episode_count && !l->eval_count) {
            if (count > 1) log_root("%s has no finished episode yet and is left out", runs[r]);
            continue;
        }
        curves[kept++] = (struct figure_run){.name = legend_name(runs, loaded, count, r),
                                             .episodes = l->episodes,
                                             .episode_count = l->episode_count,
                                             .evals = l->evals,
                                             .eval_count = l->eval_count};
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
        free(loaded[r].episodes);
        free(loaded[r].evals);
    }
    free(loaded);
    return rc;
}
