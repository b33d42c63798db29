/* sight.h -- an observation drawn, for environments that draw no pictures of themselves: pictures as they are, of one,
 * two, three or more planes in grey, red and green, or RGB; numbers as bars up and down from 0. Local. */
#ifndef DUNLIN_PLAY_SIGHT_H
#define DUNLIN_PLAY_SIGHT_H

#include <stdint.h>

#include "learn/world.h"

struct sight {
    int height, width; /* of the drawing */
    int bars, step;    /* drawn numbers, and pixels of each; of more than SIGHT_BARS the first */
    float most;        /* a bar of full length: the largest number so far, 1 at least */
};

enum { SIGHT_BARS = 1000 };

struct sight sight_of(const struct world *world);

/* obs: (world_obs_floats()) as the network sees it; rgb: (height, width, 3), filled. */
void sight_draw(struct sight *s, const struct world *world, const float *obs, uint8_t *rgb);

#endif
