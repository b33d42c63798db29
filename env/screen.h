/* screen.h -- from the console's screens to the plane that the network sees: grey, maximum of two, 84 x 84. */
#ifndef DUNLIN_SCREEN_H
#define DUNLIN_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCREEN_WIDTH = 160,  /* of every game */
    SCREEN_HEIGHT = 210, /* of nearly every game; a few made for PAL sets have more */
    SCREEN_HEIGHT_MOST = 256,
    SCREEN_PIXELS_MOST = SCREEN_WIDTH * SCREEN_HEIGHT_MOST,
    SCREEN_BAND = 5,        /* rows that are looked at together: of SCREEN_HEIGHT rows they make 2 of the plane */
    SCREEN_SIDE = 84,       /* of the plane, both ways */
    SCREEN_UNKNOWN = 0x100, /* in a grey table: the grey of this colour has not been seen yet */
};

#define SCREEN_ALL UINT64_MAX /* the bits of all bands */

/* grey [height][SCREEN_WIDTH] = table[colour], looked up only where `colour` differs from `before`, the screen that
 * `grey` is the grey of; NULL: everywhere. Sets the bits of the bands that differ in *changed: bit g is that of rows
 * SCREEN_BAND * g to SCREEN_BAND * (g + 1) - 1. False where a colour that was looked up is SCREEN_UNKNOWN: it comes out
 * as 0. */
bool screen_grey(const uint8_t *colour, const uint8_t *before, int height, const uint16_t table[256], uint8_t *grey,
                 uint64_t *changed);

/* Enters the greys of n pixels, as the emulator drew them, into the table. */
void screen_learn(const uint8_t *colour, const uint8_t *grey, size_t n, uint16_t table[256]);

/* plane[SCREEN_SIDE][SCREEN_SIDE] = area average of the pixelwise maximum of two grey screens [height][SCREEN_WIDTH],
 * rounded to the nearest level (halves up). 1 <= height <= SCREEN_HEIGHT_MOST. `changed` is as screen_grey() sets it:
 * the plane came from two screens that differ from these in such bands only; SCREEN_ALL: it came from none. */
void screen_plane(const uint8_t *a, const uint8_t *b, int height, uint64_t changed, uint8_t *plane);

#endif
