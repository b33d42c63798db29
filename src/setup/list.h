/* list.h -- `dunlin list`. */
#ifndef DUNLIN_SETUP_LIST_H
#define DUNLIN_SETUP_LIST_H

/* Prints environments, algorithms, networks and optimizers to stdout, one line each: name, kind, help. argv starts
 * behind the subcommand, which takes no arguments. Returns the program's status; wrong usage is said by log_error().
 * Local. */
int list_main(int argc, char **argv);

#endif
