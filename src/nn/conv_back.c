/* conv_back.c -- a convolution, backward.
 *
 * Weights. While a pixel's patch stays the same, its share of the gradient is that patch times the sum of its dz over
 * those steps: walking back in time, dz is summed up, and meets the patch where the pixel was fresh last.
 *
 * Input. The gradient to the input is itself a sum of the same form as forward. A pixel (y, x) of the input with
 * y = s q + r met the kernel rows r, r + s, r + 2s, ... at the result's rows q, q - 1, q - 2, ...; the same holds along
 * x. So for one r, the s pixels that share a column q are one run of s * C channels, and dx is a stride-1 convolution
 * of dz, bordered with zeros, by reordered weights. Kernel sizes are multiples of the stride. As it is linear in dz,
 * and the layer below asks for no more than the sum over the steps in which its own pixel was the same, only fresh
 * pixels get one: D(dz from here to the end) less D(dz from the pixel's next change to the end). dx of the
 * others is 0. */
#include <string.h>

#include "nn/change.h"
#include "nn/conv.h"

static void (*const sums[])(const struct conv_job *) = KERNEL_TABLE(conv_sum);
static void (*const weights[])(const struct conv_weight_job *) = KERNEL_TABLE(conv_weight);
static void (*const row_sums[])(const float *, int, int, const float *, float *) = KERNEL_TABLE(sum_rows);
static void (*const transposes[])(const float *, int, int, int, float *) = KERNEL_TABLE(transpose);
static void (*const take_rows[])(float *, const int *, int, int, float *) = KERNEL_TABLE(rows_gather);
static void (*const add[])(const float *, int, float *) = KERNEL_TABLE(add_floats);
static void (*const take_fresh[])(const uint8_t *, int, int, const float *, const float *, float *,
                                  float *) = KERNEL_TABLE(take_fresh);

/* ---- weights ---- */

/* The whole row: dz meets what it saw. */
static void weights_all(const struct conv *l, const struct conv_input *in, const float *dz, float *dw)
{
    const struct conv_weight_job job = {
        .in = *in, .dz = dz, .n = l->O, .rows = l->rows, .cols = l->cols, .from = dw, .dw = dw};
    weights[cpu_isa()](&job);
}

/* The listed pixels, whose dz becomes 0. in, dw: over all planes, or over one observation's. */
static void weights_some(const struct conv *l, const struct conv_input *in, const int *list, int n,
                         const struct conv_pass *p, float *dz, float *dw)
{
    int at[LISTED];
    struct conv_weight_job job = {.in = *in, .dz = p->few, .n = l->O, .rows = 1, .from = dw, .dw = dw};
    job.in.at = at;
    for (int i = 0; i < n; i += LISTED) {
        job.cols = conv_places(in, l->cols, list + i, n - i, at);
        take_rows[cpu_isa()](dz, list + i, job.cols, l->O, p->few);
        weights[cpu_isa()](&job);
    }
}

/* What the steps up to here have gathered in p->sum meets the patches of this row, for its fresh pixels, or, where
 * the row does not go on from the one that is looked at next, for all. */
static void weights_of_row(const struct conv *l, const struct conv_pass *p, int row, bool goes_on)
{
    const int pixels = l->rows * l->cols;
    const uint8_t *fresh = change_fresh(p, row), *unmoved = change_still(l, p, row);
    int *const list = p->list, *const still_list = list + pixels;
    const int moving = change_list(goes_on ? fresh : NULL, unmoved, false, pixels, list),
              still = change_list(goes_on ? fresh : NULL, unmoved, true, pixels, still_list);
    const float *map;
    struct conv_input in = conv_input_of(l, &p->pass, row, &map);
    if (!conv_few(l, moving, still)) {
        weights_all(l, &in, p->sum, p->part);
        memset(p->sum, 0, (size_t)l->layer.out * sizeof *p->sum);
        return;
    }
    weights_some(l, &in, list, moving, p, p->sum, p->part);
    in.planes = l->frame;
    weights_some(l, &in, still_list, still, p, p->sum, p->still);
}

static bool row_goes_on(const struct conv_pass *p, int row, int t, int E)
{
    return t > 0 && p->pass.from[row] == row - E;
}

