/* sums.h -- what rank 0 adds up between two rows of /train, and the histogram of lags: updates applied between an
 * actor's fetch of the weights and the use of its gradient. All local. */
#ifndef DUNLIN_TRAIN_SUMS_H
#define DUNLIN_TRAIN_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "share/share.h"
#include "store/runfile.h"

/* Its bytes are in checkpoints. */
struct interval {
    double start; /* seconds */
    int64_t frames, steps, updates, episodes, pushes;
    double ret_sum, ret_max;
    double policy_loss, value_loss, entropy, norm; /* sums over steps (norm: over pushes) */
    double lag_sum;
    int64_t lag_max, dropped; /* dropped: gradients and rollouts with a number that is none */
};

struct sums {
    bool rounds;                      /* --deterministic: rows of /train fall on frames, progress lines on seconds */
    struct interval now;              /* since the last progress line, and row of /train */
    struct interval row;              /* in rounds: since the last row of /train */
    int64_t lag[RUN_LAG_ROWS];        /* updates by lag, this session's; the last one counts all longer lags */
    int64_t lag_before[RUN_LAG_ROWS]; /* and those before, as of the checkpoint */
    int64_t episodes_lost;            /* to full rings: in no table; since the last event about them */
};

/* start: the monotonic clock. */
void sums_init(struct sums *sums, bool rounds, double start);
void interval_reset(struct interval *i, double start);
/* One push, applied or not; lag: updates since its weights were published. */
void sums_push(struct sums *sums, const struct share_push *push, int64_t lag);
void sums_episodes(struct sums *sums, const struct share_episode *e, int n);

#endif
