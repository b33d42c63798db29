/* dropped.h -- gradients and rollouts that rank 0 dropped in this session, because a number in them was none or their
 * environment failed. All local. */
#ifndef DUNLIN_TRAIN_DROPPED_H
#define DUNLIN_TRAIN_DROPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "share/share.h"
#include "turn/actor.h"

enum { DROPPED_TEXT = 192 };

struct dropped {
    int64_t pushes;                /* dropped or not */
    int64_t kinds[TURN_BAD_KINDS]; /* dropped, by what was bad; [TURN_BAD_NONE] stays 0 */
    int64_t in_a_row;              /* since the last gradient that was applied, of whatever actor */
};

/* What was bad, as share_push.bad has it: "reward"; "failure" of the environment. */
const char *dropped_name(uint32_t bad);
void dropped_count(struct dropped *d, const struct share_push *push);
/* Was everything dropped since long: a hundred, or most of a short session? */
bool dropped_hopeless(const struct dropped *d);
int64_t dropped_sum(const struct dropped *d);
/* "dropped 12 of 40 rollouts: NaN or Inf in 11 gradients; 1 failure of the environment": what was counted since
 * `before`, which is left as d is now; NULL: of the whole session. "" and false where nothing was dropped. */
bool dropped_text(const struct dropped *d, struct dropped *before, char *text, size_t size);

#endif
