/* options.c -- options by key: set, compared, checked. options_row.c reads and writes one value, options_read.c reads
 * files and command lines, options_help.c prints the help. */
#include "base/options.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/option_names.h"
#include "base/options_row.h"

const char *option_origin_name(enum option_origin origin)
{
    static const char *const names[] = {"default", "environment", "stored", "file", "command"};
    return names[origin];
}

int option_count(void)
{
    return option_row_count;
}
const char *option_key(int i)
{
    return option_rows[i].key;
}
const char *option_help(int i)
{
    return option_rows[i].help;
}
bool option_may_change(int i)
{
    return option_rows[i].resume != FIXED;
}
bool option_is_text(int i)
{
    return option_rows[i].kind >= KIND_TEXT;
}

bool option_of_start(int i)
{
    return option_rows[i].resume == START || option_rows[i].resume == FOLDER;
}

bool option_of_resume(int i)
{
    const enum option_resume resume = option_rows[i].resume;
    return resume == MAY || resume == START || !strcmp(option_key(i), "env");
}

const char *option_word(int i, int w)
{
    return option_row_word(&option_rows[i], w);
}

enum option_group option_group(int i)
{
#define X(...) +1
    static const int rows[OPTION_GROUPS] = {[OPTIONS_OF_TASK] = 0 OPTIONS_TASK(X),
                                            [OPTIONS_OF_LEARNING] = 0 OPTIONS_LEARNING(X),
                                            [OPTIONS_OF_EXPLORATION] = 0 OPTIONS_EXPLORATION(X),
                                            [OPTIONS_OF_RUNNING] = 0 OPTIONS_RUNNING(X),
                                            [OPTIONS_OF_NODES] = 0 OPTIONS_NODES(X)};
#undef X
    int group = 0;
    for (; group < OPTION_GROUPS - 1 && i >= rows[group]; group++) i -= rows[group];
    return (enum option_group)group;
}

const char *option_group_name(int group)
{
    static const char *const names[OPTION_GROUPS + 1] = {"task", "learning", "exploration", "running", "nodes"};
    return names[group];
}

void options_names(const char *key, const char *(*name)(int i))
{
    const int i = option_find(key);
    assert(i >= 0 && option_rows[i].kind == KIND_NAME);
    option_row_names(&option_rows[i], name);
}

void options_format(const struct options *values, int i, char *text, size_t size)
{
    option_row_format(&option_rows[i], values, text, size);
}

/* What stands behind the last folder of lib:PATH.so[:ARG], or of gym:FILE.py:FUNCTION. */
static const char *without_folder(const char *text)
{
    const bool python = !strncmp(text, "gym:", 4);
    const char *arg = strstr(text, python ? ".py:" : ".so:"), *file = text + 4;
    if (python && !arg) return file;
    for (const char *p = file; *p && p != arg; p++)
        if (*p == '/') file = p + 1;
    return file;
}

bool options_same(int i, const struct options *a, const struct options *b)
{
    char one[OPTION_TEXT], other[OPTION_TEXT];
    options_format(a, i, one, sizeof one);
    options_format(b, i, other, sizeof other);
    if (!strcmp(one, other)) return true;
    if (strcmp(option_key(i), "env") || strncmp(one, other, 4)) return false;
    if (strncmp(one, "lib:", 4) && strncmp(one, "gym:", 4)) return false;
    return !strcmp(without_folder(one), without_folder(other));
}

int options_other_run(const struct option_set *a, const struct option_set *b)
{
    for (int i = 0; i < option_count(); i++)
        if (!option_may_change(i) && !option_of_start(i) && !options_same(i, &a->values, &b->values)) return i;
    return -1;
}

/* The value as an error line may hold it: one line, not too long. */
static const char *shown(const char *value, char text[96])
{
    const int n = snprintf(text, 96, "%.80s%s", value, strlen(value) > 80 ? "..." : "");
    for (int i = 0; i < n; i++)
        if (iscntrl((unsigned char)text[i])) text[i] = '?';
    return text;
}

