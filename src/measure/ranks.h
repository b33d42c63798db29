/* ranks.h -- a start under MPI without a run: no folder, no files; and a master that keeps no account of a run. */
#ifndef DUNLIN_MEASURE_RANKS_H
#define DUNLIN_MEASURE_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "optim/optim.h"
#include "share/share.h"

struct ranks {
    int rank, size;
    struct share *share; /* the caller opens it, ranks_end() closes it; NULL: none */
};

/* Collective: MPI_Init and the rest of a start. */
void ranks_begin(struct ranks *r);
/* Collective: true where ok on every rank; else rank 0 prints a line. */
bool ranks_agree(const struct ranks *r, bool ok);
/* Collective: closes the window where there is one, and MPI. With `lost`, local: ends this process with status 1. */
void ranks_end(struct ranks *r, bool lost);

/* Rank 0 of a measurement. */
struct ranks_master {
    struct share *share;
    struct optim *optim;
    float lr;
    uint64_t version;
    int64_t frames; /* T; bench server puts its commands there */
    bool count;     /* add the pushes' frames to T */
};
enum { RANKS_DRAIN = 64 };
/* Local: n gradients, taken by share_drain(), through the optimiser; publishes and acks. */
void ranks_apply(struct ranks_master *m, const struct share_ready *ready, int n);
/* Local: serves until the actor has said bye (or died: 30 s of silence). */
void ranks_serve(struct ranks_master *m, int actor);

#endif
