/* options.c -- the table of options: defaults, parsing, checks, text. options_read.c reads files and command
 * lines, options_help.c prints the help.
 *
 * A row of OPTIONS becomes a struct row; the bounds keep their own type, because INT64_MAX
 * is no double. */
#include "base/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

enum kind { KIND_REAL, KIND_INT, KIND_FLAG, KIND_TEXT };
enum resume { FIXED, MAY, START };

struct row {
    const char *key, *help;
    size_t offset; /* in struct options */
    enum kind kind;
    enum resume resume;
    union {
        struct {
            double def, low, high;
        } real;
        struct {
            int64_t def, low, high;
        } integer;
        struct {
            bool def;
        } flag;
        struct {
            const char *def, *words; /* "": any words */
        } text;
    };
};

#define ROW_REAL(d, l, h) .kind = KIND_REAL, .real = {(d), (l), (h)}
#define ROW_INT(d, l, h) .kind = KIND_INT, .integer = {(d), (l), (h)}
#define ROW_FLAG(d, l, h) .kind = KIND_FLAG, .flag = {(d)}
#define ROW_TEXT(d, l, h) .kind = KIND_TEXT, .text = {(d), (h)}
#define X(k, field, name, def, low, high, may, text_of_help)                                                           \
    {.key = (name),                                                                                                    \
     .help = (text_of_help),                                                                                           \
     .offset = offsetof(struct options, field),                                                                        \
     .resume = (may),                                                                                                  \
     ROW_##k(def, low, high)},
static const struct row rows[] = {OPTIONS(X)};
#undef X

enum { ROWS = sizeof rows / sizeof rows[0] };
static_assert(ROWS <= sizeof((struct option_set *)0)->origin / sizeof(enum option_origin),
              "option_set.origin is too short");

static const char *const flag_words[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};

const char *option_origin_name(enum option_origin origin)
{
    static const char *const names[] = {"default", "environment", "stored", "file", "command"};
    return names[origin];
}

int option_count(void)
{
    return ROWS;
}
const char *option_key(int i)
{
    return rows[i].key;
}
const char *option_help(int i)
{
    return rows[i].help;
}
const char *option_words(int i)
{
    const struct row *row = &rows[i];
    if (row->kind != KIND_TEXT) return "";
    return strcmp(row->text.words, OPTION_NAMES) ? row->text.words : option_names(row->key);
}
bool option_may_change(int i)
{
    return rows[i].resume != FIXED;
}
bool option_of_start(int i)
{
    return rows[i].resume == START;
}

int options_other_run(const struct option_set *a, const struct option_set *b)
{
    char one[OPTION_TEXT], other[OPTION_TEXT];
    for (int i = 0; i < option_count(); i++) {
        if (option_may_change(i) || option_of_start(i)) continue;
        options_format(&a->values, i, one, sizeof one);
        options_format(&b->values, i, other, sizeof other);
        if (strcmp(one, other) != 0) return i;
    }
    return -1;
}

static int smallest(int a, int b)
{
    return a < b ? a : b;
}

/* Edits that make b of a: insert, delete, replace, swap two neighbours (optimal string alignment). A beginning of b is
 * one edit away, so that "--eps" leads to "--eps-final" and not to "--env". */
static int edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    const int n = (int)strnlen(a, LONGEST), m = (int)strnlen(b, LONGEST);
    int d[LONGEST + 1][LONGEST + 1];
    if (n >= 2 && n < m && !strncmp(a, b, (size_t)n)) return 1;
    for (int i = 0; i <= n; i++) {
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = smallest(d[i - 1][j] + 1, d[i][j - 1] + 1);
            d[i][j] = smallest(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = smallest(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
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
    int nearest = 0, least = INT32_MAX;
    for (int i = 0; i < ROWS; i++) {
        if (!strcmp(key, rows[i].key)) return i;
        const int d = edit_distance(key, rows[i].key);
        if (d < least) nearest = i, least = d;
    }
    char text[96];
    return error_set("no option is called '%s'; the nearest is '%s' (`dunlin train --help` lists all)",
                     shown(key, text), rows[nearest].key);
}

/* What row allows, in words: "a number from 0 to 1000". */
static void allowed(const struct row *row, char *text, size_t size)
{
    const char *words = option_words((int)(row - rows));
    switch (row->kind) {
    case KIND_REAL:
        snprintf(text, size, "a number from %.15g to %.15g", row->real.low, row->real.high);
        break;
    case KIND_INT:
        if (row->integer.high == INT64_MAX)
            snprintf(text, size, "a whole number, %" PRId64 " or more, such as 2000000 or 2e6", row->integer.low);
        else
            snprintf(text, size, "a whole number from %" PRId64 " to %" PRId64, row->integer.low, row->integer.high);
        break;
    case KIND_FLAG:
        snprintf(text, size, "true, false, yes, no, on, off, 1, 0");
        break;
    case KIND_TEXT:
        if (!*words) {
            snprintf(text, size, "at most %d bytes without control characters", OPTION_TEXT - 1);
            break;
        }
        size_t n = 0;
        for (const char *c = words; *c && n + 3 < size; c++) {
            text[n++] = *c == '|' ? ',' : *c;
            if (*c == '|') text[n++] = ' ';
        }
        text[n] = 0;
        break;
    }
}

/* strtod takes "inf", "nan", hexadecimal and leading blanks; a value is none of these. */
static bool read_real(const char *value, double *x)
{
    char *end;
    if (!*value || value[strspn(value, "0123456789+-.eE")]) return false;
    *x = strtod(value, &end);
    return end != value && !*end && isfinite(*x);
}

static bool read_int(const char *value, int64_t *x)
{
    char *end;
    double real;
    if (!read_real(value, &real)) return false;
    errno = 0;
    *x = strtoll(value, &end, 10);
    if (!*end) return !errno;
    if (real != floor(real) || fabs(real) >= 0x1p63) return false;
    *x = (int64_t)real;
    return true;
}

static bool read_flag(const char *value, bool *x)
{
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 4; i++)
            if (!strcasecmp(value, flag_words[truth][i])) {
                *x = truth;
                return true;
            }
    return false;
}

static bool text_allowed(const struct row *row, const char *value)
{
    const size_t n = strlen(value);
    if (n >= OPTION_TEXT) return false;
    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)value[i])) return false;
    const char *words = option_words((int)(row - rows));
    if (!*words) return true;
    for (const char *word = words; n; word += strcspn(word, "|") + 1) {
        if (strcspn(word, "|") == n && !strncmp(word, value, n)) return true;
        if (!word[strcspn(word, "|")]) return false;
    }
    return false;
}

