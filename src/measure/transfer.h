/* transfer.h -- private to scale.c: the events of a simulation, and what crosses rank 0's link. Local. */
#ifndef DUNLIN_MEASURE_TRANSFER_H
#define DUNLIN_MEASURE_TRANSFER_H

#include "measure/model.h"

enum stage {
    FETCH_ASKED, /* the question has reached rank 0 */
    PUSH_ASKED,
    PART_CAME, /* a part of a transfer: the link's in a direction, rank 0's own work or ours */
    CAME,      /* all parts, and the rest of the latency */
    FETCHED,   /* weights are there */
    COMPUTED,  /* a rollout and its gradient */
    COPIED,    /* a gradient lies in the mailbox of the actor's own node */
    ADDED,     /* one more is in the sum that waits */
    LOOK_DUE,  /* a relay would ask whether what it sent is applied */
    ENCODED,   /* a relay's gradients are ready to go */
    RELAY_OFF, /* they do */
    MASTER_UP,
    MASTER_SERVED,
    MASTER_APPLIED,
};
enum { MASTER = -1 };

/* `stage` of `who` is due in so many seconds; when a core of the node has worked for so long on it. */
void later(struct model *m, double seconds, int who, enum stage stage);
void on_core(struct model *m, int node, double seconds, int who, enum stage stage);

/* Rank 0 looks for work after so long, unless it is at work. */
void master_wakes(struct model *m, double seconds);

/* Begins the transfer of an actor or a relay: bytes and messages as they stand in its client. */
void transfer(struct model *m, int who);
/* One part of it is done. */
void part_done(struct model *m, int who);

/* Of an actor by itself: a fetch, or a push. Sets its bytes and messages, and begins. */
void ask(struct model *m, int actor, bool fetches);
/* The messages of a relay's round that is described in its client. */
void count_messages(const struct model *m, struct client *relay);

/* Actors of a node: the first, and how many. */
int first_actor(const struct model *m, int node);
int actors_of(const struct model *m, int node);

#endif
