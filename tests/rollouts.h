/* rollouts.h -- a small rollout written by hand, for the tests of losses and returns. */
#ifndef DUNLIN_TESTS_ROLLOUTS_H
#define DUNLIN_TESTS_ROLLOUTS_H

#include "testing.h"

#include <math.h>

#include "base/memory.h"
#include "learn/algo.h"

enum { ROWS = 16, OUT = 8 };

/* A rollout of T * E rows with room for everything; all that no test sets is NaN. */
struct small_rollout {
    struct rollout r;
    int rows[ROWS];
    float action[ROWS], next_action[ROWS], reward[ROWS], next_value[ROWS], target[ROWS], out[ROWS][OUT],
        dout[ROWS][OUT], next_out[ROWS][OUT], adv[ROWS], log_prob[ROWS];
    uint8_t end[ROWS];
    const float *outs[ROWS], *next_outs[ROWS];
    float *douts[ROWS];
};

static inline struct small_rollout *small_rollout(int T, int E)
{
    struct small_rollout *d = memory_new(1, sizeof *d);
    d->r = (struct rollout){
        T,         E,       1,        d->action, d->reward,  d->end, d->next_action, d->next_outs, d->next_value,
        d->target, d->outs, d->douts, d->adv,    d->log_prob};
    for (int row = 0; row < ROWS; row++) {
        d->next_value[row] = d->target[row] = NAN;
        d->outs[row] = d->out[row];
        d->douts[row] = d->dout[row];
        d->next_outs[row] = d->next_out[row];
        for (int i = 0; i < OUT; i++) d->dout[row][i] = d->next_out[row][i] = NAN;
    }
    return d;
}

#endif
