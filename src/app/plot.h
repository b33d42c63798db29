/* plot.h -- `dunlin plot RUN... --out FILE.png|.svg | --text [--x frames|seconds|updates]`: learning curves, by
 * gnuplot. */
#ifndef DUNLIN_APP_PLOT_H
#define DUNLIN_APP_PLOT_H

/* argv starts behind the subcommand. Returns the program's status: 0, 1 (a run or gnuplot failed), 2 (wrong usage),
 * with one line of log_error(). The figure appears whole under its name or not at all. Local. */
int plot_main(int argc, char **argv);

#endif