/* Parses value and, where it is allowed and `store`, writes it to the row's field. */
static bool row_read(const struct row *row, struct options *values, const char *value, bool store)
{
    void *field = (char *)values + row->offset;
    double real;
    int64_t integer;
    bool flag;
    switch (row->kind) {
    case KIND_REAL:
        if (!read_real(value, &real) || real < row->real.low || real > row->real.high) return false;
        if (store) *(double *)field = real;
        return true;
    case KIND_INT:
        if (!read_int(value, &integer) || integer < row->integer.low || integer > row->integer.high) return false;
        if (store) *(int64_t *)field = integer;
        return true;
    case KIND_FLAG:
        if (!read_flag(value, &flag)) return false;
        if (store) *(bool *)field = flag;
        return true;
    case KIND_TEXT:
        if (!text_allowed(row, value)) return false;
        if (store) {
            memset(field, 0, OPTION_TEXT); /* so that equal options are equal bytes */
            memcpy(field, value, strlen(value));
        }
        return true;
    }
    return false;
}

void options_init(struct option_set *set)
{
    memset(set, 0, sizeof *set);
    for (int i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        void *field = (char *)&set->values + row->offset;
        switch (row->kind) {
        case KIND_REAL:
            *(double *)field = row->real.def;
            break;
        case KIND_INT:
            *(int64_t *)field = row->integer.def;
            break;
        case KIND_FLAG:
            *(bool *)field = row->flag.def;
            break;
        case KIND_TEXT:
            snprintf(field, OPTION_TEXT, "%s", row->text.def);
            break;
        }
    }
}

int options_set(struct option_set *set, const char *key, const char *value, enum option_origin origin,
                const char *where)
{
    const int i = option_find(key);
    if (i < 0) return error_set("%s: %s", where, error_text());
    double eps[8], prob[8];
    if (!row_read(&rows[i], &set->values, value, false)) {
        char bad[96], range[256];
        allowed(&rows[i], range, sizeof range);
        const char *named = strncmp(where, "--", 2) ? key : "", *colon = *named ? ": " : "";
        return error_set("%s%s%s is '%s'; allowed: %s", where, colon, named, shown(value, bad), range);
    }
    if (!strcmp(key, "eps-final") && options_eps_final(value, eps, prob) < 0)
        return error_set("%s: %s", where, error_text());
    if (origin < set->origin[i]) return 0;
    row_read(&rows[i], &set->values, value, true);
    set->origin[i] = origin;
    return 0;
}

