/* run.h -- the run as rank 0 sees it: what was asked for, how far it is, whether it goes on. All local. */
#ifndef DUNLIN_TRAIN_RUN_H
#define DUNLIN_TRAIN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "setup/setup.h"
#include "share/share.h"
#include "store/checkpoint.h"
#include "store/runfile.h"
#include "store/status.h"
#include "train/dropped.h"
#include "turn/master.h"

/* What a session starts from; everything is borrowed. */
struct run_start {
    const struct option_set *set;
    const struct setup *setup;
    const char *dir;
    struct share *share;
    struct optim *optim;
    struct runfile *runfile;
    const float *target, *average;              /* (params) NULL: none */
    const struct checkpoint_counters *counters; /* of a checkpoint, or a fresh start's */
    const char (*hosts)[64];                    /* by rank */
};

/* What stands behind pointers is borrowed, but for turn.target and turn.average. */
struct run {
    const struct option_set *set;
    const struct options *options;
    const struct setup *setup;
    const char *dir;
    const char (*hosts)[64]; /* by rank */
    struct share *share;
    struct runfile *runfile;
    int actors;
    struct turn_master turn;      /* T, steps, updates and theta_target; seen and arg are the loop's to set */
    struct checkpoint_counters n; /* the other counters; n.seconds those of the sessions before: see run_counters() */
    double started;               /* monotonic clock at the start of this session */
    int64_t first_update;         /* turn.updates then */
    enum run_state state;
    char reason[256];
    bool bad_number; /* it ends the run, after its checkpoint: --on-nan stop, or no hope */
    struct dropped dropped;
};

#define RUN_REACHED "stop-at "  /* begins the reason of a run whose score was reached; --stop-at and a colon follow */
#define RUN_HOPELESS "hopeless" /* begins the reason of run_end_hopeless() */

void run_init(struct run *run, const struct run_start *start);
void run_free(struct run *run);

/* Seconds of training so far, all sessions. */
double run_seconds(const struct run *run);
/* What has been counted until now, as a checkpoint keeps it. */
struct checkpoint_counters run_counters(const struct run *run);
/* Ends the run at the next turn of the loop; the first reason stands. */
void run_end(struct run *run, enum run_state state, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Ends it as failed, because of what was dropped; why: a clause. */
void run_end_hopeless(struct run *run, const char *why);
/* Ends it where a signal came or the frames are reached: done, unless nothing came of them. */
void run_check_stop(struct run *run);
/* Its end was to be another, but this went wrong: failed, with a line of log. */
void run_fail(struct run *run, const char *why);

#endif
