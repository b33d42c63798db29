/* maze_view.h -- a maze's state, and how it is seen; maze.c plays it. */
#ifndef DUNLIN_ENV_MAZE_VIEW_H
#define DUNLIN_ENV_MAZE_VIEW_H

#include <stdint.h>

enum {
    MAZE_ROOMS = 5, /* a side */
    MAZE_CELLS = 2 * MAZE_ROOMS + 1,
    MAZE_HEADINGS = 16, /* 0 is +x, a quarter of them further is +y, which is down on the map */
    MAZE_COLORS = 4,
    MAZE_OPEN = 0 /* of a cell; else 1 + its wall's colour */
};

enum { MAZE_APPLE_COLOR = 0xE5484D, MAZE_PORTAL_COLOR = 0x36D6E7 };
extern const uint32_t maze_colors[MAZE_COLORS]; /* 0xRRGGBB */

struct maze {
    int held_out; /* plays mazes that are held out from training, alone */
    int heading;
    double x, y;            /* of the player, in cells */
    int steps, portal;      /* portal, as trees and apples: rooms, row by row */
    uint64_t trees, apples; /* bit r: an apple grows in room r; it hangs there now */
    uint8_t wall[MAZE_CELLS][MAZE_CELLS];
};

/* Rooms lie at odd cells; the wall between two neighbours is the cell between them. */
static inline int maze_cell(int room)
{
    return 2 * room + 1;
}

/* sin(2 pi heading / MAZE_HEADINGS), of any heading >= 0. */
double maze_sine(int heading);

/* Draws what the player sees as a square of side pixels a side, at most 512, into rows of `width` pixels: all of the
 * left side of rgb[side][width][3]. */
void maze_view(const struct maze *m, int side, int width, uint8_t *rgb);

#endif
