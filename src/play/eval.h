/* eval.h -- `dunlin eval` and `dunlin info`: what a run has learned and what it is. No MPI. */
#ifndef DUNLIN_PLAY_EVAL_H
#define DUNLIN_PLAY_EVAL_H

/* argc and argv stand behind the subcommand. Return the exit status. */
int eval_main(int argc, char **argv);
int info_main(int argc, char **argv);

#endif
