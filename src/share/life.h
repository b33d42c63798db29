/* life.h -- private to src/share: whether rank 0 lives, as far as this rank can know. */
#ifndef DUNLIN_SHARE_LIFE_H
#define DUNLIN_SHARE_LIFE_H

#include "share/layout.h"

/* Collective. Fills s->ids: whose process can be seen from here; ranks of pretended nodes see only those of their own,
 * and rank 0 all. */
void life_exchange(struct share *s, int rank, int size);
/* Local; each half second of an actor's look that found no sign of life: sets s->lost. */
void life_judge(struct share *s, int64_t now);

#endif
