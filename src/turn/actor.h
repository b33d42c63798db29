/* actor.h -- one turn of an actor-learner, the same in a training and in a benchmark: fetch, play, differentiate, clip,
 * push. Knows nothing of files, runs or MPI. */
#ifndef DUNLIN_TURN_ACTOR_H
#define DUNLIN_TURN_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/agent.h"
#include "setup/setup.h"
#include "share/share.h"

/* share_push.bad: where a number was none, or that the environment could not play on. */
enum turn_bad {
    TURN_BAD_NONE,
    TURN_BAD_GRADIENT,
    TURN_BAD_REWARD,
    TURN_BAD_OBSERVATION,
    TURN_BAD_SUM = SHARE_BAD_SUM,
    TURN_BAD_ENVIRONMENT,
    TURN_BAD_KINDS
};
enum {
    TURN_BAD_MOST = 100,
    TURN_FAILED_MOST = 5
}; /* in a row, with which there is no hope left; a failure may be long */

struct turn_actor {
    const struct setup *setup; /* borrowed */
    struct share *share;       /* borrowed; the caller's to set before the first turn */
    struct agent *agent;
    float *own;               /* (params) weights of a rollout, where they cannot be read in place */
    float *target;            /* (params) theta_target; NULL where there is none */
    uint64_t target_version;  /* of what is in target */
    struct agent_stats stats; /* of the last rollout whose gradient was pushed */
    int64_t faults;           /* rollouts that the environment spoilt */
    int bad_in_a_row;         /* rollouts without a gradient, whatever spoilt it */
    int failed_in_a_row;      /* of them the last that its environment could not play */
    bool hopeless;            /* this actor is to end */
    double *seconds;          /* (TURN_PARTS) += what each part took; NULL: not measured */
};

enum turn_part { TURN_FETCH, TURN_PLAY, TURN_GRADIENT, TURN_PUSH, TURN_PARTS };

/* Local: memory and the agent's environments. 0, or -1 after error_set(). Owner: turn_actor_close(), also after -1. */
int turn_actor_open(struct turn_actor *t, const struct setup *setup, int rank);
void turn_actor_close(struct turn_actor *t);

/* One-sided: the newest weights, borrowed until the next call, and theta_target where it has changed. NULL where the
 * master gives no sign of life. Where view->stop is set nothing is to be played with them. */
const float *turn_actor_fetch(struct turn_actor *t, struct share_view *view);

enum turn_end {
    TURN_PUSHED,
    TURN_NO_MAILBOX, /* share_begin() gave none: the master has said stop, or is silent; the rollout is lost */
    TURN_HOPELESS    /* pushed, but rollout after rollout was bad: this actor is to end */
};
/* One-sided: plays a rollout with theta, pushes its gradient and tells of the episodes that ended; with --deterministic
 * of these first. A rollout in which the environment answered no number, or failed, is a line of log and a push
 * without a gradient. With --epochs K, K - 1 more gradients of it follow, each at weights that are fetched once rank 0
 * has the one before; *view is theirs then. They count no frames, and a stop ends them. With --deterministic each is a
 * round, and a spoilt rollout has as many, empty ones. */
enum turn_end turn_actor_rollout(struct turn_actor *t, const float *theta, struct share_view *view);

#endif
