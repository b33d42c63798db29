/* returns.c -- see returns.h. Sums run in double: a return over a whole episode adds thousands of small terms. */
#include "learn/returns.h"

#include <math.h>
#include <stdbool.h>

/* Does the return of this row need the value of its s'? */
static bool bootstraps(const struct rollout *r, int t, int e)
{
    const uint8_t end = r->end[t * r->E + e];
    return end == ROLLOUT_CUT || (end == ROLLOUT_GOES_ON && t == r->T - 1);
}

void returns_lambda(struct rollout *r, double gamma, double lambda)
{
    for (int e = 0; e < r->E; e++) {
        double R = 0;
        for (int t = r->T - 1; t >= 0; t--) {
            const int row = t * r->E + e;
            if (bootstraps(r, t, e))
                R = r->next_value[row];
            else if (r->end[row] == ROLLOUT_TERMINAL)
                R = 0;
            else if (lambda < 1)
                R = (1 - lambda) * r->next_value[row] + lambda * R;
            R = r->reward[row] + gamma * R;
            r->target[row] = (float)R;
        }
    }
}

void returns_one_step(struct rollout *r, double gamma)
{
    for (int row = 0; row < r->T * r->E; row++) {
        const double next = r->end[row] == ROLLOUT_TERMINAL ? 0 : r->next_value[row];
        r->target[row] = (float)(r->reward[row] + gamma * next);
    }
}

int returns_bootstrap_rows(const struct rollout *r, int *rows)
{
    int n = 0;
    for (int t = 0; t < r->T; t++)
        for (int e = 0; e < r->E; e++)
            if (bootstraps(r, t, e)) rows[n++] = t * r->E + e;
    return n;
}

struct loss_sums returns_q_loss(const struct rollout *r, int A, double clip)
{
    const double mean = 1.0 / r->E, most = clip > 0 ? clip : INFINITY;
    struct loss_sums sums = {0};
    for (int row = 0; row < r->T * r->E; row++) {
        const int a = (int)r->action[row];
        const double error = (double)r->out[row][a] - r->target[row];
        const double slope = error > most ? most : error < -most ? -most : error; /* NaN stays NaN */
        for (int i = 0; i < A; i++) r->dout[row][i] = 0;
        r->dout[row][a] = (float)(mean * slope);
        sums.value += mean * slope * (error - 0.5 * slope);
    }
    return sums;
}