static void weight_gradient(const struct conv *l, const struct conv_pass *p, const struct span *span, float *dw,
                            float *db)
{
    const int pixels = l->rows * l->cols, E = span->E;
    const size_t all = border_of(l).weights, part = l->planes ? all / l->C * l->frame : 0;
    memset(p->part, 0, all * sizeof *p->part);
    if (part) memset(p->still, 0, part * sizeof *p->still);
    memset(p->bias, 0, (size_t)l->O * sizeof *p->bias);
    for (int e = 0; e < E; e++) {
        memset(p->sum, 0, (size_t)l->layer.out * sizeof *p->sum);
        for (int t = span->T - 1; t >= 0; t--) {
            const int row = t * E + e;
            const float *dz = p->pass.dy + (size_t)row * l->layer.out;
            add[cpu_isa()](dz, l->layer.out, p->sum);
            row_sums[cpu_isa()](dz, pixels, l->O, p->bias, p->bias);
            weights_of_row(l, p, row, row_goes_on(p, row, t, E));
        }
    }
    memcpy(db, p->bias, (size_t)l->O * sizeof *db);
    if (!part) memcpy(dw, p->part, all * sizeof *dw);
    for (size_t c = 0; part && c < all; c += part) /* what was still belongs to each observation */
        for (size_t i = 0; i < part; i++) dw[c + i] = p->part[c + i] + p->still[i];
}

/* ---- input ---- */

/* out[ry][j][i][o][rx][c] = w[ry + s (J - 1 - j)][rx + s (J - 1 - i)][c][o] */
static void turn_weights(const struct conv *l, const float *w, float *out)
{
    const int s = l->stride, J = l->kernel / s, C = l->C, O = l->O, n = s * C;
    for (int ry = 0; ry < s; ry++)
        for (int j = 0; j < J; j++)
            for (int i = 0; i < J; i++)
                for (int rx = 0; rx < s; rx++) {
                    const int ky = ry + s * (J - 1 - j), kx = rx + s * (J - 1 - i);
                    const float *from = w + (size_t)(ky * l->kernel + kx) * C * O;
                    float *to = out + (size_t)((ry * J + j) * J + i) * O * n + rx * C;
                    transposes[cpu_isa()](from, C, O, n, to);
                }
}

/* The bordered map as an input of which output row y is row y / s. */
static struct conv_input bordered_input(const struct conv *l, const float *const *top)
{
    const struct border b = border_of(l);
    return (struct conv_input){
        .x = top, .planes = 1, .kernel = b.J, .length = b.J * l->O, .pitch = b.PW * l->O, .row_step = 1, .step = l->O};
}

static const float *turned_of(const struct conv *l, const struct conv_pass *p, int y)
{
    const int J = l->kernel / l->stride;
    return p->turned + (size_t)(y % l->stride) * J * J * l->O * l->stride * l->C;
}

/* out = D(bordered) of the whole map; kernel rows that meet nothing but border are left out. A row of pixels whose
 * width is no multiple of the stride spills into the next one, which is written after it, and the last row's spill goes
 * to the slack. */
static void input_all(const struct conv *l, const struct conv_pass *p, float *out)
{
    const struct border b = border_of(l);
    for (int y = 0; y < l->height; y++) {
        const int q = y / l->stride, first = q < b.J - 1 ? b.J - 1 - q : 0,
                  end = q < l->rows ? b.J : l->rows + b.J - 1 - q;
        const float *top = p->bordered + (size_t)(q + first) * b.PW * l->O;
        struct conv_job job = {
            .in = bordered_input(l, &top),
            .w = turned_of(l, p, y) + (size_t)first * b.J * l->O * l->stride * l->C,
            .n = l->stride * l->C,
            .rows = 1,
            .cols = (l->width + l->stride - 1) / l->stride,
            .y = out + (size_t)y * l->width * l->C,
            .y_col = l->stride * l->C,
        };
        job.in.kernel = end > first ? end - first : 0;
        sums[cpu_isa()](&job);
    }
}

/* The runs of s pixels of input rows y, y + s, ... with a fresh one among them, numbered as runs of the bordered map's
 * rows; how many. */
