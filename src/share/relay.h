/* relay.h -- private to src/share: a relay (relay.c), as its host opens and ends it. Local. */
#ifndef DUNLIN_SHARE_RELAY_H
#define DUNLIN_SHARE_RELAY_H

#include "share/layout.h"

struct relay;

/* `here` is the window of this node, whose actors are actors[0 .. lanes) of all; `there`, by value, has the window of
 * rank 0 as an actor out of its reach sees it. Its thread waits for here->going: from then on it alone calls MPI.
 * Owner: relay_close(). */
struct relay *relay_new(struct share *here, const struct share *there, const int *actors, int lanes);
/* The same without a thread: nothing goes on but in relay_round(), which asks rank 0 at most twice, one-sided. */
struct relay *relay_make(struct share *here, const struct share *there, const int *actors, int lanes);
void relay_round(struct relay *r);
/* Ends the thread once all of the node's actors have left; false where `seconds` are over before. */
bool relay_end(struct relay *r, double seconds);
/* After relay_end(). NULL is fine. */
void relay_close(struct relay **r);
void relay_traffic(const struct relay *r, struct share_traffic *t);

#endif
