/* plot.h -- `dunlin plot RUN... --out FILE.png|.svg|.pdf | --text`: learning curves and other figures of training, or
 * scores of many runs, by gnuplot. Local. */
#ifndef DUNLIN_VIEW_PLOT_H
#define DUNLIN_VIEW_PLOT_H

/* argc and argv stand behind the subcommand. Returns the exit status: 0, 1 (a run or gnuplot failed), 2 (wrong usage),
 * with one line of log_error(). The figure appears whole under its name or not at all. */
int plot_main(int argc, char **argv);

#endif
