/* draw.c -- a picture of the bodies' shapes as filled discs and bars, far ones first, over a chequered floor that shows
 * how they move: seen from the front (along y) or from above, without perspective and without a graphics library. */
#include <math.h>
#include <stdlib.h>

#include "draw.h"
#include "physics.h"

enum { SHAPES_MOST = 128 };

struct view {
    struct picture picture;
    double x, scale;      /* m at the middle; pixels of a metre */
    double height, depth; /* m at the middle */
    double tilt_sin, tilt_cos;
};

struct shape {
    double x0, y0, x1, y1, thick; /* pixels */
    double far;
    uint32_t color;
};

static double column(const struct view *v, const mjtNum *p)
{
    return v->picture.width / 2.0 + v->scale * (p[0] - v->x);
}

static double line(const struct view *v, const mjtNum *p)
{
    const double up = (p[2] - v->height) * v->tilt_cos + (p[1] - v->depth) * v->tilt_sin;
    return v->picture.height / 2.0 - v->scale * up;
}

/* Tiles of a metre, or of less where little is seen. */
static void draw_floor(struct view *v, double z, double tile)
{
    for (int y = 0; y < v->picture.height; y++) {
        const double up = (v->picture.height / 2.0 - y - 0.5) / v->scale - (z - v->height) * v->tilt_cos;
        const double depth = v->depth + up / v->tilt_sin;
        for (int x = 0; x < v->picture.width; x++) {
            const double side = v->x + (x + 0.5 - v->picture.width / 2.0) / v->scale;
            const bool dark = ((long)floor(side / tile) + (long)floor(depth / tile)) & 1;
            draw_pixel(&v->picture, x, y, dark ? 0xC9D3DF : 0xDDE4EC);
        }
    }
}

static uint32_t mixed(const float *rgba, double light)
{
    uint32_t color = 0;
    for (int i = 0; i < 3; i++) color = color << 8 | (uint32_t)fmin(255, fmax(0, 255 * light * (double)rgba[i]));
    return color;
}

static int farther(const void *a, const void *b)
{
    const struct shape *s = a, *t = b;
    return (s->far < t->far) - (s->far > t->far);
}

/* A bar along the axis of a geom that is this long to both sides. */
static void set_bar(const struct view *v, struct shape *s, const mjtNum *at, const mjtNum *mat, int axis, double half)
{
    mjtNum a[3], b[3];
    for (int i = 0; i < 3; i++) a[i] = at[i] - half * mat[3 * i + axis], b[i] = at[i] + half * mat[3 * i + axis];
    s->x0 = column(v, a), s->y0 = line(v, a), s->x1 = column(v, b), s->y1 = line(v, b);
}

/* False for what is not drawn: planes, and what is not seen. */
static bool set_shape(const struct view *v, struct shape *s, const mjModel *m, const mjData *d, int g)
{
    const mjtNum *size = m->geom_size + 3 * g, *at = d->geom_xpos + 3 * g, *mat = d->geom_xmat + 9 * g;
    static const float textured[4] = {0.8f, 0.6f, 0.4f, 1}; /* where a texture would lie */
    const float *rgba = m->geom_rgba + 4 * g;
    const int material = m->geom_matid[g];
    if (material >= 0) rgba = textured;
    double half = 0, radius = size[0];
    int axis = 2;
    if (m->geom_type[g] == mjGEOM_CAPSULE || m->geom_type[g] == mjGEOM_CYLINDER) {
        half = size[1];
    } else if (m->geom_type[g] == mjGEOM_BOX) {
        for (int i = 0; i < 3; i++)
            if (size[i] > size[axis]) axis = i;
        radius = fmax(size[(axis + 1) % 3], size[(axis + 2) % 3]);
        half = fmax(0, size[axis] - radius);
    } else if (m->geom_type[g] != mjGEOM_SPHERE) {
        return false;
    }
    if (rgba[3] == 0) return false;
    set_bar(v, s, at, mat, axis, half);
    s->thick = fmax(2 * radius * v->scale, 2);
    s->far = at[1] * v->tilt_cos - at[2] * v->tilt_sin;
    s->color = mixed(rgba, 1);
    return true;
}

/* Dark at its rim, light towards the light from above left. */
static void draw_shape(struct view *v, const struct shape *s)
{
    const float rgba[3] = {(float)(s->color >> 16) / 255, (float)(s->color >> 8 & 255) / 255,
                           (float)(s->color & 255) / 255};
    static const double lights[] = {0.55, 0.85, 1, 1.12};
    for (int i = 0; i < 4; i++) {
        const double off = i * 0.06 * s->thick, thick = s->thick * (1 - 0.22 * i) + (i == 0 ? 1 : 0);
        draw_line(&v->picture, s->x0 - off, s->y0 - off, s->x1 - off, s->y1 - off, thick, mixed(rgba, lights[i]));
    }
}

void physics_draw(const struct physics *p, uint8_t *rgb)
{
    const struct task *task = p->task;
    const mjModel *m = p->model;
    const mjData *d = p->data;
    struct view v = {.picture = {rgb, PICTURE_HEIGHT, PICTURE_WIDTH},
                     .x = task->progress ? task->progress(m, d) : 0,
                     .scale = PICTURE_WIDTH / task->view.span,
                     .height = task->view.height,
                     .depth = task->view.depth,
                     .tilt_sin = sin(task->view.tilt),
                     .tilt_cos = cos(task->view.tilt)};
    struct shape shapes[SHAPES_MOST];
    int n = 0;
    double floor_height = 0;
    for (int g = 0; g < (int)m->ngeom; g++)
        if (m->geom_type[g] == mjGEOM_PLANE) floor_height = d->geom_xpos[3 * g + 2];
    draw_floor(&v, floor_height, task->view.span > 1 ? 1 : 0.1);
    for (int g = 0; g < (int)m->ngeom && n < SHAPES_MOST; g++) n += set_shape(&v, &shapes[n], m, d, g);
    qsort(shapes, (size_t)n, sizeof shapes[0], farther);
    for (int i = 0; i < n; i++) draw_shape(&v, &shapes[i]);
}
