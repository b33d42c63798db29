/* curves.c -- see curves.h. */
#include "view/curves.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "view/names.h"
#include "view/runs.h"

enum { NAME_SHOWN = 72 };

/* Runs that are drawn as one curve. */
struct drawn {
    const struct curve *const *runs; /* (count) */
    int count, panel, entry;
    struct curve mean; /* where count > 1 */
    char name[FIGURE_NAME];
};

struct all {
    const char *const *typed;
    struct curve *loaded;           /* (count) */
    const struct curve **of_groups; /* (count) group by group */
    struct drawn *drawn;            /* (groups) */
    int count, groups, panels;
    char entries[CURVES_MOST][FIGURE_NAME + 32];
    int least[CURVES_MOST], most[CURVES_MOST]; /* runs of an entry's curves */
    int entry_count;
};

static const struct curve *curve_of(const struct drawn *d)
{
    return d->count > 1 ? &d->mean : d->runs[0];
}

static const struct settings *settings_of(const struct drawn *d)
{
    return &d->runs[0]->settings;
}

/* A run that can be drawn: 0, or -1 after error_set(). */
static int load_one(struct curve *c, const char *run, const struct curves_how *how)
{
    if (curve_load(c, run, &how->curve)) return -1;
    if (c->count || c->eval_count) return 0;
    const bool returns = how->curve.y == CURVE_RETURN, later = !strcmp(runs_state(run), "running");
    const char *again = later ? " yet; plot again when the run has gone on" : "";
    if (!c->rows)
        error_set("%.400s: no %s%s", run, returns ? "finished episode" : "row of /train", again);
    else if (!c->timed)
        error_set("%.400s: no row of /train, which tells updates%s", run, again);
    else
        error_set("%.400s: none of its %lld %s is a number (%s)", run, (long long)c->rows,
                  returns ? "returns" : "values", curve_y_title(how->curve.y));
    curve_free(c);
    return -1;
}

/* Loads what can be drawn: 0, or -1 after error_set(). */
static int load(struct all *a, const char *const *runs, int count, const struct curves_how *how, const char **typed)
{
    for (int r = 0; r < count; r++) {
        if (!load_one(&a->loaded[a->count], runs[r], how))
            typed[a->count++] = runs[r];
        else if (count > 1)
            log_root("left out: %s", error_text());
    }
    return a->count ? 0 : count > 1 ? error_set("none of the %d runs can be drawn", count) : -1;
}

/* Each group's runs side by side, and the panel of its environment. */
static void group(struct all *a, bool each)
{
    const struct settings **of = memory_new((size_t)a->count, sizeof *of);
    int *group = memory_new((size_t)a->count, sizeof *group), at = 0;
    for (int r = 0; r < a->count; r++) {
        of[r] = &a->loaded[r].settings;
        group[r] = r;
    }
    a->groups = each ? a->count : settings_group(of, a->count, group);
    for (int g = 0; g < a->groups; g++) {
        struct drawn *d = &a->drawn[g];
        d->runs = &a->of_groups[at];
        for (int r = 0; r < a->count; r++)
            if (group[r] == g) a->of_groups[at++] = &a->loaded[r], d->count++;
        d->panel = a->panels;
        for (int o = 0; o < g && d->panel == a->panels; o++)
            if (!strcmp(settings_of(&a->drawn[o])->values.env, settings_of(d)->values.env))
                d->panel = a->drawn[o].panel;
        a->panels += d->panel == a->panels;
    }
    free(group);
    free(of);
}

/* The name by folders, or by what was typed: what its runs' names begin with. */
static void name_by_folder(const struct all *a, struct drawn *d, bool typed)
{
    const char **names = memory_new((size_t)d->count, sizeof *names);
    for (int r = 0; r < d->count; r++) names[r] = typed ? a->typed[d->runs[r] - a->loaded] : d->runs[r]->name;
    runs_common_name(names, d->count, d->name, sizeof d->name);
    free(names);
}

static void name_all(struct all *a)
{
    enum { SETTINGS_MOST = 3 }; /* more would be no name */
    bool differ[OPTIONS_MOST + 1], twice = false;
    const struct settings **of = memory_new((size_t)a->groups, sizeof *of);
    for (int g = 0; g < a->groups; g++) of[g] = settings_of(&a->drawn[g]);
    names_differ(of, a->groups, differ);
    free(of);
    const int n = names_count(differ);
    const bool seeds = a->groups < a->count, by_settings = n <= SETTINGS_MOST && (a->panels > 1 || (seeds && n > 0));
    for (int g = 0; g < a->groups; g++) {
        struct drawn *d = &a->drawn[g];
        if (by_settings)
            names_by_settings(settings_of(d), differ, d->name, sizeof d->name);
        else
            name_by_folder(a, d, false);
        if (!*d->name) snprintf(d->name, sizeof d->name, "%.200s", settings_of(d)->values.algo);
        for (int o = 0; o < g; o++) twice |= a->drawn[o].panel == d->panel && !strcmp(a->drawn[o].name, d->name);
    }
    for (int g = 0; g < a->groups && twice; g++) name_by_folder(a, &a->drawn[g], true);
}

static bool drawn_in(const struct all *a, int groups, int panel, int entry)
{
    for (int g = 0; g < groups; g++)
        if (a->drawn[g].panel == panel && a->drawn[g].entry == entry) return true;
    return false;
}

