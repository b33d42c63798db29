/* curve_mean.c -- several runs as one curve: their mean, and how far they lie apart. With a handful of seeds the least
 * and the most say more than a deviation; Student's interval of the mean is there for who compares means. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "view/curve.h"

enum { GRID = 500 };

/* The 97.5th percentile of Student's t of n - 1 degrees of freedom; NaN for a value alone, which has no interval. */
static double student(int n)
{
    static const double exact[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                   2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                   2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    enum { EXACT = sizeof exact / sizeof exact[0] };
    if (n < 2) return (double)NAN;
    return n - 1 <= EXACT ? exact[n - 2] : 1.96 + 2.46 / (n - 1); /* within 0.001 */
}

struct figure_smooth curve_interval(const double *x, int n, enum curve_interval interval)
{
    struct figure_smooth s = {.low = INFINITY, .high = -INFINITY};
    double squares = 0;
    for (int i = 0; i < n; i++) {
        s.mean += x[i] / n;
        s.low = fmin(s.low, x[i]);
        s.high = fmax(s.high, x[i]);
    }
    if (interval == CURVE_RANGE || n < 2) return s;
    for (int i = 0; i < n; i++) squares += (x[i] - s.mean) * (x[i] - s.mean);
    const double half = student(n) * sqrt(squares / (n - 1) / n);
    s.low = s.mean - half;
    s.high = s.mean + half;
    return s;
}

static double eval_at(const struct curve *c, double x)
{
    /* seeds are not evaluated at the same frame, but soon after it */
    const double slack = c->eval_count ? 0.02 * c->evals[c->eval_count - 1].x : 0;
    for (int i = 0; i < c->eval_count; i++) {
        const struct figure_point *b = &c->evals[i], *a = i ? b - 1 : b;
        if (x > b->x && i + 1 < c->eval_count) continue;
        if (x > b->x + slack || x < a->x - slack) break;
        if (x >= b->x || x <= a->x || b == a) return x <= a->x ? a->y : b->y;
        return a->y + (b->y - a->y) * (x - a->x) / (b->x - a->x);
    }
    return (double)NAN;
}

/* The values of those that have one at x; how many. */
static int values_at(const struct curve *const *runs, int n, double x, bool evals, double *values)
{
    int found = 0;
    for (int r = 0; r < n; r++) {
        const double y = evals            ? eval_at(runs[r], x)
                         : runs[r]->count ? figure_at(runs[r]->points, runs[r]->count, x)
                                          : (double)NAN;
        if (isfinite(y)) values[found++] = y;
    }
    return found;
}

static void mean_evals(struct curve *mean, const struct curve *const *runs, int n, double *values)
{
    const struct curve *most = runs[0];
    for (int r = 1; r < n; r++)
        if (runs[r]->eval_count > most->eval_count) most = runs[r];
    mean->evals = memory_new((size_t)most->eval_count + 1, sizeof *mean->evals);
    for (int i = 0; i < most->eval_count; i++) {
        const double x = most->evals[i].x;
        const int found = values_at(runs, n, x, true, values);
        if (2 * found > n)
            mean->evals[mean->eval_count++] = (struct figure_point){x, curve_interval(values, found, CURVE_RANGE).mean};
    }
}

static double last_x(const struct curve *c)
{
    return c->count ? c->points[c->count - 1].x : -INFINITY;
}

/* From where to where the mean is drawn: a run that begins a little later or ends a little earlier than the others
 * would make it jump; one that was cut far from the end counts as long as it goes. */
static void range_of(const struct curve *const *runs, int n, double *first, double *last)
{
    double most = -INFINITY;
    *first = -INFINITY;
    *last = INFINITY;
    for (int r = 0; r < n; r++) most = fmax(most, last_x(runs[r]));
    for (int r = 0; r < n; r++)
        if (runs[r]->count && last_x(runs[r]) >= 0.7 * most) {
            *first = fmax(*first, runs[r]->points[0].x);
            *last = fmin(*last, last_x(runs[r]));
        }
}

/* Of runs that are nowhere more than half of them at one x: the mean of their last points. */
static void mean_of_ends(struct curve *mean, const struct curve *const *runs, int n, const struct curve_how *how,
                         double *values)
{
    double x = 0;
    int found = 0;
    for (int r = 0; r < n; r++) {
        if (!runs[r]->count) continue;
        x += last_x(runs[r]);
        values[found++] = runs[r]->points[runs[r]->count - 1].mean;
    }
    if (!found) return;
    mean->points[0] = curve_interval(values, found, how->interval);
    mean->points[0].x = x / found;
    mean->count = 1;
}

void curve_mean(struct curve *mean, const struct curve *const *runs, int n, const struct curve_how *how)
{
    double first, last;
    assert(n > 1);
    range_of(runs, n, &first, &last);
    double *values = memory_new((size_t)n, sizeof *values);
    *mean = (struct curve){.runs = n, .window = runs[0]->window, .band = true, .settings = runs[0]->settings};
    memcpy(mean->name, runs[0]->name, sizeof mean->name);
    mean->points = memory_new(GRID + 1, sizeof *mean->points);
    for (int r = 0; r < n; r++)
        if (runs[r]->window != mean->window) mean->window = 0;
    for (int i = 0; i <= GRID && first <= last; i++) {
        const double x = i < GRID ? first + (last - first) * i / GRID : last;
        const int found = values_at(runs, n, x, false, values);
        if (2 * found <= n) continue;
        mean->points[mean->count] = curve_interval(values, found, how->interval);
        mean->points[mean->count++].x = x;
    }
    if (!mean->count) mean_of_ends(mean, runs, n, how, values);
    mean_evals(mean, runs, n, values);
    for (int r = 0; r < n; r++)
        for (int i = 0; i < runs[r]->resume_count && mean->resume_count < SETTINGS_RESUMES && mean->count; i++) {
            const double x = runs[r]->resume[i].x, y = figure_at(mean->points, mean->count, x);
            if (isfinite(y)) mean->resume[mean->resume_count++] = (struct figure_point){x, y};
        }
    free(values);
}
