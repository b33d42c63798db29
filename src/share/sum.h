/* sum.h -- private to src/share: the gradients of a node that wait to go on as one, each taken out of its mailbox at
 * once (--combine-most). One sum waits and grows while the one closed before is on its way. Any thread of the relay's
 * process, but for sum_close() and what it gives: of the relay's own. Local. */
#ifndef DUNLIN_SHARE_SUM_H
#define DUNLIN_SHARE_SUM_H

#include "share/layout.h"

struct sum;

/* sum (params) += scale * grad, and moments at its end are merged. */
void sum_add(const struct share_config *c, float *sum, const float *grad, float scale);
/* Entries of a gradient that are added; behind them are moments. */
size_t sum_weights(const struct share_config *c);

/* For the actors of `here`, borrowed. config.combine_most gradients at most are in a sum; where config.combine_age is
 * not 0 none is added by which its oldest weights would be so many updates behind the newest of this node. Owner:
 * sum_free(). */
struct sum *sum_new(const struct share *here, int lanes);
void sum_free(struct sum **s);
size_t sum_bytes(const struct share_config *c, int lanes); /* that sum_new() takes */
/* From here on a thread takes them as they come. 0, or its error. */
int sum_start(struct sum *s);
/* Without a thread: adds what waits in mailboxes, as far as the bounds allow, and frees those. True: there was some. */
bool sum_take(struct sum *s);
bool sum_waits(struct sum *s); /* there is something to be closed, or, without a thread, to be taken */
/* Nothing of this lane is in a mailbox or in the sum that waits. */
bool sum_empty(struct sum *s, int lane);

/* Closes the sum that waits. Its floats (params), until the next time; NULL where nothing of it is to be applied. */
const float *sum_close(struct sum *s);
/* What the sum closed last has of a lane, as one push: frames and steps added up, losses too, the oldest version; to be
 * applied where any of it is in the floats. False: nothing. */
bool sum_part(const struct sum *s, int lane, struct share_push *push);

#endif
