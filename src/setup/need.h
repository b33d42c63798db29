/* need.h -- the memory that a start will take, computed before it is taken. Local. */
#ifndef DUNLIN_SETUP_NEED_H
#define DUNLIN_SETUP_NEED_H

#include "setup/setup.h"

struct need {
    int actors;      /* of the run */
    int here;        /* of them on this node */
    bool master;     /* is rank 0 on this node */
    bool begun;      /* its ranks are there already, with all but what is counted here */
    double window;   /* bytes of this node's shared window */
    double instance; /* bytes of one environment beside what this program keeps of it */
    double beside;   /* bytes of processes that an actor starts for its environments */
    double state;    /* bytes of an actor's saved state */
};

/* Is there room for the ranks of this node, and for each of them within the limits of its process. 0, or -1 after
 * error_set(): the need, by what, what there is, and which options lower it. */
int need_check(const struct setup *setup, const struct need *need);
#endif
