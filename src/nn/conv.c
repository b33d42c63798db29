/* conv.c -- a convolution with ReLU, over frames (planes) or over the map of the layer below; see kernel_conv.c.
 *
 * The gradient to the input is itself a sum of the same form. A pixel (y, x) of the input with y = s q + r met the
 * kernel rows r, r + s, r + 2s, ... at the result's rows q, q - 1, q - 2, ...; the same holds along x. So for one r,
 * the s pixels that share a column q are one run of s * C channels, and dx is a stride-1 convolution of dz, bordered
 * with zeros, by reordered weights. Kernel sizes are multiples of the stride.
 */
#include <string.h>

#include "nn/kernels.h"
#include "nn/layer.h"

static void (*const sums[])(const struct conv_job *) = KERNEL_TABLE(conv_sum);
static void (*const weights[])(const struct conv_weight_job *) = KERNEL_TABLE(conv_weight);
static void (*const row_sums[])(const float *, int, int, const float *, float *) = KERNEL_TABLE(sum_rows);

/* What row `row` of the rollout shows this layer; *map holds the one plane of a map. */
static struct conv_input input_of(const struct layer *l, const struct pass *p, int row, const float **map)
{
    const int width = l->planes ? 1 : l->C; /* floats of a pixel */
    *map = l->planes ? NULL : p->x + (size_t)row * l->in;
    return (struct conv_input){
        .x = l->planes ? p->planes + (size_t)row * l->C : map,
        .planes = l->planes ? l->C : 1,
        .kernel = l->kernel,
        .length = l->kernel * width,
        .pitch = l->width * width,
        .row_step = l->stride,
        .step = l->stride * width,
    };
}

static void forward(const struct layer *l, const float *theta, const struct pass *p, int row0, int B)
{
    for (int row = row0; row < row0 + B; row++) {
        const float *map;
        const struct conv_job job = {
            .in = input_of(l, p, row, &map),
            .w = theta + l->part[0].weight,
            .n = l->O,
            .rows = l->rows,
            .cols = l->cols,
            .bias = theta + l->part[0].bias,
            .y = p->y + (size_t)row * l->out,
            .y_row = l->cols * l->O,
            .y_col = l->O,
        };
        sums[cpu_isa()](&job);
    }
}

/* J: kernel rows that one pixel of the input met; the bordered dz is (PH, PW, O). */
struct border {
    int J, PH, PW;
    size_t weights, dz; /* floats */
};

static struct border border_of(const struct layer *l)
{
    const int J = l->kernel / l->stride, PH = (l->height + l->stride - 1) / l->stride + J - 1,
              PW = (l->width + l->stride - 1) / l->stride + J - 1;
    return (struct border){J, PH, PW, (size_t)l->kernel * l->kernel * l->C * l->O, (size_t)PH * PW * l->O};
}

/* out[ry][j][i][o][rx][c] = w[ry + s (J - 1 - j)][rx + s (J - 1 - i)][c][o] */
static void turn_weights(const struct layer *l, const float *w, float *out)
{
    const int s = l->stride, J = l->kernel / s, C = l->C, O = l->O, n = s * C;
    for (int ry = 0; ry < s; ry++)
        for (int j = 0; j < J; j++)
            for (int i = 0; i < J; i++)
                for (int rx = 0; rx < s; rx++) {
                    const int ky = ry + s * (J - 1 - j), kx = rx + s * (J - 1 - i);
                    const float *from = w + (size_t)(ky * l->kernel + kx) * C * O;
                    float *to = out + (size_t)((ry * J + j) * J + i) * O * n + rx * C;
                    for (int o = 0; o < O; o++)
                        for (int c = 0; c < C; c++) to[o * n + c] = from[c * O + o];
                }
}

/* dx of one row. A row of pixels whose width is no multiple of the stride spills into the next one, which is written
 * after it, and the last row's spill goes to the next sample's map or to the slack that ends every array. */
static void input_gradient(const struct layer *l, const struct pass *p, int row, const float *turned, float *bordered)
{
    const struct border b = border_of(l);
    const int s = l->stride, n = s * l->C;
    const float *dz = p->dy + (size_t)row * l->out, *plane = bordered;
    for (int r = 0; r < l->rows; r++)
        memcpy(bordered + ((size_t)(r + b.J - 1) * b.PW + b.J - 1) * l->O, dz + (size_t)r * l->cols * l->O,
               (size_t)l->cols * l->O * sizeof *dz);
    for (int y = 0; y < l->height; y++) {
        const size_t at = (size_t)row * l->in + (size_t)y * l->width * l->C;
        const float *top = plane + (size_t)(y / s) * b.PW * l->O;
        const struct conv_job job = {
            .in = {.x = &top,
                   .planes = 1,
                   .kernel = b.J,
                   .length = b.J * l->O,
                   .pitch = b.PW * l->O,
                   .row_step = 1,
                   .step = l->O},
            .w = turned + (size_t)(y % s) * b.J * b.J * l->O * n,
            .n = n,
            .rows = 1,
            .cols = (l->width + s - 1) / s,
            .mask = p->x + at,
            .y = p->dx + at,
            .y_col = n,
        };
        sums[cpu_isa()](&job);
    }
}

static void backward(const struct layer *l, const float *theta, const struct pass *p, const struct span *s,
                     float *dtheta)
{
    const int R = s->T * s->E, pixels = l->rows * l->cols;
    const struct border b = border_of(l);
    float *part = p->scratch, *bias = part + b.weights, *turned = bias + l->O, *bordered = turned + b.weights;
    float *const dw = dtheta + l->part[0].weight, *const db = dtheta + l->part[0].bias;
    if (p->dx) turn_weights(l, theta + l->part[0].weight, turned);
    for (int row = 0; row < R; row++) {
        const float *map, *dz = p->dy + (size_t)row * l->out;
        const bool last = row == R - 1; /* sums stay private until they are whole */
        const struct conv_weight_job job = {
            .in = input_of(l, p, row, &map),
            .dz = dz,
            .n = l->O,
            .rows = l->rows,
            .cols = l->cols,
            .from = row ? part : NULL,
            .dw = last ? dw : part,
        };
        weights[cpu_isa()](&job);
        row_sums[cpu_isa()](dz, pixels, l->O, row ? bias : NULL, last ? db : bias);
        if (p->dx) input_gradient(l, p, row, turned, bordered);
    }
}

void conv_layer(struct layer *l)
{
    const struct border b = border_of(l);
    l->forward = forward;
    l->backward = backward;
    l->scratch = 2 * b.weights + l->O + b.dz;
}
