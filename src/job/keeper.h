/* keeper.h -- a small process beside a start that ends all ranks where the start has ended: by itself, by a crash or by
 * SIGKILL. It holds one end of a pipe, and the other closes with us. Local. */
#ifndef DUNLIN_JOB_KEEPER_H
#define DUNLIN_JOB_KEEPER_H

#include <sys/types.h>

/* Starts it where there is none yet. `seconds`: how long they may take to end by themselves once we are gone. Returns
 * START_VARIABLE's value; where no process is to be had there is no keeper, and all else works. */
const char *keeper_open(double seconds);
/* From now on they may take `seconds`. */
void keeper_allow(double seconds);
/* All have ended: it goes, too; who has not is ended first. */
void keeper_close(void);
/* Its process, one of our children; 0: none. */
pid_t keeper_process(void);

#endif