static int list_runs(const struct conv *l, const uint8_t *fresh, int y, int *list)
{
    const int s = l->stride, runs = (l->width + s - 1) / s;
    int n = 0;
    for (int q = 0; y + q * s < l->height; q++)
        for (int c = 0; c < runs; c++) {
            const uint8_t *at = fresh + (size_t)(y + q * s) * l->width;
            uint8_t any = 0;
            for (int x = c * s; x < c * s + s && x < l->width; x++) any |= at[x];
            list[n] = q * runs + c;
            n += any;
        }
    return n;
}

/* The same of the listed runs alone. */
static void input_some(const struct conv *l, const struct conv_pass *p, int y, const int *list, int n, float *out)
{
    const int st = l->stride, runs = (l->width + st - 1) / st, width = st * l->C;
    const float *top = p->bordered;
    int at[LISTED];
    struct conv_job job = {
        .in = bordered_input(l, &top), .w = turned_of(l, p, y), .n = width, .rows = 1, .y = p->few, .y_col = width};
    job.in.at = at;
    for (int i = 0; i < n; i += LISTED) {
        job.cols = conv_places(&job.in, runs, list + i, n - i, at);
        sums[cpu_isa()](&job);
        for (int k = 0; k < job.cols; k++) {
            const int q = list[i + k] / runs, c = list[i + k] % runs, left = l->width - c * st;
            memcpy(out + ((size_t)(y + q * st) * l->width + (size_t)c * st) * l->C, p->few + (size_t)k * width,
                   (size_t)(left < st ? left : st) * l->C * sizeof *out);
        }
    }
}

/* dz of one row, added to what the bordered map holds. */
static void add_bordered(const struct conv *l, const float *dz, float *bordered)
{
    const struct border b = border_of(l);
    for (int r = 0; r < l->rows; r++) {
        float *to = bordered + ((size_t)(r + b.J - 1) * b.PW + b.J - 1) * l->O;
        add[cpu_isa()](dz + (size_t)r * l->cols * l->O, l->cols * l->O, to);
    }
}

/* dx of the row's fresh pixels, where the layer below let something through; the rest is 0. */
static void input_of_row(const struct conv *l, const struct conv_pass *p, int row, const uint8_t *fresh)
{
    if (fresh) {
        for (int y = 0; y < l->stride && y < l->height; y++)
            input_some(l, p, y, p->list, list_runs(l, fresh, y, p->list), p->dx[0]);
    } else {
        input_all(l, p, p->dx[0]);
    }
    take_fresh[cpu_isa()](fresh, l->height * l->width, l->C, p->pass.x + (size_t)row * l->layer.in, p->dx[0], p->dx[1],
                          p->pass.dx + (size_t)row * l->layer.in);
}

static void input_gradient(const struct conv *l, const struct conv_pass *p, const struct span *span)
{
    const int E = span->E, pixels = l->height * l->width;
    const struct border b = border_of(l);
    for (int e = 0; e < E; e++) {
        bool goes_on = false;
        for (int t = span->T - 1; t >= 0; t--) {
            const int row = t * E + e;
            if (!goes_on) { /* the sums end where no step goes on from this one */
                memset(p->bordered, 0, b.dz * sizeof *p->bordered);
                memset(p->dx[1], 0, (size_t)l->layer.in * sizeof **p->dx);
            }
            const uint8_t *fresh = p->pass.below->fresh + (size_t)row * p->pass.below->fresh_row;
            goes_on = row_goes_on(p, row, t, E);
            int n = 0;
            for (int i = 0; goes_on && i < pixels; i++) n += fresh[i];
            add_bordered(l, p->pass.dy + (size_t)row * l->layer.out, p->bordered);
            input_of_row(l, p, row, goes_on && 2 * n < pixels ? fresh : NULL);
        }
    }
}

void conv_backward(const struct layer *layer, const float *theta, struct pass *pass, const struct span *span,
                   float *dtheta)
{
    const struct conv *l = (const struct conv *)layer;
    const struct conv_pass *p = (const struct conv_pass *)pass;
    weight_gradient(l, p, span, dtheta + l->weight, dtheta + l->bias);
    if (!pass->dx) return;
    turn_weights(l, theta + l->weight, p->turned);
    input_gradient(l, p, span);
}
