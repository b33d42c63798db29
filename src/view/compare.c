/* compare.c -- see compare.h: its words, and which runs make which rows. */
#include "view/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/words.h"
#include "view/compare_table.h"
#include "view/names.h"
#include "view/runs.h"

enum { WORDS_MOST = 4096, USAGE = 2, FAILED = 1 };

static const char usage[] =
    "dunlin compare RUN...|DIR [--each] [--by last|best] [--csv|--json]\n"
    "  a table of runs (their folders, or folders with runs in them): settings that differ, frames, seconds, last and "
    "best mean return; runs that differ in the seed alone as one row, with their mean and range\n"
    "  environments by name, then the best settings first: by the last score (default), or the best one\n"
    "  --each: a row for every run\n"
    "  --csv, --json: for other programs\n";

struct request {
    const char *what[WORDS_MOST];
    int count, by;
    bool each, csv, json;
};

static int read_words(struct request *w, int argc, char **argv)
{
    const struct word rows[] = {
        {"--each", .flag = &w->each},
        {"--csv", .flag = &w->csv},
        {"--json", .flag = &w->json},
        {"--by", .choice = &w->by, .choices = "last|best"},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = w->what,
                                .most = WORDS_MOST,
                                .count = &w->count,
                                .noun = "words",
                                .question = "compare needs runs; allowed: dunlin compare RUN...|DIR [--csv|--json]"};
    const int rc = words_read(&words, argc, argv);
    if (!rc && w->csv && w->json) return error_set("both --csv and --json were given; allowed: one of them");
    return rc;
}

static int load(struct compare_run *run, const char *what)
{
    char path[PATH_MAX];
    bool folder;
    *run = (struct compare_run){.what = what};
    if (runs_find(what, path, sizeof path, &folder) || settings_read(&run->settings, path) ||
        outcome_read(&run->outcome, path))
        return -1;
    runs_name(what, folder, run->name, sizeof run->name);
    if (folder) snprintf(run->state, sizeof run->state, "%s", runs_state(what));
    return 0;
}

/* Runs as rows, and what is kept for them. */
struct comparing {
    struct compare_run *runs;           /* (count) */
    const struct compare_run **of_rows; /* (count) row by row */
    struct compare_row *rows;
    int count, row_count;
};

static void stretch(struct compare_span *s, double x, int *n)
{
    if (!isfinite(x)) return;
    s->low = *n ? fmin(s->low, x) : x;
    s->high = *n ? fmax(s->high, x) : x;
    s->mean = *n ? s->mean + (x - s->mean) / (*n + 1) : x;
    ++*n;
}

static void sum_up(struct compare_row *row)
{
    const struct compare_span none = {(double)NAN, (double)NAN, (double)NAN};
    int n[4] = {0};
    row->frames = row->seconds = row->last = row->best = none;
    for (int r = 0; r < row->count; r++) {
        const struct score score = compare_score(row, row->runs[r]);
        stretch(&row->frames, (double)row->runs[r]->outcome.frames, &n[0]);
        stretch(&row->seconds, row->runs[r]->outcome.seconds, &n[1]);
        stretch(&row->last, score.last, &n[2]);
        stretch(&row->best, score.best, &n[3]);
    }
}

static const char *env_of(const struct compare_run *run)
{
    return run->settings.values.env;
}

/* Evaluations are compared with evaluations. */
static bool all_evaluated(const struct comparing *c, const char *env)
{
    for (int r = 0; r < c->count; r++)
        if (!strcmp(env_of(&c->runs[r]), env) && !isfinite(c->runs[r].outcome.eval.last)) return false;
    return true;
}

static void make_rows(struct comparing *c, bool each)
{
    const struct settings **all = memory_new((size_t)c->count, sizeof *all);
    int *group = memory_new((size_t)c->count, sizeof *group), at = 0;
    for (int r = 0; r < c->count; r++) {
        all[r] = &c->runs[r].settings;
        group[r] = r;
    }
    c->row_count = each ? c->count : settings_group(all, c->count, group);
    for (int g = 0; g < c->row_count; g++) {
        struct compare_row *row = &c->rows[g];
        row->runs = &c->of_rows[at];
        for (int r = 0; r < c->count; r++)
            if (group[r] == g) c->of_rows[at++] = &c->runs[r], row->count++;
        row->by_eval = all_evaluated(c, env_of(row->runs[0]));
        sum_up(row);
    }
    free(group);
    free(all);
}

