/* train.h -- `dunlin train` and `dunlin resume`. */
#ifndef DUNLIN_TRAIN_TRAIN_H
#define DUNLIN_TRAIN_TRAIN_H

#include <stdbool.h>

/* argc and argv stand behind the subcommand; all_argc and all_argv are the whole command line. Alone: launches itself
 * (launch.h); under a launcher: calls MPI_Init, collective over all ranks. Returns the exit status. */
int train_main(int argc, char **argv, bool resume, int all_argc, char **all_argv);

#endif
