/* beat.h -- private to src/share: rank 0's signs of life while its thread does something else than serve. */
#ifndef DUNLIN_SHARE_BEAT_H
#define DUNLIN_SHARE_BEAT_H

#include <stdbool.h>

struct beat;
struct share;

/* Local. Owner: beat_close(), before the window goes. NULL where no thread is to be had: then rank 0 beats only where
 * it serves. */
struct beat *beat_open(struct share *s);
void beat_close(struct beat **b); /* NULL is fine */
/* From now on, or no longer, the thread serves in the place of its caller, who makes no call of share or MPI. Local. */
void beat_serve(struct beat *b, bool serve);

#endif