/* The legend: curves of one name, one in each panel, share an entry. 0, or -1 after error_set(). */
static int enter(struct all *a)
{
    char cut[FIGURE_NAME], shown[CURVES_MOST][FIGURE_NAME];
    for (int g = 0; g < a->groups; g++) {
        struct drawn *d = &a->drawn[g];
        int e = 0;
        while (e < a->entry_count && (strcmp(a->entries[e], d->name) || drawn_in(a, g, d->panel, e))) e++;
        if (e == CURVES_MOST)
            return error_set(
                "the runs are more than %d curves; allowed: at most so many (--x lr draws one point per run)",
                CURVES_MOST);
        if (e == a->entry_count) {
            snprintf(a->entries[e], sizeof a->entries[e], "%s", d->name);
            a->least[e] = a->most[e] = d->count;
            a->entry_count++;
        }
        d->entry = e;
        if (d->count < a->least[e]) a->least[e] = d->count;
        if (d->count > a->most[e]) a->most[e] = d->count;
    }
    for (int e = 0; e < a->entry_count; e++) {
        char n[48] = "";
        if (a->most[e] > 1 && a->least[e] == a->most[e]) snprintf(n, sizeof n, " (n = %d)", a->most[e]);
        if (a->least[e] < a->most[e]) snprintf(n, sizeof n, " (n = %d to %d)", a->least[e], a->most[e]);
        text_cut(a->entries[e], NAME_SHOWN - (int)strlen(n), cut, sizeof cut);
        snprintf(shown[e], sizeof shown[e], "%.200s%s", cut, n);
        for (int o = 0; o < e; o++) /* names that were cut to the same */
            if (!strcmp(shown[o], shown[e])) snprintf(shown[e], sizeof shown[e], "%d: %.200s", e + 1, cut);
    }
    for (int e = 0; e < a->entry_count; e++) memcpy(a->entries[e], shown[e], sizeof shown[e]);
    return 0;
}

/* " mean of 100 episodes", where that holds for all. */
static void smoothing(const struct all *a, const struct curves_how *how, char *text, size_t size)
{
    const int64_t window = curve_of(&a->drawn[0])->window;
    bool same = window > 0;
    for (int g = 1; g < a->groups; g++) same &= curve_of(&a->drawn[g])->window == window;
    if (!same)
        snprintf(text, size, "running mean");
    else if (window > 1)
        snprintf(text, size, "mean of %lld %s", (long long)window, how->curve.y ? "rows" : "episodes");
    else
        *text = 0;
}

static void write_all(FILE *script, const struct all *a, const struct curves_how *how)
{
    static const char *const bands[] = {"least to most of the runs", "95% interval of the mean"};
    struct figure_panel *panels = memory_new((size_t)a->panels, sizeof *panels);
    struct figure_curve *curves = memory_new((size_t)a->groups, sizeof *curves);
    const struct settings **of = memory_new((size_t)a->groups, sizeof *of);
    const char *entries[CURVES_MOST];
    char title[2 * OPTION_TEXT], smooth[64], alone[128], y[160];
    int n = 0;
    for (int p = 0; p < a->panels; p++) {
        panels[p].curves = &curves[n];
        for (int g = 0; g < a->groups; g++) {
            const struct drawn *d = &a->drawn[g];
            const struct curve *c = curve_of(d);
            if (d->panel != p) continue;
            panels[p].title = settings_of(d)->values.env;
            panels[p].count++;
            curves[n++] = (struct figure_curve){d->entry, c->points, c->count,      c->band,        c->runs > 1,
                                                c->evals, c->resume, c->eval_count, c->resume_count};
        }
    }
    for (int g = 0; g < a->groups; g++) of[g] = settings_of(&a->drawn[g]);
    names_title(of, a->groups, title, sizeof title);
    smoothing(a, how, smooth, sizeof smooth);
    for (int e = 0; e < a->entry_count; e++) entries[e] = a->entries[e];
    const bool one = a->entry_count == 1, plain = how->curve.y != CURVE_RETURN;
    const char *what = *smooth ? smooth : plain ? curve_y_title(how->curve.y) : "episodes";
    snprintf(alone, sizeof alone, a->most[0] > 1 ? "%s, mean of n = %d runs" : "%s", what, a->most[0]);
    if (one && a->least[0] == a->most[0]) entries[0] = alone;
    snprintf(y, sizeof y, "%s%s%s", curve_y_title(how->curve.y), one || a->panels > 1 || !*smooth ? "" : ", ",
             one || a->panels > 1 ? "" : smooth);
    const struct figure_look look = {.format = how->format,
                                     .axis = how->curve.axis,
                                     .title = how->title ? (*how->title ? how->title : NULL)
                                              : *title   ? title
                                                         : NULL,
                                     .y = y,
                                     .band = {"10th to 90th percentile", bands[how->curve.interval]},
                                     .columns = how->columns};
    figure_write_curves(script, &look, panels, a->panels, entries, a->entry_count);
    free(panels);
    free(curves);
    free(of);
}

int curves_write(FILE *script, const char *const *runs, int count, const struct curves_how *how)
{
    static struct all a;
    const char **typed = memory_new((size_t)count, sizeof *typed);
    a = (struct all){.typed = typed};
    a.loaded = memory_new((size_t)count, sizeof *a.loaded);
    a.of_groups = memory_new((size_t)count, sizeof *a.of_groups);
    a.drawn = memory_new((size_t)count, sizeof *a.drawn);
    int rc = load(&a, runs, count, how, typed);
    if (!rc) {
        group(&a, how->each);
        for (int g = 0; g < a.groups; g++)
            if (a.drawn[g].count > 1) curve_mean(&a.drawn[g].mean, a.drawn[g].runs, a.drawn[g].count, &how->curve);
        name_all(&a);
        rc = enter(&a);
        if (!rc) write_all(script, &a, how);
    }
    for (int r = 0; r < count; r++) curve_free(&a.loaded[r]);
    for (int g = 0; g < a.groups; g++) curve_free(&a.drawn[g].mean);
    free(a.drawn);
    free(a.of_groups);
    free(a.loaded);
    free(typed);
    return rc;
}
