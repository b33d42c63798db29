/* hill.h -- the valley of both mountaincars, as it is drawn. */
#ifndef DUNLIN_ENV_HILL_H
#define DUNLIN_ENV_HILL_H

#include "draw.h"

enum { HILL_HEIGHT = 300, HILL_WIDTH = 400 };
#define HILL_LEFT (-1.2)
#define HILL_RIGHT 0.6

static inline double hill_x(double position)
{
    return (position - HILL_LEFT) * HILL_WIDTH / (HILL_RIGHT - HILL_LEFT);
}
static inline double hill_y(double position)
{
    return HILL_HEIGHT - 20 - (0.45 * sin(3 * position) + 0.55) * HILL_WIDTH / (HILL_RIGHT - HILL_LEFT);
}

/* The car at `position`, the flag at `goal`; rgb is (HILL_HEIGHT, HILL_WIDTH, 3). */
static inline void hill_draw(double position, double goal, uint8_t *rgb)
{
    struct picture picture = {rgb, HILL_HEIGHT, HILL_WIDTH};
    draw_fill(&picture, 0xFFFFFF);
    for (int i = 0; i < 60; i++) {
        const double from = HILL_LEFT + i * 0.03, to = from + 0.03;
        draw_line(&picture, hill_x(from), hill_y(from), hill_x(to), hill_y(to), 3, 0x667085);
    }
    const double flag = hill_x(goal), foot = hill_y(goal);
    draw_rect(&picture, flag, foot - 35, flag + 2, foot, 0x344054);
    draw_rect(&picture, flag + 2, foot - 35, flag + 20, foot - 23, 0xF79009);
    const double x = hill_x(position), y = hill_y(position) - 9;
    draw_line(&picture, x, y, x, y, 18, 0xD92D20);
}

#endif
