/* eval.h -- `dunlin eval`: what a run has learned. No MPI. */
#ifndef DUNLIN_PLAY_EVAL_H
#define DUNLIN_PLAY_EVAL_H

/* argc and argv stand behind the subcommand. Returns the exit status. */
int eval_main(int argc, char **argv);

#endif
