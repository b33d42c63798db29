/* scale_words.c -- see scale_words.h. */
#include "bench/scale_words.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "base/words.h"
#include "measure/costs.h"

/* US, or US,US for t_max 5 and 20; `to`: two doubles, in seconds. */
static int read_step(const char *key, const char *value, void *to)
{
    double *step = to;
    char *end = NULL;
    step[0] = step[1] = value ? 1e-6 * strtod(value, &end) : 0;
    if (value && *end == ',') step[1] = 1e-6 * strtod(end + 1, &end);
    if (!value || *end || !(step[0] > 0 && step[1] > 0 && step[0] < 10 && step[1] < 10))
        return error_set("%s %s: microseconds, or two numbers with a comma for t-max 5 and 20, is wanted", key,
                         value ? value : "(nothing)");
    return 0;
}

/* N, or NEAR,FAR: by shared memory, and over TCP. */
static int read_check(const char *key, const char *value, void *to)
{
    int *check = to, used = 0;
    const int found = value ? sscanf(value, "%d%n,%d%n", &check[0], &used, &check[1], &used) : 0;
    if (found == 1) check[1] = check[0];
    for (int i = 0; i < 2; i++)
        if (found < 1 || value[used] || check[i] < 1 || check[i] > SCALE_CHECK_MOST)
            return error_set(
                "%s %s: a number from 1 to %d, or two with a comma (by shared memory, over TCP), is wanted", key,
                value ? value : "(nothing)", SCALE_CHECK_MOST);
    return 0;
}

int scale_words(struct bench *b, struct scale_words *w)
{
    static const char FILE_WANTED[] = ": a file's name is wanted";
    *w = (struct scale_words){.significant = SCALE_SIGNIFICANT, .lag = 64, .check = {32, 8}};
    int64_t per_node = 16, most = 4096;
    int kept = 0;
    const struct word rows[] = {
        {"--step", .read = read_step, .to = w->step},
        {"--fetch", .real = &w->fetch, .low = 0.01, .high = 1e7, .unit = 1e-6},
        {"--push", .real = &w->push, .low = 0.01, .high = 1e7, .unit = 1e-6},
        {"--apply", .real = &w->apply, .low = 0.01, .high = 1e7, .unit = 1e-6},
        {"--link", .real = &w->link, .low = 1e-3, .high = 1e5, .unit = 1e9 / 8},
        {"--message", .real = &w->message, .low = 1e-3, .high = 1e4, .unit = 1e-6},
        {"--latency", .real = &w->latency, .low = 0.01, .high = 1e7, .unit = 1e-6},
        {"--significant", .real = &w->significant, .low = 1e-6, .high = 1},
        {"--lag", .real = &w->lag, .low = 1, .high = 1e9},
        {"--per-node", .integer = &per_node, .low = 1, .high = 4096},
        {"--most", .integer = &most, .low = 1, .high = 4096},
        {"--check", .read = read_check, .to = w->check},
        {"--csv", .text = &w->csv, .missing = FILE_WANTED},
        {"--out", .text = &w->out, .missing = FILE_WANTED},
        {"--tell", .text = &w->tell, .missing = FILE_WANTED, .hidden = true},
        {"--far", .flag = &w->far, .hidden = true},
    };
    const struct words words = {
        .rows = rows, .row_count = sizeof rows / sizeof rows[0], .rest = b->argv, .rest_count = &kept};
    if (words_read(&words, b->argc, b->argv)) return -1;
    b->argc = kept;
    w->per_node = (int)per_node, w->most = (int)most;
    if (w->out && !text_ends_with(w->out, ".png") && !text_ends_with(w->out, ".svg"))
        return error_set("--out is '%.400s'; allowed: a name that ends in .png or .svg", w->out);
    return 0;
}
