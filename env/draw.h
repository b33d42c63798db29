/* draw.h -- filled rectangles and thick lines in an RGB picture: all that the built-in environments draw with. x goes
 * right, y goes down, in pixels; what lies outside the picture is cut off. */
#ifndef DUNLIN_ENV_DRAW_H
#define DUNLIN_ENV_DRAW_H

#include <math.h>
#include <stdint.h>

struct picture {
    uint8_t *rgb; /* (height, width, 3), borrowed */
    int height, width;
};

static inline int draw_clamp(double v, int high)
{
    return v <= 0 ? 0 : v >= high ? high : (int)v;
}

/* One pixel's three bytes; color is 0xRRGGBB. */
static inline void draw_color(uint8_t *p, uint32_t color)
{
    p[0] = (uint8_t)(color >> 16), p[1] = (uint8_t)(color >> 8), p[2] = (uint8_t)color;
}

static inline void draw_pixel(struct picture *c, int x, int y, uint32_t color)
{
    draw_color(c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3, color);
}

/* Columns [x0, x1), rows [y0, y1). */
static inline void draw_rect(struct picture *c, double x0, double y0, double x1, double y1, uint32_t color)
{
    const int right = draw_clamp(ceil(x1), c->width), bottom = draw_clamp(ceil(y1), c->height);
    for (int y = draw_clamp(y0, c->height); y < bottom; y++)
        for (int x = draw_clamp(x0, c->width); x < right; x++) draw_pixel(c, x, y, color);
}

static inline void draw_fill(struct picture *c, uint32_t color)
{
    draw_rect(c, 0, 0, c->width, c->height, color);
}

/* All pixels nearer than thick / 2 to the segment: round ends, and a disc where both points are one. */
static inline void draw_line(struct picture *c, double x0, double y0, double x1, double y1, double thick,
                             uint32_t color)
{
    const double r = 0.5 * thick, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    const int left = draw_clamp(fmin(x0, x1) - r, c->width), right = draw_clamp(fmax(x0, x1) + r + 1, c->width);
    const int top = draw_clamp(fmin(y0, y1) - r, c->height), bottom = draw_clamp(fmax(y0, y1) + r + 1, c->height);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            const double px = x + 0.5 - x0, py = y + 0.5 - y0; /* pixel centre, from the first point */
            const double along = length2 > 0 ? fmin(1, fmax(0, (px * dx + py * dy) / length2)) : 0;
            const double ex = px - along * dx, ey = py - along * dy;
            if (ex * ex + ey * ey <= r * r) draw_pixel(c, x, y, color);
        }
}

#endif
