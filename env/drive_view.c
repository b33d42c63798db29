/* drive_view.c -- see drive_view.h. A picture row below the horizon is one distance on the flat ground: where the road
 * lies there is read off its middle line, walked from the car on, and the row is filled in spans. */
#include "drive_view.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "dunlin/rng.h"

enum { SIDE_MOST = 1024, POINTS_MOST = 160 };

#define EYE 1.2        /* above the ground */
#define HALF_VIEW 0.66 /* tangent of half the angle of view from top to bottom */
#define HORIZON 0.42   /* of the height, from the top */
#define SIGHT 160.0    /* how far the road is drawn */
#define BEND 40.0      /* between two values of the curvature */
#define BEHIND 6.0     /* the road is walked from there on */

static const uint32_t CAR_COLORS[] = {0xD64545, 0x3E7CB1, 0xE9B44C};

struct point { /* of the road's middle, as the driver sees it */
    double ahead, right;
    double along; /* its s */
    double slant; /* 1 / cos of the angle between road and sight */
};

struct view {
    const struct drive *c;
    int height, width;
    double focal, horizon;
    struct point points[POINTS_MOST];
    int n;
    double hill[SIDE_MOST]; /* how high the hills are in each column, 1 is the top */
    uint32_t row[SIDE_MOST];
};

static double value_at(uint64_t road, int64_t i)
{
    uint64_t x = road + (uint64_t)i * 0x9E3779B97F4A7C15ULL;
    const double u = 2 * ((double)(rng_splitmix(&x) >> 11) * 0x1p-53) - 1;
    return i < 2 ? 0 : u * fabs(u) / 25; /* many gentle bends, few narrow ones */
}

double drive_curvature(uint64_t road, double s)
{
    const int64_t i = (int64_t)(s / BEND);
    const double part = s / BEND - (double)i;
    return (1 - part) * value_at(road, i) + part * value_at(road, i + 1);
}

/* The road's middle from a little behind the car to the end of sight, or to where it turns back. */
static void walk_road(struct view *v)
{
    const struct drive *c = v->c;
    const double cp = cos(c->psi), sp = sin(c->psi);
    double x = 0, z = 0, angle = 0, along = c->s;
    v->n = 0;
    while (along > 0 && along > c->s - BEHIND) { /* backwards, without points */
        angle -= drive_curvature(c->road, along);
        x -= sin(angle), z -= cos(angle), along -= 1;
    }
    if (along < 0) along = 0;
    while (v->n < POINTS_MOST) {
        const double dx = x - c->d, stride = z > 20 ? 0.05 * z : 1;
        const struct point p = {.ahead = dx * sp + z * cp,
                                .right = dx * cp - z * sp,
                                .along = along,
                                .slant = 1 / fmax(0.3, cos(angle - c->psi))};
        if (v->n && p.ahead <= v->points[v->n - 1].ahead) break;
        v->points[v->n++] = p;
        if (p.ahead > SIGHT) break;
        angle += stride * drive_curvature(c->road, along);
        x += stride * sin(angle), z += stride * cos(angle), along += stride;
    }
}

/* Where the road is so far ahead; *i is the point behind it, and grows from row to row. False: out of sight. */
static bool road_at(const struct view *v, double ahead, int *i, struct point *p)
{
    while (*i + 2 < v->n && v->points[*i + 1].ahead < ahead) ++*i;
    if (v->n < 2 || v->points[v->n - 1].ahead < ahead) return false;
    const struct point *a = &v->points[*i], *b = a + 1;
    const double part = (ahead - a->ahead) / (b->ahead - a->ahead);
    *p = (struct point){.ahead = ahead,
                        .right = a->right + part * (b->right - a->right),
                        .along = a->along + part * (b->along - a->along),
                        .slant = a->slant + part * (b->slant - a->slant)};
    return true;
}

static int column_of(const struct view *v, double x)
{
    return x <= 0 ? 0 : x >= v->width ? v->width : (int)x;
}

/* Fills from `left` to `right`, metres so far ahead. */
static void span(struct view *v, double ahead, double left, double right, uint32_t color)
{
    const double scale = v->focal / ahead, middle = 0.5 * v->width + 0.5;
    const int end = column_of(v, middle + scale * right);
    for (int x = column_of(v, middle + scale * left); x < end; x++) v->row[x] = color;
}

static bool odd_stretch(double along, double length)
{
    return (int64_t)(along / length) % 2;
}

static void fill_ground(struct view *v, double ahead, int *i)
{
    struct point p;
    const bool seen = road_at(v, ahead, i, &p);
    const uint32_t grass = seen && odd_stretch(p.along, 8) ? 0x4F8A3C : 0x5C9A46;
    for (int x = 0; x < v->width; x++) v->row[x] = grass;
    if (!seen) return;
    const double half = DRIVE_HALF_ROAD * p.slant, line = 0.35 * p.slant, dash = 0.12 * p.slant;
    span(v, ahead, p.right - half - line, p.right + half + line, odd_stretch(p.along, 3) ? 0xE8E8E8 : 0xC04040);
    span(v, ahead, p.right - half, p.right + half, odd_stretch(p.along, 8) ? 0x55585C : 0x5A5E62);
    if (odd_stretch(p.along, 4)) span(v, ahead, p.right - dash, p.right + dash, 0xE8E8E8);
}

