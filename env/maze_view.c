/* maze_view.c -- see maze_view.h: one ray a column (Amanatides and Woo 1987, "A fast voxel traversal algorithm"), walls
 * as columns of one colour, and discs for what lies about, the furthest first. */
#include "maze_view.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "draw.h"

enum { SIDE_MOST = 512 };

#define HALF_VIEW 0.66 /* tangent of half the angle of view: 67 degrees in all */

const uint32_t maze_colors[MAZE_COLORS] = {0x4F7CAC, 0xC08552, 0x6A994E, 0x8E6BB0};

struct view {
    const struct maze *m;
    int side, width;
    uint8_t *rgb;
    double dx, dy;           /* where the player looks */
    double focal;            /* pixels of one cell, one cell away */
    double depth[SIDE_MOST]; /* of the wall in each column */
    int top[SIDE_MOST], bottom[SIDE_MOST];
    uint32_t color[SIDE_MOST];
};

struct thing {
    double depth, aside; /* in front, to the right */
    double radius, up;   /* of the disc; its middle above the floor */
    uint32_t color;
};

double maze_sine(int heading)
{
    static const double sine[] = {0, 0.38268343236508977, 0.70710678118654752, 0.92387953251128676,
                                  1, 0.92387953251128676, 0.70710678118654752, 0.38268343236508977};
    const double s = sine[heading % 8];
    return heading % MAZE_HEADINGS < 8 ? s : -s;
}

static uint32_t shaded(uint32_t color, double light)
{
    const int part = (int)(256 * light); /* at most 256 */
    const uint32_t p = (uint32_t)(part < 0 ? 0 : part);
    return ((color >> 16) * p >> 8) << 16 | (((color >> 8 & 255) * p >> 8) << 8) | ((color & 255) * p >> 8);
}

static double light_at(double depth)
{
    return 1 / (1 + 0.12 * depth);
}

/* The wall that one column shows. */
static void cast(struct view *v, int column)
{
    const struct maze *m = v->m;
    const double aside = HALF_VIEW * ((2 * column + 1.0) / v->side - 1);
    const double rx = v->dx - v->dy * aside, ry = v->dy + v->dx * aside;
    const double stride_x = rx != 0 ? fabs(1 / rx) : 1e9, stride_y = ry != 0 ? fabs(1 / ry) : 1e9;
    int cx = (int)m->x, cy = (int)m->y, across_x = 0;
    double next_x = stride_x * (rx > 0 ? cx + 1 - m->x : m->x - cx);
    double next_y = stride_y * (ry > 0 ? cy + 1 - m->y : m->y - cy), depth = 0;
    while (m->wall[cy][cx] == MAZE_OPEN) {
        across_x = next_x < next_y;
        if (across_x)
            depth = next_x, next_x += stride_x, cx += rx > 0 ? 1 : -1;
        else
            depth = next_y, next_y += stride_y, cy += ry > 0 ? 1 : -1;
    }
    const double along = across_x ? m->y + depth * ry : m->x + depth * rx, edge = along - floor(along);
    const double half = 0.5 * v->focal / depth, middle = 0.5 * v->side;
    const double light = light_at(depth) * (across_x ? 1 : 0.8) * (edge < 0.05 || edge > 0.95 ? 0.6 : 1);
    v->depth[column] = depth;
    v->top[column] = half < middle ? (int)(middle - half) : 0;
    v->bottom[column] = half < middle ? (int)(middle + half) : v->side;
    v->color[column] = shaded(maze_colors[m->wall[cy][cx] - 1], light);
}

static void draw_walls(struct view *v)
{
    for (int y = 0; y < v->side; y++) {
        const double above = 0.5 * v->side - y - 0.5, far = 0.5 * v->focal / fabs(above);
        const uint32_t behind = shaded(above > 0 ? 0x2A3344 : 0x9A9384, light_at(far));
        uint8_t *row = v->rgb + (size_t)y * (size_t)v->width * 3;
        for (int x = 0; x < v->side; x++, row += 3)
            draw_color(row, y >= v->top[x] && y < v->bottom[x] ? v->color[x] : behind);
    }
}

static void draw_thing(struct view *v, const struct thing *t)
{
    const double scale = v->focal / t->depth, r = scale * t->radius, middle = 0.5 * v->side;
    const double x0 = middle + scale * t->aside, y0 = middle + scale * (0.5 - t->up);
    const uint32_t color = shaded(t->color, light_at(t->depth));
    const int left = x0 - r > 0 ? (int)(x0 - r) : 0, top = y0 - r > 0 ? (int)(y0 - r) : 0;
    for (int x = left; x < v->side && x < x0 + r; x++) {
        if (v->depth[x] < t->depth) continue;
        for (int y = top; y < v->side && y < y0 + r; y++) {
            const double ex = x + 0.5 - x0, ey = y + 0.5 - y0;
            if (ex * ex + ey * ey <= r * r) draw_color(v->rgb + ((size_t)y * (size_t)v->width + (size_t)x) * 3, color);
        }
    }
}

static int collect_things(const struct view *v, struct thing *things)
{
    const struct maze *m = v->m;
    int n = 0;
    for (int room = 0; room < MAZE_ROOMS * MAZE_ROOMS; room++) {
        const int apple = m->apples >> room & 1, portal = room == m->portal;
        const int cx = maze_cell(room % MAZE_ROOMS), cy = maze_cell(room / MAZE_ROOMS);
        const double x = cx + 0.5 - m->x, y = cy + 0.5 - m->y;
        struct thing t = {.depth = x * v->dx + y * v->dy, .aside = y * v->dx - x * v->dy};
        if ((!apple && !portal) || t.depth < 0.1) continue;
        t.radius = apple ? 0.25 : 0.45, t.up = apple ? 0.3 : 0.5;
        t.color = apple ? MAZE_APPLE_COLOR : MAZE_PORTAL_COLOR;
        int i = n++;
        for (; i > 0 && things[i - 1].depth < t.depth; i--) things[i] = things[i - 1];
        things[i] = t;
    }
    return n;
}

void maze_view(const struct maze *m, int side, int width, uint8_t *rgb)
{
    struct view v;
    struct thing things[MAZE_ROOMS * MAZE_ROOMS];
    assert(side <= SIDE_MOST && side <= width);
    v.m = m, v.side = side, v.width = width, v.rgb = rgb;
    v.dx = maze_sine(m->heading + MAZE_HEADINGS / 4), v.dy = maze_sine(m->heading);
    v.focal = side / (2 * HALF_VIEW);
    for (int x = 0; x < side; x++) cast(&v, x);
    draw_walls(&v);
    const int n = collect_things(&v, things);
    for (int i = 0; i < n; i++) draw_thing(&v, &things[i]);
}
