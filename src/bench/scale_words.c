/* scale_words.c -- see scale_words.h. */
#include "bench/scale_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int bad_value(const char *key, const char *text, const char *allowed)
{
    return error_set("%s %s: %s is wanted", key, text ? text : "(nothing)", allowed);
}

static int read_real(const char *key, const char *text, double unit, double low, double high, double *value)
{
    char *end = NULL, allowed[80];
    errno = 0;
    *value = text ? strtod(text, &end) : 0;
    snprintf(allowed, sizeof allowed, "a number from %g to %g", low, high);
    if (!text || end == text || *end || !(*value >= low && *value <= high)) return bad_value(key, text, allowed);
    *value *= unit;
    return 0;
}

/* US, or US,US for t_max 5 and 20. */
static int read_step(const char *text, struct scale_words *w)
{
    char *end = NULL;
    w->step[0] = w->step[1] = text ? 1e-6 * strtod(text, &end) : 0;
    if (text && *end == ',') w->step[1] = 1e-6 * strtod(end + 1, &end);
    if (!text || *end || !(w->step[0] > 0 && w->step[1] > 0 && w->step[0] < 10 && w->step[1] < 10))
        return bad_value("--step", text, "microseconds, or two numbers with a comma for t-max 5 and 20,");
    return 0;
}

/* 0: taken; 1: not ours; -1 after error_set(). */
static int read_word(struct scale_words *w, const char *key, const char *v)
{
    double n = 0;
    int rc = 0;
    if (!strcmp(key, "--step")) return read_step(v, w);
    if (!strcmp(key, "--fetch")) return read_real(key, v, 1e-6, 0.01, 1e7, &w->fetch);
    if (!strcmp(key, "--push")) return read_real(key, v, 1e-6, 0.01, 1e7, &w->push);
    if (!strcmp(key, "--apply")) return read_real(key, v, 1e-6, 0.01, 1e7, &w->apply);
    if (!strcmp(key, "--link")) return read_real(key, v, 1e9 / 8, 1e-3, 1e5, &w->link);
    if (!strcmp(key, "--latency")) return read_real(key, v, 1e-6, 0.01, 1e7, &w->latency);
    if (!strcmp(key, "--significant")) return read_real(key, v, 1, 1e-6, 1, &w->significant);
    if (!strcmp(key, "--lag")) return read_real(key, v, 1, 1, 1e9, &w->lag);
    if (!strcmp(key, "--per-node") || !strcmp(key, "--most")) {
        rc = read_real(key, v, 1, 1, 4096, &n);
        *(strcmp(key, "--most") ? &w->per_node : &w->most) = (int)n;
        return rc;
    }
    const char **file = !strcmp(key, "--csv") ? &w->csv : !strcmp(key, "--out") ? &w->out : NULL;
    if (!strcmp(key, "--tell")) file = &w->tell;
    if (!file) return 1;
    *file = v;
    return v && *v ? 0 : error_set("%s: its value is missing: a file's name is wanted", key);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

int scale_words(struct bench *b, struct scale_words *w)
{
    int kept = 0;
    *w = (struct scale_words){.significant = 0.06, .lag = 64, .per_node = 16, .most = 4096};
    for (int i = 0; i < b->argc; i++) {
        char key[32];
        const char *word = b->argv[i], *equals = !strncmp(word, "--", 2) ? strchr(word, '=') : NULL;
        if (!strcmp(word, "--far")) {
            w->far = true;
            continue;
        }
        snprintf(key, sizeof key, "%.*s", equals ? (int)(equals - word) : 31, word);
        const int rc = read_word(w, key, equals ? equals + 1 : i + 1 < b->argc ? b->argv[i + 1] : NULL);
        if (rc < 0) return -1;
        if (rc)
            b->argv[kept++] = b->argv[i];
        else
            i += !equals;
    }
    b->argc = kept;
    if (w->out && !ends_with(w->out, ".png") && !ends_with(w->out, ".svg"))
        return error_set("--out is '%.400s'; allowed: a name that ends in .png or .svg", w->out);
    return 0;
}
