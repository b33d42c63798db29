/* lag.h -- shorter steps for late gradients (--lag-scale). A gradient is computed at theta_v and applied at theta_u,
 * u - v updates later. Its step, what the optimiser would move theta by, is multiplied by
 *
 *   count   1 / (1 + lag / L)       lag = u - v, L = --lag-unit
 *   gap     1 / (1 + G / (lr / 2))  G = rms(theta_u - theta_v), over the parameters
 *
 * The first is after Zhang, Gupta, Lian and Liu 2015 (arXiv:1511.05950), who divide by the lag; the second after
 * Barkai, Hakimi and Schuster 2020 (arXiv:1909.10802). Departures from both: one number scales the whole step, behind
 * the root, where RMSProp cannot undo it; and G is taken over at most LAG_SAMPLE parameters, evenly spread, in place of
 * each entry by itself. With gap rank 0 applies one gradient after the other, since each moves what the next one is
 * measured by; their form (factors) stays. A gradient older than LAG_PUBLICATIONS is measured from the oldest that is
 * kept. Made for RMSProp, whose step is its gradient's alone: a step of Adam or of momentum SGD is mostly made of the
 * gradients before, and what it holds of the late one comes with the steps behind it, unshortened; and lr / 2 is no
 * measure of momentum's. In rounds (--deterministic) the lag is the actor's place among them.
 * All local. */
#ifndef DUNLIN_TURN_LAG_H
#define DUNLIN_TURN_LAG_H

#include <stddef.h>
#include <stdint.h>

enum { LAG_SAMPLE = 2048, LAG_PUBLICATIONS = 512 };

double lag_count_scale(int64_t lag, double unit);

struct lag; /* the weights of the last publications, as far as they are kept */

/* weights: entries of theta that are parameters, its first. Owner: lag_free(). */
struct lag *lag_new(size_t weights);
void lag_free(struct lag **lag); /* NULL inside is fine */

/* theta is what is published as `version`, the newest so far. */
void lag_publish(struct lag *lag, int64_t version, const float *theta);
/* Of a gradient computed at `version` and applied to theta. 1 before the first publication. */
double lag_gap_scale(const struct lag *lag, int64_t version, const float *theta, double lr);

#endif