/* What the names of a row's runs, or what was typed for them, have in common. */
static void name_row(struct compare_row *row, bool typed)
{
    const char **names = memory_new((size_t)row->count, sizeof *names);
    for (int r = 0; r < row->count; r++) names[r] = typed ? row->runs[r]->what : row->runs[r]->name;
    runs_common_name(names, row->count, row->name, sizeof row->name);
    free(names);
}

static void name_rows(struct comparing *c)
{
    bool twice = false;
    for (int g = 0; g < c->row_count; g++) {
        name_row(&c->rows[g], false);
        twice |= !*c->rows[g].name;
        for (int o = 0; o < g; o++)
            twice |= !strcmp(c->rows[o].name, c->rows[g].name) &&
                     !strcmp(env_of(c->rows[o].runs[0]), env_of(c->rows[g].runs[0]));
    }
    for (int g = 0; g < c->row_count && twice; g++) name_row(&c->rows[g], true);
}

static bool by_best; /* of in_order() */

/* By environment, best first; what has no score comes last. */
static int in_order(const void *a, const void *b)
{
    const struct compare_row *x = a, *y = b;
    const int env = strcmp(env_of(x->runs[0]), env_of(y->runs[0]));
    const double p = by_best ? x->best.mean : x->last.mean, q = by_best ? y->best.mean : y->last.mean;
    if (env) return env;
    if (isnan(p) != isnan(q)) return isnan(p) ? 1 : -1;
    if (p != q && !isnan(p)) return p < q ? 1 : -1;
    return strcmp(x->name, y->name);
}

static int write_table(const struct request *w, const struct comparing *c)
{
    bool differ[OPTIONS_MOST + 1];
    const struct settings **of = memory_new((size_t)c->row_count, sizeof *of);
    for (int g = 0; g < c->row_count; g++) of[g] = &c->rows[g].runs[0]->settings;
    names_differ(of, c->row_count, differ);
    free(of);
    for (int i = 0; i < settings_count() && w->each; i++) { /* rows that the seed alone tells apart */
        if (strcmp(settings_key(i), "seed")) continue;
        for (int g = 1; g < c->row_count; g++)
            differ[i] |= c->rows[g].runs[0]->settings.values.seed != c->rows[0].runs[0]->settings.values.seed;
    }
    const struct compare_table table = {c->rows, c->row_count, differ};
    if (w->json)
        compare_json(stdout, &table);
    else if (w->csv)
        compare_csv(stdout, &table);
    else
        compare_text(stdout, &table, text_columns());
    return fflush(stdout) ? error_set("standard output cannot be written to: %s", strerror(errno)) : 0;
}

/* 0, or -1 after error_set(). */
static int compare(const struct request *w)
{
    struct runs found;
    runs_gather(&found, w->what, w->count);
    const int unread = runs_any(&found) ? FAILED : USAGE;
    struct comparing c = {.runs = memory_new((size_t)found.count, sizeof *c.runs),
                          .of_rows = memory_new((size_t)found.count, sizeof(void *)),
                          .rows = memory_new((size_t)found.count, sizeof *c.rows)};
    for (int r = 0; r < found.count; r++) {
        if (!load(&c.runs[c.count], found.what[r]))
            c.count++;
        else if (found.count > 1)
            log_root("left out: %s", error_text());
    }
    int status = c.count ? 0 : unread;
    if (!c.count && found.count > 1) error_set("none of the %d runs can be read", found.count);
    if (!status) {
        make_rows(&c, w->each);
        name_rows(&c);
        by_best = w->by == 1;
        qsort(c.rows, (size_t)c.row_count, sizeof *c.rows, in_order);
        if (write_table(w, &c)) status = FAILED;
    }
    free(c.rows);
    free(c.of_rows);
    free(c.runs);
    runs_free(&found);
    return status;
}

int compare_main(int argc, char **argv)
{
    static struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    const int status = rc ? USAGE : compare(&w);
    if (status) log_error("%s", error_text());
    return status;
}