int option_find(const char *key)
{
    for (int i = 0; i < option_count(); i++)
        if (!strcmp(key, option_rows[i].key)) return i;
    char text[96], advice[192];
    return error_set("no option is called '%s'%s (`dunlin train --help all` lists all)", shown(key, text),
                     option_names_advice(key, advice, sizeof advice));
}

void options_init(struct option_set *set)
{
    memset(set, 0, sizeof *set);
    for (int i = 0; i < option_count(); i++) option_row_init(&option_rows[i], &set->values);
}

int options_set(struct option_set *set, const char *key, const char *value, enum option_origin origin,
                const char *where)
{
    const int i = option_find(key);
    if (i < 0) return error_set("%s: %s", where, error_text());
    double eps[8], prob[8];
    if (!option_row_read(&option_rows[i], &set->values, value, false)) {
        char bad[96], range[256];
        option_row_allowed(&option_rows[i], range, sizeof range);
        const char *named = strncmp(where, "--", 2) ? key : "", *colon = *named ? ": " : "";
        return error_set("%s%s%s is '%s'; allowed: %s", where, colon, named, shown(value, bad), range);
    }
    if (!strcmp(key, "eps-final") && options_eps_final(value, eps, prob) < 0)
        return error_set("%s: %s", where, error_text());
    if (origin < set->origin[i]) return 0;
    option_row_read(&option_rows[i], &set->values, value, true);
    set->origin[i] = origin;
    return 0;
}

void options_keep_first(struct option_set *set, const struct option_set *before)
{
    char value[OPTION_TEXT];
    for (int i = 0; i < option_count(); i++) {
        if (option_rows[i].resume != FIRST) continue;
        options_format(&before->values, i, value, sizeof value);
        option_row_read(&option_rows[i], &set->values, value, true);
        set->origin[i] = before->origin[i];
    }
}

int options_apply_env(struct option_set *set, const struct env_ops *ops, const char *arg)
{
    char where[160];
    snprintf(where, sizeof where, "defaults of environment %.100s", ops->name);
    for (const struct env_default *d = ops->defaults; d && d->key; d++) {
        const char *colon = strrchr(d->key, ':'), *key = colon ? colon + 1 : d->key;
        const size_t task = colon ? (size_t)(colon - d->key) : 0;
        if (colon && (strlen(arg) != task || memcmp(arg, d->key, task) != 0)) continue;
        if (d->algo && strcmp(d->algo, set->values.algo) != 0) continue;
        if (!strcmp(key, "env") || !strcmp(key, "algo"))
            return error_set("%s: '%s' is the user's to choose; allowed: any other option", where, key);
        if (options_set(set, key, d->value, ORIGIN_ENVIRONMENT, where)) return -1;
    }
    return 0;
}

int options_eps_final(const char *text, double value[8], double prob[8])
{
    static const char *const form = "allowed: one value from 0 to 1, or 1 to 8 pairs VALUE:PROBABILITY,... with "
                                    "probabilities above 0 that sum to 1, such as 0.1:0.4,0.01:0.3,0.5:0.3";
    char copy[OPTION_TEXT], bad[96], *rest = copy;
    double sum = 0;
    int n = 0;
    shown(text, bad);
    if (strlen(text) >= sizeof copy) return error_set("eps-final is '%s', too long; %s", bad, form);
    memcpy(copy, text, strlen(text) + 1);
    if (!strchr(text, ':')) {
        if (!option_read_real(text, value) || *value < 0 || *value > 1)
            return error_set("eps-final is '%s'; %s", bad, form);
        prob[0] = 1;
        return 1;
    }
    for (char *pair; (pair = strsep(&rest, ",")); n++) {
        char *colon = strchr(pair, ':');
        if (n == 8) return error_set("eps-final is '%s', more than 8 pairs; %s", bad, form);
        if (colon) *colon = 0;
        if (!colon || !option_read_real(pair, &value[n]) || value[n] < 0 || value[n] > 1 ||
            !option_read_real(colon + 1, &prob[n]) || prob[n] <= 0 || prob[n] > 1)
            return error_set("eps-final is '%s', whose pair %d is not good; %s", bad, n + 1, form);
        sum += prob[n];
    }
    if (fabs(sum - 1) > 1e-6)
        return error_set("eps-final is '%s', whose probabilities sum to %.9g; %s", bad, sum, form);
    return n;
}

