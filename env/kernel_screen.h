/* kernel_screen.h -- the loops of screen.c, one build per instruction set (base/cpu.h). */
#ifndef DUNLIN_KERNEL_SCREEN_H
#define DUNLIN_KERNEL_SCREEN_H

#include <stdint.h>

#include "base/cpu.h"
#include "screen.h"

enum {
    PERIOD_IN = 40, /* columns, that become ... */
    PERIOD_OUT = 21,
    TAPS = 3, /* columns that an output touches, at most */
};

/* screen_grey(). */
#define SCREEN_GREY_ARGS                                                                                               \
    (const uint8_t *colour, const uint8_t *before, int height, const uint16_t table[256], uint8_t *restrict grey,      \
     uint64_t *changed)
KERNEL_DECLARE(bool, screen_grey, SCREEN_GREY_ARGS)

/* screen_plane() of SCREEN_HEIGHT rows. */
#define SCREEN_BANDS_ARGS (const uint8_t *a, const uint8_t *b, uint64_t changed, uint8_t *plane)
KERNEL_DECLARE(void, screen_bands, SCREEN_BANDS_ARGS)

#endif
