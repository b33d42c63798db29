/* area.h -- pictures of any size made as small as the network wants them: each pixel the mean of what it covers. */
#ifndef DUNLIN_ENV_AREA_H
#define DUNLIN_ENV_AREA_H

#include <stddef.h>
#include <stdint.h>

enum { AREA_SIDE = 84, AREA_SIDE_MOST = 4096, AREA_PLANES_MOST = 4 };

/* out[AREA_SIDE][AREA_SIDE][planes], or with `grey` [AREA_SIDE][AREA_SIDE], from in[height][width][planes]: the area
 * average, rounded to the nearest level. grey: the luminance (.299, .587, .114) of the first three planes, where there
 * are as many, else the first. Sides of 1 to AREA_SIDE_MOST, also smaller than AREA_SIDE. */
void area_resize(const uint8_t *in, int height, int width, int planes, int grey, uint8_t *out);

#endif
