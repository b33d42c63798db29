/* curve.h -- what one run draws, and what several of them have in common. Local. */
#ifndef DUNLIN_VIEW_CURVE_H
#define DUNLIN_VIEW_CURVE_H

#include <limits.h>

#include "view/figure.h"
#include "view/settings.h"

/* What y is: the episodes' returns, or a column of /train. */
#define CURVE_Y_WORDS "return|policy_loss|value_loss|entropy|grad_norm|lr|lag|frames_per_s"
enum { CURVE_RETURN };

/* How far the interval of several runs reaches: from the least to the most; or Student's of their mean, at 95 %. */
#define CURVE_INTERVAL_WORDS "range|ci95"
enum curve_interval { CURVE_RANGE, CURVE_CI95 };

struct curve_how {
    enum figure_axis axis;
    int y;                        /* the place among CURVE_Y_WORDS */
    int64_t smooth;               /* episodes (rows of /train) that a running mean takes in; 0: figure_window() of the
                                   * episodes, a fiftieth of the rows; lr is not smoothed unless told so */
    enum curve_interval interval; /* of several runs */
};

struct curve {
    char name[NAME_MAX + 1]; /* its folder's */
    struct settings settings;
    int runs; /* that it is of */
    int64_t window;
    bool band;                    /* points' low and high mean something */
    struct figure_smooth *points; /* (count) */
    struct figure_point *evals;   /* (eval_count) none but with CURVE_RETURN */
    struct figure_point resume[SETTINGS_RESUMES];
    int count, eval_count, resume_count;
    int64_t rows; /* that were read for its points: of /episodes, or of /train */
    bool timed;   /* x of these rows is known: updates are told by rows of /train alone */
};

/* Of a run, a folder or its run.h5; with no points yet it may have none. 0, or -1 after error_set(). Owner:
 * curve_free(). */
int curve_load(struct curve *c, const char *what, const struct curve_how *how);
/* The mean of runs (n, 2 at least), where more than half of them have points, with its interval; where their
 * evaluations are those of the mean, too. Owner: curve_free(). */
void curve_mean(struct curve *mean, const struct curve *const *runs, int n, const struct curve_how *how);
void curve_free(struct curve *c);

/* What y is, for its axis. */
const char *curve_y_title(int y);

/* Mean of x (n, 1 at least) and the ends of its interval. */
struct figure_smooth curve_interval(const double *x, int n, enum curve_interval interval);

#endif
