/* top.h -- `dunlin top`: a live text view of a run, from any machine that sees its folder. Only reads. No MPI. */
#ifndef DUNLIN_VIEW_TOP_H
#define DUNLIN_VIEW_TOP_H

/* argc and argv stand behind the subcommand. Returns the exit status. */
int top_main(int argc, char **argv);

#endif
