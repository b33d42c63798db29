/* scatter.c -- see scatter.h. Mnih et al. 2016 draw the score of each of 50 runs against its learning rate (figure 2),
 * and the scores of an optimizer's runs sorted (figure S5); their score is the mean over the
 * run's last evaluations. */
#include "view/scatter.h"

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

enum { WORD = 96 };

struct scored {
    char env[WORD], algo[WORD], optimizer[WORD];
    char name[4 * WORD];   /* of its series */
    double lr, eval, tail; /* means of the last evaluation and of the last tenth of the episodes; NaN: none */
};

/* The value of a `key value` line; "" where there is none. */
static void value_of(const char *text, const char *key, char *value, size_t size)
{
    const size_t n = strlen(key);
    *value = 0;
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, key, n) || at[n] != ' ') continue;
        snprintf(value, size, "%.*s", (int)strcspn(at + n + 1, "\n"), at + n + 1);
        return;
    }
}

/* The rows at the end of a table, and the sum of what they say. */
struct tail {
    enum runfile_table table;
    int64_t at, rows;
    double sum;
};

static int add_tail(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct tail *t = arg;
    t->rows = t->table == RUN_TABLE_EVAL ? total > 0 : (total + 9) / 10;
    for (int64_t i = 0; i < n; i++)
        if (t->at++ >= total - t->rows)
            t->sum += t->table == RUN_TABLE_EVAL ? ((const struct run_eval *)rows)[i].mean
                                                 : ((const struct run_episode *)rows)[i].ret;
    return 0;
}

/* NaN where there are no rows. 0, or -1 after error_set(). */
static int read_tail(const char *path, enum runfile_table table, double *mean)
{
    struct tail t = {.table = table};
    if (runfile_each(path, table, add_tail, &t) < 0) return -1;
    *mean = t.rows ? t.sum / (double)t.rows : (double)NAN;
    return 0;
}

static int read_run(struct scored *run, const char *what, enum figure_axis axis)
{
    char path[PATH_MAX], lr[WORD];
    bool folder;
    if (runs_find(what, path, sizeof path, &folder)) return -1;
    char *info = runfile_info(path);
    if (!info) return -1;
    value_of(info, "env", run->env, sizeof run->env);
    value_of(info, "algo", run->algo, sizeof run->algo);
    value_of(info, "optimizer", run->optimizer, sizeof run->optimizer);
    value_of(info, "lr", lr, sizeof lr);
    free(info);
    run->lr = atof(lr);
    if (read_tail(path, RUN_TABLE_EVAL, &run->eval) || read_tail(path, RUN_TABLE_EPISODES, &run->tail)) return -1;
    if (axis == FIGURE_LR && !(run->lr > 0)) return error_set("%.400s: its learning rate is %.40s", what, lr);
    if (isfinite(run->eval) || isfinite(run->tail)) return 0;
    return error_set("%.400s: neither an evaluation nor a finished episode with a number", what);
}

static double score_of(const struct scored *run, bool by_eval)
{
    return by_eval ? run->eval : run->tail;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct scored *)a)->name, ((const struct scored *)b)->name);
}

static int by_x(const void *a, const void *b)
{
    const double x = ((const struct figure_point *)a)->x, y = ((const struct figure_point *)b)->x;
    return (x > y) - (x < y);
}

static int best_first(const void *a, const void *b)
{
    const double x = ((const struct figure_point *)a)->y, y = ((const struct figure_point *)b)->y;
    return (x < y) - (x > y);
}

/* What tells runs of different series apart. */
static void name_runs(struct scored *runs, int count)
{
    bool several = false;
    for (int r = 1; r < count; r++) several |= strcmp(runs[r].optimizer, runs[0].optimizer) != 0;
    for (int r = 0; r < count; r++)
        snprintf(runs[r].name, sizeof runs[r].name, "%s on %s%s%s", runs[r].algo, runs[r].env, several ? ", " : "",
                 several ? runs[r].optimizer : "");
}

/* The runs of each name, side by side, as series over points (count); how many. */
static int gather(struct scored *runs, int count, enum figure_axis axis, bool by_eval, struct figure_point *points,
                  struct figure_series *series)
{
    int found = 0;
    qsort(runs, (size_t)count, sizeof *runs, by_name);
    for (int r = 0; r < count; r++) {
        points[r] = (struct figure_point){runs[r].lr, score_of(&runs[r], by_eval)};
        if (!r || strcmp(runs[r].name, runs[r - 1].name))
            series[found++] = (struct figure_series){.name = runs[r].name, .points = &points[r]};
        series[found - 1].count++;
    }
    for (int s = 0, at = 0; s < found; at += series[s++].count) {
        qsort(points + at, (size_t)series[s].count, sizeof *points, axis == FIGURE_RANK ? best_first : by_x);
        for (int i = 0; axis == FIGURE_RANK && i < series[s].count; i++) points[at + i].x = i + 1;
    }
    return found;
}

int scatter_write(FILE *script, const char *const *runs, int count, enum figure_axis axis, enum figure_format format)
{
    struct scored *scored = memory_new((size_t)count, sizeof *scored);
    struct figure_point *points = memory_new((size_t)count, sizeof *points);
    struct figure_series *series = memory_new((size_t)count, sizeof *series);
    int n = 0, kept = 0;
    bool by_eval = true;
    for (int r = 0; r < count; r++) {
        if (!read_run(&scored[n], runs[r], axis))
            by_eval &= isfinite(scored[n++].eval);
        else if (count > 1)
            log_root("left out: %s", error_text());
    }
    for (int r = 0; r < n; r++) {
        if (isfinite(score_of(&scored[r], by_eval)))
            scored[kept++] = scored[r];
        else
            log_root("left out: a run of %s with lr %g: no finished episode, where another has no evaluation",
                     scored[r].env, scored[r].lr);
    }
    name_runs(scored, kept);
    const int found = gather(scored, kept, axis, by_eval, points, series);
    if (kept)
        figure_write_scores(script, format, axis,
                            by_eval ? "mean return, last evaluation" : "mean return, last tenth of the episodes",
                            series, found);
    free(series);
    free(points);
    free(scored);
    return kept ? 0 : count > 1 ? error_set("none of the %d runs has a score", count) : -1;
}
