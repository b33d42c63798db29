/* check.h -- `dunlin check`: an environment plays, and what is wrong with it is named. No MPI. */
#ifndef DUNLIN_CHECK_CHECK_H
#define DUNLIN_CHECK_CHECK_H

/* argc and argv stand behind the subcommand. Returns the exit status: 0 where it would train, 1 where it would not, 2
 * where it cannot be opened. */
int check_main(int argc, char **argv);

#endif
