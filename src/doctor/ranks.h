/* ranks.h -- `dunlin doctor` under a launcher. */
#ifndef DUNLIN_DOCTOR_RANKS_H
#define DUNLIN_DOCTOR_RANKS_H

#include "base/options.h"

/* All findings, on every rank. Collective over MPI_COMM_WORLD, MPI_Init included. Status. */
int doctor_ranks(struct option_set *set);

#endif
