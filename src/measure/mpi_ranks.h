/* mpi_ranks.h -- a start under MPI without a run: no folder, no files. */
#ifndef DUNLIN_MEASURE_MPI_RANKS_H
#define DUNLIN_MEASURE_MPI_RANKS_H

#include <stdbool.h>

#include "share/share.h"
#include "turn/master.h"

struct mpi_ranks {
    int rank, size;
    struct share *share; /* the caller opens it, mpi_ranks_end() closes it; NULL: none */
};

/* Collective: MPI_Init and the rest of a start. */
void mpi_ranks_begin(struct mpi_ranks *r);
/* Collective: true where ok on every rank; else rank 0 prints a line. */
bool mpi_ranks_agree(const struct mpi_ranks *r, bool ok);
/* Collective: closes the window where there is one, and MPI. With `lost`, local: ends this process with status 1. */
void mpi_ranks_end(struct mpi_ranks *r, bool lost);

/* Local, rank 0: turns, one after another, until the actor has said bye (or died: 30 s of silence). */
void mpi_ranks_serve(struct turn_master *m, int actor);

#endif
