/* words.c -- see words.h. */
#include "bench/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/words.h"
#include "setup/setup.h"

enum { ROOM = 32, ACTIONS = 6 };

/* --params N, in whole lines, as the window's floats come. */
static int read_params(const char *key, const char *value, void *bench)
{
    double n = 0;
    if (words_number(key, value, 16, 1e9, &n)) return -1;
    ((struct bench *)bench)->params = ((long)n + 15) / 16 * 16;
    return 0;
}

/* AT,IN,OUT[:DENSE], a matrix that begins at `from` or later and ends with the parameters; what is behind it. NULL: it
 * is none. */
static const char *read_matrix(const char *text, size_t from, size_t params, struct grad_wide *w)
{
    int n = 0, dense = 0, more = 0;
    if (sscanf(text, "%zu,%d,%d%n", &w->offset, &w->in, &w->out, &n) < 3) return NULL;
    if (sscanf(text + n, ":%d%n", &dense, &more) == 1) n += more;
    w->dense = dense;
    const bool good = w->in > 0 && w->out > 0 && w->offset % 16 == 0 && w->in % 16 == 0 && w->out % 16 == 0 &&
                      dense >= 0 && dense <= w->in && w->offset >= from && w->offset + grad_wide_floats(w) <= params;
    return good ? text + n : NULL;
}

/* AT,IN,OUT[:DENSE][+...],ROWS[,ROWS]: see words.h. */
static int read_factors(const char *key, const char *text, void *bench)
{
    struct bench *b = bench;
    b->factors_text = text;
    size_t from = 0;
    int n = 0, *rows = b->rows;
    const char *rest = text;
    b->wide = (struct grad_wides){0};
    for (int i = 0; rest && i < GRAD_WIDES; i++) {
        struct grad_wide *w = &b->wide.at[i];
        rest = read_matrix(rest, from, (size_t)b->params, w);
        if (!rest || *rest != '+') break;
        rest++;
        from = w->offset + grad_wide_floats(w);
    }
    bool good = rest && sscanf(rest, ",%d%n,%d%n", &rows[0], &n, &rows[1], &n) >= 1 && !rest[n];
    for (int i = 0; i < BENCH_ROWS && good; i++)
        good = rows[i] == 0 || grad_form_of((size_t)b->params, &b->wide, rows[i]).factors;
    return good ? 0
                : error_set("%s %s: AT,IN,OUT,ROWS of a matrix within the --params before it are wanted", key,
                            text ? text : "(nothing)");
}

static int read_norm(const char *key, const char *text, void *bench)
{
    const bool layer = text && !strcmp(text, "layer");
    ((struct bench *)bench)->norm = layer;
    return layer || (text && !strcmp(text, "none")) ? 0
                                                    : error_set("%s '%s': allowed: none, layer", key, text ? text : "");
}

/* A[,B...]: numbers of threads, each from 1 to 64. */
static int read_threads(const char *key, const char *text, void *bench)
{
    enum { MOST = 64 };
    struct bench *b = bench;
    const char *at = text ? text : "";
    int n = 0, used = 0;
    bool good = *at != 0;
    while (good && *at) {
        good = n < BENCH_THREADS && sscanf(at, "%d%n", &b->threads[n], &used) == 1 && b->threads[n] >= 1 &&
               b->threads[n] <= MOST && (!at[used] || (at[used] == ',' && at[used + 1]));
        n++;
        if (good) at += used + (at[used] == ',');
    }
    b->threads_text = text;
    return good ? 0
                : error_set("%s '%s': allowed: 1 to %d numbers from 1 to %d, such as --threads 1,2", key,
                            text ? text : "", BENCH_THREADS, MOST);
}

int bench_words(struct bench *b, int argc, char **argv)
{
    int64_t lstm = 0;
    b->argv = memory_new((size_t)argc + ROOM, sizeof *b->argv);
    const struct word rows[] = {
        {"--seconds", .real = &b->seconds, .low = 0.05, .high = 40},
        {"--params", .read = read_params, .to = b},
        {"--json", .flag = &b->json},
        {"--factors", .read = read_factors, .to = b, .hidden = true},
        {"--threads", .read = read_threads, .to = b},
        {"--lstm", .integer = &lstm, .low = 0, .high = 65536, .keep = true},
        {"--norm", .read = read_norm, .to = b, .keep = true},
        {"--net", .text = &b->net, .keep = true},
    };
    const struct words words = {
        .rows = rows, .row_count = sizeof rows / sizeof rows[0], .rest = b->argv, .rest_count = &b->argc};
    if (words_read(&words, argc, argv)) return -1;
    b->lstm = (int)lstm;
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

struct net *bench_net_new(const char *spec, int lstm, bool norm)
{
    const struct net_input picture = {.C = 4, .height = 84, .width = 84}, vector = {.dim = 4};
    const bool mlp = !strncmp(spec, "mlp", 3);
    return net_new(&(struct net_config){.spec = spec,
                                        .lstm = lstm,
                                        .layer_norm = norm,
                                        .input = mlp ? vector : picture,
                                        .heads = NET_HEADS_POLICY_V,
                                        .outputs = ACTIONS});
}

/* Of bench's own words, and of the net's in their order below, those that a WHAT knows. */
static const struct own {
    const char *what, *allowed;
    bool params, threads;
    int net; /* how many of --lstm --net --norm; -1: all options of training, which has them */
} OWN[] = {
    {"net", "--seconds --net --lstm --norm", false, false, 3},
    {"server", "--seconds --net --lstm --params --threads", true, true, 2},
    {"link", "--seconds --params", true, false, 0},
    {"actor", "--seconds and the options of train", false, false, -1},
    {"whole", "--seconds and the options of train", false, false, -1},
    {"scale", "those of `dunlin bench --help`, and the options of train", true, false, -1},
};

int bench_check_own(const struct bench *b, const char *what)
{
    char unknown[80], allowed[80];
    const char *lstm, *spec, *norm;
    const struct own *own = OWN;
    while (strcmp(own->what, what) != 0) own++;
    snprintf(unknown, sizeof unknown, "bench %s: unknown word ", what);
    snprintf(allowed, sizeof allowed, "; allowed: %s", own->allowed);
    if (b->params && !own->params) return error_set("%s--params%s", unknown, allowed);
    if (b->threads_text && !own->threads) return error_set("%s--threads%s", unknown, allowed);
    if (own->net < 0) return 0;
    const struct word rows[] = {{"--lstm", .text = &lstm},
                                {"--net", .text = &spec, .missing = ": mlp[:64,64], small or nature"},
                                {"--norm", .text = &norm}};
    const struct words words = {.rows = rows, .row_count = own->net, .unknown = {unknown, allowed}};
    if (words_read(&words, b->argc, b->argv)) return -1;
    if (!b->net) return 0;
    if (b->params)
        return error_set("bench %s: --params %ld and --net %s both say how many parameters there are; allowed: one of "
                         "them",
                         what, b->params, b->net);
    struct net *net = bench_net_new(b->net, b->lstm, b->norm);
    if (!net) return -1;
    net_free(&net);
    return 0;
}
