/* room.h -- the window that a run needs, and whether there is memory for it and all else. */
#ifndef DUNLIN_TRAIN_ROOM_H
#define DUNLIN_TRAIN_ROOM_H

#include "setup/setup.h"
#include "share/share.h"
#include "train/plan.h"

enum { HOST = 64 }; /* bytes of a host's name */

/* What a run shares; state_bytes: an actor's saved state, at most. Local. */
struct share_config room_share(const struct setup *setup, size_t state_bytes);

/* Before its ranks are started: is there memory for those of them that will be on this node. 0, or -1 after
 * error_set(). Local. */
int room_check(const struct setup *setup, const struct plan *plan);
/* The same once they are there, of all of them on their nodes, before they take it. hosts: of all, read on rank 0
 * alone. Collective. */
int room_check_ranks(const struct setup *setup, const struct plan *plan, int rank, int size, const char (*hosts)[HOST]);

#endif
