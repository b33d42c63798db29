/* scale_words.h -- the words of `bench scale`. Local. */
#ifndef DUNLIN_BENCH_SCALE_WORDS_H
#define DUNLIN_BENCH_SCALE_WORDS_H

#include "bench/words.h"
#include "measure/idle.h"

enum { SCALE_CHECK_MOST = 256 };

struct scale_words {
    double step[T_MAXES];      /* s of an agent step with its share of the gradient, by t_max; 0: to be measured */
    double fetch, push, apply; /* s; 0: to be measured */
    double link, latency;      /* bytes/s, s; 0: as assumed (link) or measured (latency) */
    double message;            /* s of rank 0's link for each message; 0: as assumed */
    double significant;        /* share of a gradient's entries that `significant` sends */
    double lag;                /* the most that is taken for harmless */
    int per_node, most;        /* actors */
    int check[2];              /* most actors of real runs: by shared memory, over TCP */
    const char *csv, *out;     /* NULL: not given */
    /* between bench scale and its ranks */
    const char *tell; /* the file that gets what they found; NULL: stdout, as figures */
    bool far;         /* every actor takes the way of a remote one */
};
/* Takes its own words out of b->argv. 0, or -1 after error_set(). */
int scale_words(struct bench *b, struct scale_words *w);

#endif
