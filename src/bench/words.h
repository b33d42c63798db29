/* words.h -- what `dunlin bench` was asked for: its own words, and those of training that it passes on. Local. */
#ifndef DUNLIN_BENCH_WORDS_H
#define DUNLIN_BENCH_WORDS_H

#include "base/options.h"
#include "nn/net.h"
#include "optim/grad.h"

enum { BENCH_ROWS = 2, BENCH_THREADS = 8 };

struct bench {
    double seconds; /* to measure for; 0: not given */
    long params;    /* --params, 0: not given */
    int lstm;       /* --lstm */
    bool norm;      /* --norm layer */
    bool json;      /* --json */
    /* --factors AT,IN,OUT[:DENSE][+...],ROWS[,ROWS], from bench scale to what it starts with --params: where the wide
     * matrices lie, and the rank of the factors that are pushed, 0 for none; none: not given */
    struct grad_wides wide;
    int rows[BENCH_ROWS];
    int threads[BENCH_THREADS]; /* --threads A[,B...], of the server; then 0 */
    const char *threads_text;   /* the same as typed; NULL: not given */
    const char *factors_text;   /* --factors as typed */
    const char *net;            /* --net, NULL: not given */
    int argc;                   /* the options of training among the words, --net included; argv has room for 32 more */
    char **argv;                /* owner: free() by the caller of bench_words() */
};

/* Our own options from the words behind WHAT; the rest are training's. 0, or -1 after error_set(). */
int bench_words(struct bench *b, int argc, char **argv);

/* The options of training, with the environment's defaults. 0, or -1 after error_set(). */
int bench_options(const struct bench *b, struct option_set *set);

/* Does `what`, a WHAT, know the words that it was given; of one that trains, bench's own among them. 0, or -1 after
 * error_set(). */
int bench_check_own(const struct bench *b, const char *what);

/* A policy and value network over four 84x84 planes, or, for an mlp, four floats. NULL after error_set(). Owner:
 * net_free(). */
struct net *bench_net_new(const char *spec, int lstm, bool norm);

#endif
