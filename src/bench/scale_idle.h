/* scale_idle.h -- the ranks of `bench scale`: many actors on few cores that sleep where real ones would play and
 * differentiate, but take weights, write a gradient and push it as they do (measure/idle.h). */
#ifndef DUNLIN_BENCH_SCALE_IDLE_H
#define DUNLIN_BENCH_SCALE_IDLE_H

#include "bench/scale_words.h"
#include "measure/idle.h"

enum { IDLE_SIZES = 16 };

/* A run of sleeping actors. */
struct idle_rate {
    int t_max, actors;
    double updates, lag, cpu; /* per s; mean; of a core, rank 0 */
};
/* What the ranks found. */
struct idle_found {
    struct idle_costs alone; /* of actor 0 */
    struct idle_rate rates[T_MAXES * IDLE_SIZES];
    int count;
};
/* Collective over MPI_COMM_WORLD, MPI_Init included: the whole program of a rank. Status. */
int scale_idle(const struct bench *b, const struct scale_words *w);
/* Reads what they wrote to w->tell. 0, or -1 after error_set(). */
int scale_idle_read(const char *path, struct idle_found *found);

#endif
