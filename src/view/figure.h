/* figure.h -- learning curves, and scores of many runs, as a gnuplot script: pure functions of arrays, no files and no
 * processes. page.h lays the script out. */
#ifndef DUNLIN_VIEW_FIGURE_H
#define DUNLIN_VIEW_FIGURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum figure_axis { FIGURE_FRAMES, FIGURE_SECONDS, FIGURE_UPDATES, /* a point per run: */ FIGURE_LR, FIGURE_RANK };
enum figure_format { FIGURE_PNG, FIGURE_SVG, FIGURE_PDF, FIGURE_TEXT };
enum {
    FIGURE_POINTS = 2000, /* at most so many of a curve: more than a figure has pixels */
    FIGURE_NAME = 256,    /* bytes of a name as a figure shows it */
    FIGURE_COLOURS = 7,
    FIGURE_FEW = 5 /* returns of so many values have no percentiles worth drawing: a band would jump between them */
};

struct figure_point {
    double x, y;
};

/* Neighbours of a curve, one or many: means of their x and y, and the y of one of them. */
struct figure_group {
    double x, mean, one;
};

/* A point of a smoothed curve: mean, and the 10th and 90th percentile, of the episodes around x; or mean, least and
 * most of several curves. */
struct figure_smooth {
    double x, mean, low, high;
};

/* What the picture is like. */
struct figure_look {
    enum figure_format format;
    enum figure_axis axis;
    const char *title;   /* any bytes, as all texts here; NULL: none */
    const char *y;       /* what y is */
    const char *band[2]; /* what the bands of curves of one run are, and of several; NULL: not said */
    int columns;         /* of a text */
};

struct figure_curve {
    int entry;                          /* of the legend, which gives it its colour */
    const struct figure_smooth *points; /* (count) x rising */
    int count;
    bool band, several;                /* low and high are drawn; it is of several runs */
    const struct figure_point *evals;  /* (eval_count) x rising, y the mean return */
    const struct figure_point *resume; /* (resume_count) on the curve */
    int eval_count, resume_count;
};

/* Curves of one environment. */
struct figure_panel {
    const char *title; /* shown where there are several panels */
    const struct figure_curve *curves;
    int count;
};

/* Runs that belong together. */
struct figure_series {
    int entry;                         /* of the legend */
    const struct figure_point *points; /* (count) x the learning rate or the rank by score, y the score */
    int count;
};
struct figure_scores {
    const char *title;
    const struct figure_series *series;
    int count;
};

/* Episodes that a running mean takes in, of n: 100 in a short run, a hundredth of a long one, a tenth of a very
 * short. */
int64_t figure_window(int64_t n);

/* The running mean over `window` of the `total` episodes (n groups, all of one size, x rising) at points about evenly
 * spaced in x, at most FIGURE_POINTS, to out; returns their count. Windows are centred and end at the run's ends. */
int figure_smooth(const struct figure_group *episodes, int64_t n, int64_t total, int64_t window,
                  struct figure_smooth out[FIGURE_POINTS]);

/* Have the groups no more than FIGURE_FEW different values? */
bool figure_few_values(const struct figure_group *episodes, int64_t n);

/* y of points (count, 1 at least, x rising) at x, straight between them; NaN outside of them. */
double figure_at(const struct figure_smooth *points, int count, double x);

/* text as a string of a gnuplot script, quotes included: nothing in it is expanded. Control characters and what is no
 * UTF-8 become '?'; what does not fit is cut. size is 8 at least. */
void figure_quote(const char *text, char *quoted, size_t size);

/* "#0072B2" */
const char *figure_colour(int entry);

/* The first lines of a script: gnuplot's terminal, of the size in pixels (characters of a text), and the looks that all
 * figures share. */
void figure_head(FILE *script, enum figure_format format, int width, int height);

/* The script that draws panels (count, each with a curve that has points or evals at least) on gnuplot's standard
 * output. entries: (entry_count) names of the legend. */
void figure_write_curves(FILE *script, const struct figure_look *look, const struct figure_panel *panels, int count,
                         const char *const *entries, int entry_count);

/* The same for a point per run: the axis is FIGURE_LR (x above 0, drawn to the logarithm) or FIGURE_RANK. Each panel
 * has a series, and each series a point, at least. */
void figure_write_scores(FILE *script, const struct figure_look *look, const struct figure_scores *panels, int count,
                         const char *const *entries, int entry_count);

#endif
