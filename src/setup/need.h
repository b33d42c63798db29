/* need.h -- the memory that a start will take, computed before it is taken. Local. */
#ifndef DUNLIN_SETUP_NEED_H
#define DUNLIN_SETUP_NEED_H

#include "setup/setup.h"

/* Of an environment, seen by a small agent that is made and freed. */
struct need_env {
    size_t state;    /* bytes of an actor's saved state, about */
    double instance; /* bytes of one environment beside what this program keeps of it */
    double beside;   /* bytes of processes that an actor starts for its environments */
};
/* 0, or -1 after error_set(): what the algorithm refuses, or an environment that does not begin. */
int need_env(const struct setup *setup, struct need_env *env);

/* Bytes of a checkpoint with `actors` actors, whose saved states have `state` bytes each. */
double need_checkpoint(const struct setup *setup, int actors, size_t state);
/* Of all that a run has at a time: those that it keeps, as far as they are written within a day, the
 * best one, and the one that is being written. */
double need_checkpoints(const struct setup *setup, int actors, size_t state);

struct need {
    int actors;     /* of the run */
    int here;       /* of them on this node */
    bool master;    /* is rank 0 on this node */
    bool begun;     /* its ranks are there already, with all but what is counted here */
    double window;  /* bytes of this node's shared window */
    double relay;   /* of its relay, beside that, in one actor's own memory */
    double staging; /* of each actor's own, where it shares no window */
    struct need_env env;
};

/* What is needed on this node, or for one of its processes. */
struct need_sum {
    double bytes, most;       /* of all, and of what takes most of it */
    const char *what, *lower; /* that, and the options by which it takes less */
};
/* Of the ranks of this node. */
struct need_sum need_of_node(const struct setup *setup, const struct need *need);

/* Is there room for the ranks of this node, and for each of them within the limits of its process. 0, or -1 after
 * error_set(): the need, by what, what there is, and which options lower it. */
int need_check(const struct setup *setup, const struct need *need);
/* The latter alone. */
int need_check_processes(const struct setup *setup, const struct need *need);
#endif
