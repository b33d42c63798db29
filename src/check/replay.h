/* replay.h -- does the same seed play the same episode again, beside another instance too, and from a saved state; does
 * `render` keep to its picture. Local. */
#ifndef DUNLIN_CHECK_REPLAY_H
#define DUNLIN_CHECK_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/world.h"

/* Findings of so many steps; *repeats: does the same seed play the same episode. 0, or -1 after error_set() where no
 * instance opens. */
int check_replay(const struct world *world, uint64_t seed, int steps, bool *repeats);
int check_saved(const struct world *world, uint64_t seed, int steps, bool repeats);
int check_render(const struct world *world, uint64_t seed);

#endif
