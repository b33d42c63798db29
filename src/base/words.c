/* words.c -- see words.h. */
#include "base/words.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/home.h"

struct word_parts word_split(const char *word)
{
    struct word_parts parts;
    const char *equals = strncmp(word, "--", 2) ? NULL : strchr(word, '=');
    const int n = equals ? (int)(equals - word) : (int)strlen(word);
    snprintf(parts.key, sizeof parts.key, "%.*s", n, word);
    parts.value = equals ? equals + 1 : NULL;
    return parts;
}

int words_find_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return i;
    return -1;
}

int words_number(const char *key, const char *text, double low, double high, double *value)
{
    char *end = NULL;
    if (text) *value = strtod(text, &end);
    if (!text || end == text || *end || !(*value >= low && *value <= high))
        return error_set("%s %.80s: a number from %g to %g is wanted", key, text ? text : "(nothing)", low, high);
    return 0;
}

static int read_choice(const struct word *row, const char *value)
{
    char allowed[200];
    size_t n = 0;
    int place = 0;
    for (const char *c = row->choices; value && *c; place++, c += *c == '|') {
        const size_t length = strcspn(c, "|");
        if (strlen(value) == length && !strncmp(value, c, length)) {
            *row->choice = place;
            return 0;
        }
        c += length;
    }
    for (const char *c = row->choices; *c && n + 3 < sizeof allowed; c++) {
        allowed[n++] = *c == '|' ? ',' : *c;
        if (*c == '|') allowed[n++] = ' ';
    }
    allowed[n] = '\0';
    return error_set("%s is '%.80s'; allowed: %s", row->key, value ? value : "", allowed);
}

/* A row's value, NULL where it is missing. 0, or -1 after error_set(). */
static int take_value(const struct word *row, const char *value)
{
    double number = 0;
    if (row->read) return row->read(row->key, value, row->to);
    if (row->choice) return read_choice(row, value);
    if (row->text) {
        *row->text = value;
        const bool missing = !value || (row->missing && !*value);
        return missing && !row->keep ? error_set("%s: its value is missing%s", row->key, row->missing) : 0;
    }
    if (words_number(row->key, value, row->low, row->high, &number)) return -1;
    if (row->integer && number != floor(number))
        return error_set("%s %.80s: a whole number from %g to %g is wanted", row->key, value, row->low, row->high);
    if (row->integer)
        *row->integer = (int64_t)number;
    else
        *row->real = row->unit > 0 ? number * row->unit : number;
    return 0;
}

static int refuse(const struct words *w, const char *word)
{
    char keys[400] = "";
    size_t n = 0;
    if (w->unknown[0]) return error_set("%s%.80s%s", w->unknown[0], word, w->unknown[1]);
    for (int r = 0; r < w->row_count && n < sizeof keys; r++)
        n += (size_t)snprintf(keys + n, sizeof keys - n, " %s", w->rows[r].key);
    return error_set("unknown option %.80s; allowed:%s", word, keys);
}

/* No shell looks behind a =: there ~ is still one. What is not as typed stays allocated, a value of the command. */
static const char *whole_path(const char *value)
{
    char text[4096];
    const char *path = home_path(value, text, sizeof text), *kept = path == value ? NULL : strdup(path);
    return kept ? kept : value;
}

/* A word that is in no row. 0, or -1 after error_set(). */
static int take_other(const struct words *w, char *word, int *count)
{
    if (w->rest) {
        w->rest[(*w->rest_count)++] = word;
        return 0;
    }
    if (word[0] == '-' || !w->what || (*count == w->most && !w->noun)) return refuse(w, word);
    if (*count < w->most) {
        w->what[(*count)++] = *word == '~' ? word : whole_path(word);
        return 0;
    }
    if (w->most > 1) return error_set("more than %d %s; allowed: at most so many", w->most, w->noun);
    return error_set("one %s at a time: %.200s and %.200s were given", w->noun, w->what[0], word);
}

static void (*told)(void *to, const char *key);
static void *told_to;

void words_tell(void (*take)(void *to, const char *key), void *to)
{
    told = take;
    told_to = to;
}

bool words_telling(void)
{
    return told != NULL;
}

int words_read(const struct words *w, int argc, char **argv)
{
    int count = 0;
    for (int r = 0; told && r < w->row_count; r++)
        if (!w->rows[r].hidden) told(told_to, w->rows[r].key);
    if (told) return 1;
    for (int i = 0; i < argc; i++) {
        const struct word_parts parts = word_split(argv[i]);
        const struct word *row = NULL;
        if (w->usage && words_find_help(1, argv + i) == 0) return text_help(stdout, w->usage) < 0 ? -1 : 1;
        for (int r = 0; r < w->row_count && !row; r++)
            if (!strcmp(parts.key, w->rows[r].key) && !(w->rows[r].flag && parts.value)) row = &w->rows[r];
        if (!row) {
            if (take_other(w, argv[i], &count)) return -1;
            continue;
        }
        if (row->keep) w->rest[(*w->rest_count)++] = argv[i];
        if (row->flag) {
            *row->flag = true;
            continue;
        }
        const char *value = parts.value ? whole_path(parts.value) : NULL;
        if (!value && i + 1 == argc && row->text && !row->keep && !row->missing) return refuse(w, argv[i]);
        if (!value && i + 1 < argc) {
            value = *argv[++i] == '~' ? argv[i] : whole_path(argv[i]);
            if (row->keep) w->rest[(*w->rest_count)++] = argv[i];
        }
        if (take_value(row, value)) return -1;
    }
    if (w->count) *w->count = count; /* NOLINT(clang-analyzer-unix.Malloc): a value stays, whole_path() */
    return w->question && !count ? error_set("%s", w->question) : 0;
}
