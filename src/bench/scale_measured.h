/* scale_measured.h -- the costs that the model is fed with: measured by other parts of bench, by sleeping actors and by
 * loops of its own, or given. */
#ifndef DUNLIN_BENCH_SCALE_MEASURED_H
#define DUNLIN_BENCH_SCALE_MEASURED_H

#include "bench/scale_idle.h"
#include "bench/scale_words.h"
#include "measure/conversions.h"
#include "measure/costs.h"

/* A gradient as it is pushed, and what that costs. */
struct scale_form {
    struct grad_form form;
    double bytes, push;          /* s: into the mailbox */
    double apply[SCALE_APPLIES]; /* s */
    double serial;               /* share of it that more threads do not share */
};

enum { SCALE_MOST = 64 }; /* gradients of a sum, where nothing is said */

/* Everything measured or given. */
struct scale_measured {
    int repeat;                                 /* frames of an agent step */
    double compute[T_MAXES];                    /* s of a rollout and its gradient, but for writing it */
    struct scale_form whole, factored[T_MAXES]; /* factored: as pushed in float32, each by itself; else whole too */
    struct scale_costs near;                    /* without compute and a gradient's form: on one node */
    struct scale_costs far; /* the same for actors that reach rank 0 over the link, here TCP on this node */
    struct scale_conversions conversions;
    int most;                         /* of --combine-most; where that is 0 SCALE_MOST */
    int threads;                      /* of --master-threads; where that is 0 one */
    struct idle_found idle, idle_far; /* count 0: not run */
    bool checked; /* costs are this machine's, so that real runs can be compared; else none of them is measured */
};
/* 0, or -1 after error_set(). */
int scale_measure(const struct bench *b, const struct scale_words *w, struct scale_measured *m);
/* base (near or far) with rollouts of idle_t_max[t] and their gradients, with factors or whole. */
struct scale_costs scale_costs_of(const struct scale_measured *m, const struct scale_costs *base, int t, bool factors);

#endif