/* A wave between 0 and 1 of straight lines, of period 1. */
static double zigzag(double x)
{
    const double part = x - floor(x);
    return part < 0.5 ? 2 * part : 2 - 2 * part;
}

static void raise_hills(struct view *v)
{
    for (int x = 0; x < v->width; x++) {
        const double at = v->c->bearing + (x + 0.5 - 0.5 * v->width) / v->focal;
        v->hill[x] = 0.25 * zigzag(0.477 * at) + 0.13 * zigzag(1.432 * at + 0.3);
    }
}

static void fill_sky(struct view *v, int y)
{
    const double high = (v->horizon - y - 0.5) / v->horizon; /* 0 at the horizon, 1 at the top */
    const int fade = (int)(40 * high);
    const uint32_t sky = (uint32_t)((0x9E - fade) << 16 | (0xC4 - fade / 2) << 8 | 0xE8);
    for (int x = 0; x < v->width; x++) v->row[x] = high < v->hill[x] ? 0x5B6F7C : sky;
}

static uint8_t grey_of(uint32_t color) /* as the eye weighs them: ITU-R BT.601 */
{
    return (uint8_t)((77 * (color >> 16) + 150 * (color >> 8 & 255) + 29 * (color & 255)) >> 8);
}

static void put(const struct view *v, int y, int x0, int x1, const uint32_t *colors, size_t stride, uint8_t *rgb,
                uint8_t *grey)
{
    const size_t row = (size_t)y * (size_t)v->width;
    for (int x = x0; x < x1; x++) {
        const uint32_t color = colors[(size_t)(x - x0) * stride];
        if (grey) {
            grey[row + (size_t)x] = grey_of(color);
            continue;
        }
        draw_color(rgb + (row + (size_t)x) * 3, color);
    }
}

/* A part of a car seen from behind: from `left` to `right` and `low` to `high`, in metres from its middle on the
 * ground. */
static void box(const struct view *v, const struct point *at, double left, double right, double low, double high,
                uint32_t color, uint8_t *rgb, uint8_t *grey)
{
    const double scale = v->focal / at->ahead, x = 0.5 * v->width + scale * at->right;
    const double ground = v->horizon + scale * EYE, top = fmax(0, ground - scale * high + 0.5);
    const double bottom = fmin(v->height, ground - scale * low + 0.5);
    const int x0 = column_of(v, x + scale * left + 0.5), x1 = column_of(v, x + scale * right + 0.5);
    for (int y = (int)top; y < (int)bottom; y++) put(v, y, x0, x1, &color, 0, rgb, grey);
}

static void draw_car(const struct view *v, const struct point *at, uint32_t color, uint8_t *rgb, uint8_t *grey)
{
    box(v, at, -0.95, 0.95, 0, 0.25, 0x16181A, rgb, grey);
    box(v, at, -0.95, 0.95, 0.2, 0.85, color, rgb, grey);
    box(v, at, -0.75, 0.75, 0.85, 1.4, color, rgb, grey);
    box(v, at, -0.62, 0.62, 0.9, 1.3, 0x22303C, rgb, grey);
    box(v, at, -0.9, -0.6, 0.55, 0.75, 0xFF8A70, rgb, grey);
    box(v, at, 0.6, 0.9, 0.55, 0.75, 0xFF8A70, rgb, grey);
}

/* Where the road's middle at s is seen, and d aside of it. */
static bool place(const struct view *v, double s, double d, struct point *p)
{
    for (int i = 0; i + 1 < v->n; i++) {
        const struct point *a = &v->points[i], *b = a + 1;
        if (s < a->along || s > b->along) continue;
        const double part = (s - a->along) / (b->along - a->along), length = b->along - a->along;
        p->ahead = a->ahead + part * (b->ahead - a->ahead) - d * (b->right - a->right) / length;
        p->right = a->right + part * (b->right - a->right) + d * (b->ahead - a->ahead) / length;
        return p->ahead > 1.5 && p->ahead < SIGHT;
    }
    return false;
}

static void draw_cars(const struct view *v, uint8_t *rgb, uint8_t *grey)
{
    struct point at[DRIVE_BOTS];
    int order[DRIVE_BOTS], n = 0;
    for (int b = 0; b < v->c->bots; b++) { /* the furthest first */
        if (!place(v, v->c->bot[b].s, v->c->bot[b].d, &at[b])) continue;
        int i = n++;
        for (; i > 0 && at[order[i - 1]].ahead < at[b].ahead; i--) order[i] = order[i - 1];
        order[i] = b;
    }
    for (int i = 0; i < n; i++) draw_car(v, &at[order[i]], CAR_COLORS[order[i] % 3], rgb, grey);
}

void drive_view(const struct drive *c, int height, int width, uint8_t *rgb, uint8_t *grey)
{
    struct view v;
    int behind = 0;
    assert(height <= SIDE_MOST && width <= SIDE_MOST);
    v.c = c, v.height = height, v.width = width;
    v.focal = height / (2 * HALF_VIEW);
    v.horizon = HORIZON * height;
    walk_road(&v);
    raise_hills(&v);
    for (int y = height - 1; y >= 0; y--) {
        if (y + 0.5 > v.horizon)
            fill_ground(&v, EYE * v.focal / (y + 0.5 - v.horizon), &behind);
        else
            fill_sky(&v, y);
        put(&v, y, 0, width, v.row, 1, rgb, grey);
    }
    draw_cars(&v, rgb, grey);
}
