/* list.h -- `dunlin list`. */
#ifndef DUNLIN_SETUP_LIST_H
#define DUNLIN_SETUP_LIST_H

/* Prints environments, algorithms, networks and optimizers to stdout, one line each: name, kind, help; with --json, its
 * only word, as an array. argc and argv stand behind the subcommand. Returns the exit status; wrong usage is said by
 * log_error(). Local. */
int list_main(int argc, char **argv);

#endif
