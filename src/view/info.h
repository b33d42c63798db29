/* info.h -- `dunlin info`: what a run is, how far it is, and its tables. Only reads. No MPI. */
#ifndef DUNLIN_VIEW_INFO_H
#define DUNLIN_VIEW_INFO_H

/* argc and argv stand behind the subcommand. Returns the exit status. */
int info_main(int argc, char **argv);

#endif
