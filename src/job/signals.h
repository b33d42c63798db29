/* signals.h -- stop signals of the ranks. Local. */
#ifndef DUNLIN_JOB_SIGNALS_H
#define DUNLIN_JOB_SIGNALS_H

#include <stdbool.h>

/* Rank 0 (catch_them true) notes SIGINT, SIGTERM and SIGUSR1 for signals_stop(); the others ignore them: they follow
 * rank 0, and end by themselves when it is gone. Signals that nobody here has asked for, and that end a rank, are named
 * in a line before they do. */
void signals_install(bool catch_them);

/* The stop signal that came first; 0: none. */
int signals_stop(void);

/* Will a kill follow within a second or so, as a typed mpirun's after SIGINT or SIGTERM? Our own launcher waits. */
bool signals_hurry(void);

/* "SIGTERM". */
const char *signals_name(int sig);

#endif
