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
#include "view/names.h"
#include "view/outcome.h"
#include "view/page.h"
#include "view/runs.h"

struct scored {
    struct settings settings;
    struct outcome outcome;
    char name[FIGURE_NAME]; /* of its series */
    int place;              /* among the runs, as they were given */
};

static int read_run(struct scored *run, const char *what, enum figure_axis axis)
{
    char path[PATH_MAX];
    bool folder;
    if (runs_find(what, path, sizeof path, &folder) || settings_read(&run->settings, path) ||
        outcome_read(&run->outcome, path))
        return -1;
    if (axis == FIGURE_LR && !(run->settings.values.lr > 0))
        return error_set("%.400s: its learning rate is %g", what, run->settings.values.lr);
    if (isfinite(run->outcome.eval.last) || isfinite(run->outcome.tenths.last)) return 0;
    return error_set("%.400s: neither an evaluation nor a finished episode with a number", what);
}

static double score_of(const struct scored *run, bool by_eval)
{
    return by_eval ? run->outcome.eval.last : run->outcome.tenths.last;
}

/* By environment, then by series, each in the order of its name. */
static int by_series(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    const int env = strcmp(x->settings.values.env, y->settings.values.env), name = strcmp(x->name, y->name);
    return env ? env : name ? name : (x->place > y->place) - (x->place < y->place);
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
    bool optimizers = false, envs = false;
    for (int r = 1; r < count; r++) {
        optimizers |= strcmp(runs[r].settings.values.optimizer, runs[0].settings.values.optimizer) != 0;
        envs |= strcmp(runs[r].settings.values.env, runs[0].settings.values.env) != 0;
    }
    for (int r = 0; r < count; r++) {
        const struct options *o = &runs[r].settings.values;
        snprintf(runs[r].name, sizeof runs[r].name, "%.40s%s%.80s%s%.40s", o->algo, envs ? "" : " on ",
                 envs ? "" : o->env, optimizers ? ", " : "", optimizers ? o->optimizer : "");
    }
}

/* What is drawn of count runs, each (count) at most. */
struct gathered {
    struct figure_point *points;
    struct figure_series *series;
    struct figure_scores *panels;
    const char *entries[PAGE_ENTRIES];
    int series_count, panel_count, entry_count;
};

static int entry_of(struct gathered *g, const char *name)
{
    int e = 0;
    while (e < g->entry_count && strcmp(g->entries[e], name)) e++;
    if (e == PAGE_ENTRIES) return e - 1; /* as many kinds of runs as nobody can tell apart */
    if (e == g->entry_count) g->entries[g->entry_count++] = name;
    return e;
}

static void gather(struct gathered *g, struct scored *runs, int count, enum figure_axis axis, bool by_eval)
{
    qsort(runs, (size_t)count, sizeof *runs, by_series);
    for (int r = 0; r < count; r++) {
        const char *env = runs[r].settings.values.env;
        const bool panel = !r || strcmp(env, runs[r - 1].settings.values.env);
        g->points[r] = (struct figure_point){runs[r].settings.values.lr, score_of(&runs[r], by_eval)};
        if (panel) g->panels[g->panel_count++] = (struct figure_scores){env, &g->series[g->series_count], 0};
        if (panel || strcmp(runs[r].name, runs[r - 1].name)) {
            g->series[g->series_count++] = (struct figure_series){entry_of(g, runs[r].name), &g->points[r], 0};
            g->panels[g->panel_count - 1].count++;
        }
        g->series[g->series_count - 1].count++;
    }
    for (int s = 0, at = 0; s < g->series_count; at += g->series[s++].count) {
        const int n = g->series[s].count;
        qsort(g->points + at, (size_t)n, sizeof *g->points, axis == FIGURE_RANK ? best_first : by_x);
        for (int i = 0; axis == FIGURE_RANK && i < n; i++) g->points[at + i].x = i + 1;
    }
}

static void write_scores(FILE *script, struct scored *runs, int count, const struct curves_how *how, bool by_eval)
{
    struct gathered g = {.points = memory_new((size_t)count, sizeof *g.points),
                         .series = memory_new((size_t)count, sizeof *g.series),
                         .panels = memory_new((size_t)count, sizeof *g.panels)};
    const struct settings **of = memory_new((size_t)count, sizeof *of);
    char title[2 * OPTION_TEXT];
    name_runs(runs, count);
    gather(&g, runs, count, how->curve.axis, by_eval);
    for (int r = 0; r < count; r++) of[r] = &runs[r].settings;
    names_title(of, count, title, sizeof title);
    const struct figure_look look = {.format = how->format,
                                     .axis = how->curve.axis,
                                     .title = how->title ? (*how->title ? how->title : NULL)
                                              : *title   ? title
                                                         : NULL,
                                     .y = by_eval ? "mean return, last evaluation"
                                                  : "mean return, last tenth of the episodes",
                                     .columns = how->columns};
    figure_write_scores(script, &look, g.panels, g.panel_count, g.entries, g.entry_count);
    free(of);
    free(g.panels);
    free(g.series);
    free(g.points);
}

int scatter_write(FILE *script, const char *const *runs, int count, const struct curves_how *how)
{
    struct scored *scored = memory_new((size_t)count, sizeof *scored);
    int n = 0, kept = 0;
    bool by_eval = true;
    for (int r = 0; r < count; r++) {
        scored[n].place = r;
        if (!read_run(&scored[n], runs[r], how->curve.axis))
            by_eval &= isfinite(scored[n++].outcome.eval.last);
        else if (count > 1)
            log_root("left out: %s", error_text());
    }
    for (int r = 0; r < n; r++) {
        if (isfinite(score_of(&scored[r], by_eval)))
            scored[kept++] = scored[r];
        else
            log_root("left out: %s: no finished episode, where another run has no evaluation", runs[scored[r].place]);
    }
    if (kept) write_scores(script, scored, kept, how, by_eval);
    free(scored);
    return kept ? 0 : count > 1 ? error_set("none of the %d runs has a score", count) : -1;
}
