/* compare.h -- `dunlin compare RUN...|DIR`: runs as a table, the best settings first, seeds put together. Only reads.
 * No MPI. */
#ifndef DUNLIN_VIEW_COMPARE_H
#define DUNLIN_VIEW_COMPARE_H

/* argc and argv stand behind the subcommand. Returns the exit status: 0, 1 (no run can be read), 2 (wrong usage), with
 * one line of log_error(). */
int compare_main(int argc, char **argv);

#endif
