/* master.h -- private to src/share: rank 0's side of weights and gradients, as far as serve.c needs it. Local. */
#ifndef DUNLIN_SHARE_MASTER_H
#define DUNLIN_SHARE_MASTER_H

#include "share/layout.h"

bool master_pending(const struct share *s, int actor); /* a gradient waits */
void master_serve(struct share *s);                    /* progress for remote ranks, and the beat */

#endif
