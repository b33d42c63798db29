/* limits.h -- what limits a simulated cluster, from how many actors on, and the same by hand. Local. */
#ifndef DUNLIN_MEASURE_LIMITS_H
#define DUNLIN_MEASURE_LIMITS_H

#include "measure/scale.h"
#include "turn/threads.h"

enum { SCALE_THREADS = THREADS_MOST }; /* that rank 0 takes by itself, where they help */

/* What becomes the limit first. */
enum scale_limit { SCALE_NO_LIMIT, SCALE_RANK0, SCALE_LINK, SCALE_RELAY, SCALE_CORES, SCALE_LAG };
const char *scale_limit_name(enum scale_limit limit); /* "none", "rank 0", "link", ... */

/* Rollouts/s if nobody ever waited for anybody: one near actor's rate times those on rank 0's node or behind a relay,
 * one far actor's times the others. The cores of a node (where given) still count. */
double scale_ideal(const struct scale_costs *costs, const struct scale_layout *layout);

/* What limits a result: less than 0.9 of the ideal, and then what is busiest; else a mean lag above lag_most. */
enum scale_limit scale_judge(const struct scale_result *r, double ideal, double lag_most);

/* The smallest number of actors (to a twentieth) from which on there is a limit, with *limit and the result *at there;
 * SCALE_NO_LIMIT and `most` where there is none up to `most`. layout->actors is not used. */
int scale_knee(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most,
               enum scale_limit *limit, struct scale_result *at);

/* The same by hand, from the asymptotic bounds of a closed network: where what the actors would ask for, if nobody
 * waited, is more than rank 0, its link in either direction or one relay can do, or the lag (one update per actor; with
 * sums one per relay) more than lag_most. */
int scale_bound(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most);

#endif
