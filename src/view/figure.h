/* figure.h -- learning curves, and scores of many runs, as a gnuplot script: pure functions of arrays, no files and no
 * processes.
 */
#ifndef DUNLIN_VIEW_FIGURE_H
#define DUNLIN_VIEW_FIGURE_H

#include <stdint.h>
#include <stdio.h>

enum figure_axis { FIGURE_FRAMES, FIGURE_SECONDS, FIGURE_UPDATES, /* a point per run: */ FIGURE_LR, FIGURE_RANK };
enum figure_format { FIGURE_PNG, FIGURE_SVG, FIGURE_TEXT };
enum { FIGURE_POINTS = 2000 }; /* at most so many of a curve: more than a figure has pixels */

struct figure_point {
    double x, y;
};

/* Neighbours of a curve, one or many: means of their x and y, and the y of one of them. */
struct figure_group {
    double x, mean, one;
};

/* A point of a smoothed curve: mean, and the 10th and 90th percentile, of the episodes around x. */
struct figure_smooth {
    double x, mean, low, high;
};

struct figure_run {
    const char *name;                    /* any bytes; shown as they are where they print */
    const struct figure_group *episodes; /* (episode_count) x rising, y the raw return */
    int64_t episode_count, total;        /* groups, and the episodes in them */
    const struct figure_group *evals;    /* (eval_count) x rising, y the mean return */
    int64_t eval_count;
};

/* Runs that belong together. */
struct figure_series {
    const char *name;                  /* any bytes */
    const struct figure_point *points; /* (count) x the learning rate or the rank by score, y the score */
    int count;
};

/* Episodes that a running mean takes in, of n: 100 in a short run, a hundredth of a long one, a tenth of a very
 * short. */
int64_t figure_window(int64_t n);

/* The running mean of episodes (n groups, all of one size, of `total` episodes, x rising) at points about evenly
 * spaced in x, at most FIGURE_POINTS, to out; returns their count. Windows are centred and end at the run's ends. */
int figure_smooth(const struct figure_group *episodes, int64_t n, int64_t total,
                  struct figure_smooth out[FIGURE_POINTS]);

/* text as a string of a gnuplot script, quotes included: nothing in it is expanded. Control characters and what is no
 * UTF-8 become '?'; what does not fit is cut. size is 8 at least. */
void figure_quote(const char *text, char *quoted, size_t size);

/* The first lines of a script: gnuplot's terminal and the looks that all figures share. */
void figure_head(FILE *script, enum figure_format format);

/* The script that draws runs (count, at least one with episodes or evals) on gnuplot's standard output. */
void figure_write(FILE *script, enum figure_format format, enum figure_axis axis, const struct figure_run *runs,
                  int count);

/* The same for a point per run: axis is FIGURE_LR (x above 0, drawn to the logarithm) or FIGURE_RANK. score says what y
 * is. series: (count), at least one, each with a point at least. */
void figure_write_scores(FILE *script, enum figure_format format, enum figure_axis axis, const char *score,
                         const struct figure_series *series, int count);

#endif
