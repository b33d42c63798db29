/* options.h -- the options of a run: their values, where each came from, and how they are read, checked and told.
 * Every option is one row of options_table.h. */
#ifndef DUNLIN_BASE_OPTIONS_H
#define DUNLIN_BASE_OPTIONS_H

#include "base/options_table.h"
#include "dunlin/env.h"

/* Where a value came from; a later one wins over an earlier one. */
enum option_origin { ORIGIN_DEFAULT, ORIGIN_ENVIRONMENT, ORIGIN_STORED, ORIGIN_FILE, ORIGIN_COMMAND };
const char *option_origin_name(enum option_origin origin);

/* Tells which names a NAME takes: name(i), NULL behind the last. Once, before any is read; until then any name is
 * taken. The rooms that have the tables lie above this one. */
void options_names(const char *key, const char *(*name)(int i));

int option_count(void);
const char *option_key(int i);
const char *option_help(int i);
/* Is its value a text, or a word: no number and no flag. */
bool option_is_text(int i);
/* What option i is about. A name is one word, which INI files may have as a section; NULL behind the last. */
enum option_group {
    OPTIONS_OF_TASK,
    OPTIONS_OF_LEARNING,
    OPTIONS_OF_EXPLORATION,
    OPTIONS_OF_RUNNING,
    OPTIONS_OF_NODES,
    OPTION_GROUPS
};
enum option_group option_group(int i);
const char *option_group_name(int group);
/* The w-th word that option i allows; NULL behind the last, and at once where there is no list of words. */
const char *option_word(int i, int w);
/* -1 where no option has that key; the line then names the nearest key. */
int option_find(const char *key);

/* Values and their origins while they are collected. */
struct option_set {
    struct options values;
    enum option_origin origin[OPTIONS_MOST]; /* by option index */
};

/* All defaults. */
void options_init(struct option_set *set);
/* One value, parsed and checked against its row: 0, or -1 after error_set(): where (a file and line, or "--key"), key,
 * value found, what is allowed. Values of a weaker origin than the one present are ignored. */
int options_set(struct option_set *set, const char *key, const char *value, enum option_origin origin,
                const char *where);
/* An INI file, "key = value" lines, # and ; comments, sections ignored but for their brackets. 0, or -1 after
 * error_set(). */
int options_read_file(struct option_set *set, const char *path);
/* What stands behind the subcommand: at most one FILE.ini (read first), then --key value, --key=value, or a bare
 * --flag. *positional is the first word that is neither (NULL: none; more than one is an error); where positional is
 * NULL that word is the name of a preset, read as a file. */
int options_read_args(struct option_set *set, int argc, char **argv, const char **positional);
/* The environment's own defaults for set->values.algo, with origin ENVIRONMENT; arg: what follows the colon of --env
 * NAME:ARG, by which it chooses among its tasks, "" without one. 0, or -1 after error_set(). */
int options_apply_env(struct option_set *set, const struct env_ops *ops, const char *arg);
/* Of two options that say the same (eps-share, eps-frames) the one of the stronger origin stays, eps-share 0 where that
 * is the other. Before options_check(), which refuses both from one file or one command line. */
void options_settle(struct option_set *set);
/* What concerns several options at once and needs no environment (eps_final's list, ...). 0, or
 * -1 after error_set(). */
int options_check(const struct option_set *set);
/* The value of option i as text that options_set() reads back to the same bits. */
void options_format(const struct options *values, int i, char *text, size_t size);
/* May `dunlin resume` change option i; is it of one start only. */
bool option_may_change(int i);
bool option_of_start(int i);
/* Is option i for `dunlin resume RUN` to take: what may change, and --env, by which whose code runs is named again; not
 * what is about the folder, or the weights, that a run begins with. */
bool option_of_resume(int i);
/* What the run's first start says of it alone (init-from), with its origin, to `set` from `before`. */
void options_keep_first(struct option_set *set, const struct option_set *before);
/* Is option i the same in both? A library (env lib:PATH.so) or Python file (gym:FILE.py:...) is known by its name and
 * what follows it: it may lie elsewhere by now. */
bool options_same(int i, const struct options *a, const struct options *b);
/* The first option that may not change on resume and differs: then a and b are of two runs. -1: none does. */
int options_other_run(const struct option_set *a, const struct option_set *b);
/* Is there a --stop-at; its score to *score. */
bool options_stop_at(const struct options *values, double *score);
/* Global frames over which epsilon falls: eps-frames, or a share of frames. */
int64_t options_eps_frames(const struct options *o);
/* eps_final's list; returns the count (1 .. 8), or -1 after error_set(). */
int options_eps_final(const char *text, double value[8], double prob[8]);
/* The help text of the usual options, or of the whole of them, by group, one line each with its value in set and its
 * range; for a resume only of those that may change there, which otherwise stay as they were. */
void options_print_help(const struct option_set *set, bool resume, bool whole);

#endif