int options_apply_env(struct option_set *set, const struct env_ops *ops)
{
    char where[160];
    snprintf(where, sizeof where, "defaults of environment %.100s", ops->name);
    for (const struct env_default *d = ops->defaults; d && d->key; d++) {
        if (d->algo && strcmp(d->algo, set->values.algo) != 0) continue;
        if (!strcmp(d->key, "env") || !strcmp(d->key, "algo"))
            return error_set("%s: '%s' is the user's to choose; allowed: any other option", where, d->key);
        if (options_set(set, d->key, d->value, ORIGIN_ENVIRONMENT, where)) return -1;
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
        if (!read_real(text, value) || *value < 0 || *value > 1) return error_set("eps-final is '%s'; %s", bad, form);
        prob[0] = 1;
        return 1;
    }
    for (char *pair; (pair = strsep(&rest, ",")); n++) {
        char *colon = strchr(pair, ':');
        if (n == 8) return error_set("eps-final is '%s', more than 8 pairs; %s", bad, form);
        if (colon) *colon = 0;
        if (!colon || !read_real(pair, &value[n]) || value[n] < 0 || value[n] > 1 || !read_real(colon + 1, &prob[n]) ||
            prob[n] <= 0 || prob[n] > 1)
            return error_set("eps-final is '%s', whose pair %d is not good; %s", bad, n + 1, form);
        sum += prob[n];
    }
    if (fabs(sum - 1) > 1e-6)
        return error_set("eps-final is '%s', whose probabilities sum to %.9g; %s", bad, sum, form);
    return n;
}

int options_check(const struct option_set *set)
{
    const struct options *o = &set->values;
    double value[8], prob[8];
    if (options_eps_final(o->eps_final, value, prob) < 0) return -1;
    if (o->t_max == 0 && o->envs_per_actor > 1)
        return error_set("t-max is 0 (one update per finished episode) and envs-per-actor is %" PRId64
                         "; allowed with t-max 0: envs-per-actor 1",
                         o->envs_per_actor);
    if (o->deterministic && strcmp(o->consistency, "versioned"))
        return error_set("consistency is '%s' (weights fetched as they lie) and deterministic is true; allowed with "
                         "deterministic: consistency versioned",
                         o->consistency);
    if (o->or_resume && o->force)
        return error_set("or-resume keeps what `out` holds and force throws it away; allowed: one of the two");
    if (o->or_resume && !*o->out)
        return error_set("or-resume is true and out is ''; allowed: the folder of the run, such as --out runs/first");
    if (!strcmp(o->relay, "off") && (strcmp(o->combine, "none") || strcmp(o->wire, "float32")))
        return error_set(
            "relay is off, combine is %s and wire is %s; allowed without relays: combine none, wire float32",
            o->combine, o->wire);
    if (o->deterministic && (strcmp(o->combine, "none") || strcmp(o->wire, "float32")))
        return error_set(
            "deterministic is true, combine is %s and wire is %s, which depend on what waits when; allowed "
            "with deterministic: combine none, wire float32",
            o->combine, o->wire);
    if (!strcmp(o->combine, "sum") && strcmp(o->optimizer, "shared-rmsprop"))
        return error_set("combine is sum and optimizer is %s, which needs to know whose gradient it gets; allowed with "
                         "combine sum: optimizer shared-rmsprop",
                         o->optimizer);
    return 0;
}

/* The shortest %g that reads back to the same bits; 40 is "40", though "4e+01" has fewer digits. */
static void format_real(double x, char *text, size_t size)
{
    char best[32] = "", other[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(other, sizeof other, "%.*g", digits, x);
        if (strtod(other, NULL) == x && (!*best || strlen(other) < strlen(best))) memcpy(best, other, sizeof best);
    }
    snprintf(text, size, "%s", best);
}

void options_format(const struct options *values, int i, char *text, size_t size)
{
    const void *field = (const char *)values + rows[i].offset;
    switch (rows[i].kind) {
    case KIND_REAL:
        format_real(*(const double *)field, text, size);
        break;
    case KIND_INT:
        snprintf(text, size, "%" PRId64, *(const int64_t *)field);
        break;
    case KIND_FLAG:
        snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
        break;
    case KIND_TEXT:
        snprintf(text, size, "%s", (const char *)field);
        break;
    }
}
