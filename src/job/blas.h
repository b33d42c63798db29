/* blas.h -- an OpenBLAS that is older than the processor takes kernels of twenty years ago: it is told a better kind of
 * core. It reads the environment only while it is loaded, so the program starts itself once more. */
#ifndef DUNLIN_JOB_BLAS_H
#define DUNLIN_JOB_BLAS_H

/* First of all in main, local: returns where OpenBLAS's choice is good, or the user's own, or where a better one has
 * been made; else does not return, but runs the program with the same words again. A child finds the environment as
 * the user left it and chooses by itself, for it may run on another machine. */
void blas_choose(char **argv);

/* The core that OpenBLAS chose and that was not kept, as "Prescott"; NULL where it was kept. Local. */
const char *blas_not_kept(void);

#endif