bool options_stop_at(const struct options *values, double *score)
{
    return *values->stop_at && option_read_real(values->stop_at, score);
}

int64_t options_eps_frames(const struct options *o)
{
    return o->eps_share > 0 ? (int64_t)(o->eps_share * (double)o->frames) : o->eps_frames;
}

void options_settle(struct option_set *set)
{
    const int share = option_find("eps-share");
    if (set->origin[option_find("eps-frames")] <= set->origin[share]) return;
    set->values.eps_share = 0;
    set->origin[share] = ORIGIN_DEFAULT;
}

/* How gradients travel between nodes. */
static int check_nodes(const struct options *o)
{
    char combine[OPTION_TEXT], wire[OPTION_TEXT];
    options_format(o, option_find("combine"), combine, sizeof combine);
    options_format(o, option_find("wire"), wire, sizeof wire);
    const bool changed = o->combine != COMBINE_NONE || o->wire != WIRE_FLOAT32;
    if (o->relay == RELAY_OFF && changed)
        return error_set(
            "relay is off, combine is %s and wire is %s; allowed without relays: combine none, wire float32", combine,
            wire);
    if (o->deterministic && changed)
        return error_set(
            "deterministic is true, combine is %s and wire is %s, which depend on what waits when; allowed "
            "with deterministic: combine none, wire float32",
            combine, wire);
    if (o->combine_most && o->combine != COMBINE_SUM)
        return error_set("combine-most is %" PRId64 " and combine is none, so that there are no sums; allowed with "
                         "combine-most above 0: combine sum",
                         o->combine_most);
    if (o->combine_age && !o->combine_most)
        return error_set("combine-age is %" PRId64
                         " and combine-most is 0 (nothing is added before rank 0 has answered); "
                         "allowed with combine-age above 0: combine-most 1 or more",
                         o->combine_age);
    if (o->combine_most && o->epochs > 1)
        return error_set("combine-most is %" PRId64 " and epochs is %" PRId64
                         ", each of which wants weights that have the "
                         "gradient before; allowed with epochs above 1: combine-most 0",
                         o->combine_most, o->epochs);
    return 0;
}

int options_check(const struct option_set *set)
{
    const struct options *o = &set->values;
    double value[8], prob[8];
    if (options_eps_final(o->eps_final, value, prob) < 0) return -1;
    if (*o->stop_at && !options_stop_at(o, value))
        return error_set("stop-at is '%.80s'; allowed: a number, the mean that an evaluation must reach, or empty",
                         o->stop_at);
    if (*o->stop_at && !o->eval_every)
        return error_set("stop-at is %s and eval-every is 0, so that no score is known; allowed with stop-at: "
                         "eval-every 1 or more",
                         o->stop_at);
    const enum option_origin frames = set->origin[option_find("eps-frames")];
    if (o->eps_share > 0 && frames > ORIGIN_STORED && frames == set->origin[option_find("eps-share")])
        return error_set("eps-share is %g and eps-frames is %" PRId64 ", which both say when exploration has fallen; "
                         "allowed: one of the two (eps-share 0: off)",
                         o->eps_share, o->eps_frames);
    if (o->t_max == 0 && o->envs_per_actor > 1)
        return error_set("t-max is 0 (one update per finished episode) and envs-per-actor is %" PRId64
                         "; allowed with t-max 0: envs-per-actor 1",
                         o->envs_per_actor);
    if (o->deterministic && o->consistency != CONSISTENCY_VERSIONED)
        return error_set(
            "consistency is 'hogwild' (weights fetched as they lie) and deterministic is true; allowed with "
            "deterministic: consistency versioned");
    if (o->or_resume && o->force)
        return error_set("or-resume keeps what `out` holds and force throws it away; allowed: one of the two");
    if (o->or_resume && !*o->out)
        return error_set("or-resume is true and out is ''; allowed: the folder of the run, such as --out runs/first");
    return check_nodes(o);
}
