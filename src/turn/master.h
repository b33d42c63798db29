/* master.h -- one turn of rank 0, the same in a training and in a benchmark: take the gradients that wait, decide which
 * count and with what learning rate, apply, publish, acknowledge. Knows nothing of files, runs or MPI. All calls are
 * local; where actors are on other nodes they also serve MPI's progress. */
#ifndef DUNLIN_TURN_MASTER_H
#define DUNLIN_TURN_MASTER_H

#include <stdint.h>

#include "base/options.h"
#include "optim/optim.h"
#include "share/share.h"
#include "turn/lag.h"

/* What stands behind pointers is borrowed. The caller fills it in and calls share_start(); counts go on from what they
 * are. */
struct turn_master {
    struct share *share;
    struct optim *optim;
    size_t params;
    double lr;     /* at T = 0 */
    int lr_anneal; /* linearly to 0 over lr_frames */
    int64_t lr_frames;
    enum option_lag_scale lag_scale;
    double lag_unit;
    struct lag *lag;      /* what LAG_GAP measures with; else NULL */
    double ema;           /* D of average.h */
    float *average;       /* (params); NULL: none */
    size_t weights;       /* entries of theta that are averaged */
    float *target;        /* (params) theta_target, moved here; NULL: none */
    int64_t target_every; /* frames */
    /* each gradient before it counts, with the updates applied since its weights were published; or NULL */
    void (*seen)(void *arg, const struct share_ready *ready, int64_t lag);
    void *arg;

    int64_t frames, steps, updates; /* T; agent steps; gradients applied, the version of theta */
    int64_t target_frames;          /* T at which theta_target was last set */
};

/* The learning rate at T. */
double turn_master_lr(const struct turn_master *t);

/* Once, with the weights that share_start() publishes. */
void turn_master_begin(struct turn_master *t, const float *theta);
/* Counts n gradients; those to be applied, neither bad nor of scale 0, go to grads (n) in the same order, each with the
 * learning rate of its own T, and with LAG_COUNT of its lag. Returns how many. */
int turn_master_count(struct turn_master *t, const struct share_ready *ready, int n, struct optim_grad *grads);
/* The same, and applies them: share_next() is theta after them, where there are any. Returns how many. */
int turn_master_step(struct turn_master *t, const struct share_ready *ready, int n, struct optim_grad *grads);
/* theta_target <- theta wherever T has passed a multiple of target_every. Before the share_publish() of the same theta,
 * so that who fetches it sees this target. */
void turn_master_move_target(struct turn_master *t, const float *theta);

/* n gradients from share_drain(), at most SHARE_DRAIN_MOST: counts, applies and publishes them in one pass, and
 * acknowledges them. */
void turn_master_apply(struct turn_master *t, const struct share_ready *ready, int n);
/* The whole turn, with whatever waits. Returns how many gradients that were. */
int turn_master_serve(struct turn_master *t);

#endif
