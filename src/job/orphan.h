/* orphan.h -- a rank whose mpirun is gone (srun's daemon, a node's daemon) ends. Local; before or after MPI_Init. */
#ifndef DUNLIN_JOB_ORPHAN_H
#define DUNLIN_JOB_ORPHAN_H

/* Once, at a rank's start: a thread looks at our parent; when it is another one this process gets a SIGTERM, and some
 * seconds later a SIGKILL. Where no thread is to be had: nothing. */
void orphan_watch(void);

#endif
