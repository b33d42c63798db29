/* wait.h -- private to src/share: how an actor waits, and how it notices that the master is gone. */
#ifndef DUNLIN_SHARE_WAIT_H
#define DUNLIN_SHARE_WAIT_H

#include "share/layout.h"

struct wait {
    int64_t since;
    int rounds;
};

/* A sign of life to the master, at most every 100 ms; one-sided. */
void wait_sign(struct share *s);
/* Local, after a look: 0, or -1 where the master has been silent for too long. */
int wait_alive(struct share *s);
/* One round of an actor's waiting: a pause that grows with the time already waited, then a look; -1 as wait_alive(). */
int wait_round(struct share *s, struct wait *w);
/* Behind a relay, local: the next share_fetch() waits for weights that are the newest at rank 0 now or later. */
void wait_request(struct share *s);

#endif
