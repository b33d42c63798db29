/* doorbell.h -- private to src/share: the futex at which the owner of a window sleeps until one of its actors rings.
 * Local. */
#ifndef DUNLIN_SHARE_DOORBELL_H
#define DUNLIN_SHARE_DOORBELL_H

#include "share/layout.h"

/* Wakes the window's owner; nothing where it is out of reach. */
void doorbell_ring(struct share *s);
/* The owner: sleeps until the count of rings differs from `rings`, or about ns have passed. */
void doorbell_wait(struct share *s, uint32_t rings, int64_t ns);

#endif
