/* mpi.h -- how the MPI library is set, and whether its messages come through. */
#ifndef DUNLIN_DOCTOR_MPI_H
#define DUNLIN_DOCTOR_MPI_H

#include "doctor/facts.h"

/* Local, after MPI_Init: how the library is set. */
void doctor_mpi_facts(struct doctor_facts *f);
/* Collective: messages in a ring, memory of a neighbour, names of all hosts. */
void doctor_mpi_try(struct doctor_facts *f, int rank, int size);

#endif
