/* bench.h -- `dunlin bench [WHAT] [options]`: speed figures, each as a ratio to a limit measured in the same run. */
#ifndef DUNLIN_BENCH_BENCH_H
#define DUNLIN_BENCH_BENCH_H

/* argc and argv stand behind the subcommand. Status: 0, 1 failed, 2 wrong usage. */
int bench_main(int argc, char **argv);

#endif
