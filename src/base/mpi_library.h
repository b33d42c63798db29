/* mpi_library.h -- where the MPI library that is loaded lies: a build in /opt has parameters and a mpirun of its own.
 * Local; may be asked before MPI_Init. */
#ifndef DUNLIN_BASE_MPI_LIBRARY_H
#define DUNLIN_BASE_MPI_LIBRARY_H

#include <stddef.h>

/* Its file in file, and the folder above that of the file in prefix (PREFIX/lib/libmpi.so.40), both of size bytes; ""
 * where that is not told. */
void mpi_library(char *file, char *prefix, size_t size);

#endif
