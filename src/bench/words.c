/* words.c -- see words.h. */
#include "bench/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "setup/setup.h"

enum { ROOM = 32, ACTIONS = 6 };

static int read_number(const char *key, const char *text, double low, double high, double *value)
{
    char *end = NULL;
    errno = 0;
    if (text) *value = strtod(text, &end);
    if (!text || end == text || *end || !(*value >= low && *value <= high))
        return error_set("%s %s: a number from %g to %g is wanted", key, text ? text : "(nothing)", low, high);
    return 0;
}

/* AT,IN,OUT,ROWS[,ROWS]: see words.h. */
static int read_factors(const char *text, struct bench *b)
{
    size_t at = 0;
    int in = 0, out = 0, n = 0, *rows = b->rows;
    const int found = text ? sscanf(text, "%zu,%d,%d,%d%n,%d%n", &at, &in, &out, &rows[0], &n, &rows[1], &n) : 0;
    b->wide = (struct grad_wide){at, in, out};
    bool good = found >= 4 && !text[n] && in > 0 && out > 0 && at % 16 == 0 && in % 16 == 0 && out % 16 == 0 &&
                at + (size_t)in * (size_t)out <= (size_t)b->params;
    for (int i = 0; i < BENCH_ROWS && good; i++)
        good = rows[i] == 0 || grad_form_of((size_t)b->params, &b->wide, rows[i]).factors;
    return good ? 0
                : error_set("--factors %s: AT,IN,OUT,ROWS of a matrix within the --params before it are wanted",
                            text ? text : "(nothing)");
}

int bench_words(struct bench *b, int argc, char **argv)
{
    b->argv = memory_new((size_t)argc + ROOM, sizeof *b->argv);
    for (int i = 0; i < argc; i++) {
        char *next = i + 1 < argc ? argv[i + 1] : NULL;
        double v = 0;
        if (!strcmp(argv[i], "--seconds")) {
            if (read_number(argv[i], next, 0.05, 40, &b->seconds)) return -1;
            i++;
        } else if (!strcmp(argv[i], "--params")) {
            if (read_number(argv[i], next, 16, 1e9, &v)) return -1;
            b->params = ((long)v + 15) / 16 * 16; /* the window's floats come in lines */
            i++;
        } else if (!strcmp(argv[i], "--factors")) {
            if (read_factors(next, b)) return -1;
            i++;
        } else if (!strcmp(argv[i], "--lstm")) {
            if (read_number(argv[i], next, 0, 65536, &v)) return -1;
            b->lstm = (int)v;
            b->argv[b->argc++] = argv[i];
            b->argv[b->argc++] = argv[++i];
        } else {
            if (!strcmp(argv[i], "--net")) b->net = next;
            if (!strncmp(argv[i], "--net=", 6)) b->net = argv[i] + 6;
            b->argv[b->argc++] = argv[i];
            if (!strcmp(argv[i], "--net") && next) b->argv[b->argc++] = argv[++i];
        }
    }
    return 0;
}

int bench_options(const struct bench *b, struct option_set *set)
{
    const char *positional = NULL;
    options_init(set);
    if (options_read_args(set, b->argc, b->argv, &positional)) return -1;
    if (positional)
        return error_set("bench takes WHAT and options; \"%s\" is neither (see `dunlin bench --help`)", positional);
    return setup_complete(set);
}

struct net *bench_net_new(const char *spec, int lstm)
{
    const struct net_input picture = {.C = 4, .height = 84, .width = 84}, vector = {.dim = 4};
    const bool mlp = !strncmp(spec, "mlp", 3);
    return net_new(spec, lstm, mlp ? &vector : &picture, NET_HEADS_POLICY_V, ACTIONS);
}

int bench_check_net(const struct bench *b, const char *what)
{
    for (int i = 0; i < b->argc; i++) {
        if (!strcmp(b->argv[i], "--lstm")) {
            i++;
        } else if (!strcmp(b->argv[i], "--net")) {
            if (++i == b->argc) return error_set("--net: its value is missing: mlp[:64,64], small or nature");
        } else if (strncmp(b->argv[i], "--net=", 6)) {
            return error_set("bench %s: unknown word %s; allowed: --seconds --net --lstm --params", what, b->argv[i]);
        }
    }
    if (!b->net) return 0;
    struct net *net = bench_net_new(b->net, b->lstm);
    if (!net) return -1;
    net_free(&net);
    return 0;
}
