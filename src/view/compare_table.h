/* compare_table.h -- the table of `dunlin compare` as text, CSV and JSON. Local; reads nothing itself. */
#ifndef DUNLIN_VIEW_COMPARE_TABLE_H
#define DUNLIN_VIEW_COMPARE_TABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "view/outcome.h"
#include "view/settings.h"

struct compare_run {
    const char *what; /* as typed, or found in a folder that was */
    char name[NAME_MAX + 1];
    char state[32]; /* runs_state(); "" also of a file */
    struct settings settings;
    struct outcome outcome;
};

/* Mean, least and most of what runs have; NaN where none has it. */
struct compare_span {
    double mean, low, high;
};

/* Runs that differ in the seed alone, or one. */
struct compare_row {
    const struct compare_run *const *runs; /* (count) */
    int count;
    char name[PATH_MAX];
    bool by_eval; /* last and best are of evaluations; else of tenths of the episodes, for all rows of an environment */
    struct compare_span frames, seconds, last, best;
};

struct compare_table {
    const struct compare_row *rows; /* (count) in their order */
    int count;
    const bool *differ; /* (settings_count()) settings that tell rows apart */
};

/* A run's score as its row counts it. */
struct score compare_score(const struct compare_row *row, const struct compare_run *run);

/* Within `columns` where names and values can be cut to that. */
void compare_text(FILE *out, const struct compare_table *t, int columns);
/* RFC 4180, a line of titles first. */
void compare_csv(FILE *out, const struct compare_table *t);
void compare_json(FILE *out, const struct compare_table *t);

#endif
