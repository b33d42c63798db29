/* conv_forward.c -- a convolution, with ReLU or without, forward, over frames (planes) or over the map of the layer
 * below; see kernel_conv.c.
 *
 * Pixels whose patch is as it was in the row before are copied from there. The others, where they are few, are
 * computed as a list, some at a time as if they were neighbours; those whose patch is the same in all observations
 * cost one of them each, with the sum of their weights (change.h). Order of summation apart, the result
 * is the same. */
#include <string.h>

#include "nn/change.h"
#include "nn/conv.h"

static void (*const sums[])(const struct conv_job *) = KERNEL_TABLE(conv_sum);

struct conv_input conv_input_of(const struct conv *l, const struct pass *p, int row, const float **map)
{
    const int width = l->planes ? 1 : l->C; /* floats of a pixel */
    *map = l->planes ? NULL : p->x + (size_t)row * l->layer.in;
    return (struct conv_input){
        .x = l->planes ? p->frames + (size_t)row * l->C : map,
        .planes = l->planes ? l->C : 1,
        .kernel = l->kernel,
        .length = l->kernel * width,
        .pitch = l->width * width,
        .row_step = l->stride,
        .step = l->stride * width,
    };
}

struct border border_of(const struct conv *l)
{
    const int J = l->kernel / l->stride, PH = (l->height + l->stride - 1) / l->stride + J - 1,
              PW = (l->width + l->stride - 1) / l->stride + J - 1;
    return (struct border){J, PH, PW, (size_t)l->kernel * l->kernel * l->C * l->O, (size_t)PH * PW * l->O};
}

bool conv_few(const struct conv *l, int moving, int still)
{
    const int planes = l->planes ? l->C : 1, all = l->rows * l->cols;
    return 4 * (moving * planes + still * l->frame) <= 3 * all * planes;
}

int conv_places(const struct conv_input *in, int cols, const int *list, int n, int *at)
{
    const int some = n < LISTED ? n : LISTED;
    for (int i = 0; i < some; i++) at[i] = list[i] / cols * in->row_step * in->pitch + list[i] % cols * in->step;
    return some;
}

/* The listed pixels of row y. in, w: over all planes, or over one observation's with the sum of the weights. */
static void forward_some(const struct conv *l, const struct conv_input *in, const float *w, const float *bias,
                         const int *list, int n, float *y)
{
    int at[LISTED];
    struct conv_job job = {.in = *in,
                           .w = w,
                           .n = l->O,
                           .rows = 1,
                           .bias = bias,
                           .relu = l->layer.activation == ACTIVATION_RELU,
                           .y = y,
                           .y_col = l->O};
    job.in.at = at;
    for (int i = 0; i < n; i += LISTED) {
        job.to = list + i;
        job.cols = conv_places(in, l->cols, list + i, n - i, at);
        sums[cpu_isa()](&job);
    }
}

static void sum_stack(const struct conv *l, const float *w, float *sum)
{
    const size_t n = (size_t)l->kernel * l->kernel * l->O * l->frame;
    memcpy(sum, w, n * sizeof *sum);
    for (int c = 1; c < l->C / l->frame; c++)
        for (size_t i = 0; i < n; i++) sum[i] += w[(size_t)c * n + i];
}

static void forward_row(const struct conv *l, const float *theta, const struct conv_pass *p, int row, int before)
{
    const int pixels = l->rows * l->cols, out = l->layer.out;
    const bool goes_on = change_mark(l, p, row, before);
    const uint8_t *fresh = change_fresh(p, row), *unmoved = change_still(l, p, row);
    int *const list = p->list, *const still_list = list + pixels;
    const int moving = change_list(fresh, unmoved, false, pixels, list),
              still = change_list(fresh, unmoved, true, pixels, still_list);
    const float *map, *w = theta + l->weight, *bias = theta + l->bias;
    float *const y = p->pass.y + (size_t)row * out;
    struct conv_input in = conv_input_of(l, &p->pass, row, &map);
    p->pass.from[row] = goes_on ? before : -1;
    if (!conv_few(l, moving, still)) {
        const struct conv_job job = {.in = in,
                                     .w = w,
                                     .n = l->O,
                                     .rows = l->rows,
                                     .cols = l->cols,
                                     .bias = bias,
                                     .relu = l->layer.activation == ACTIVATION_RELU,
                                     .y = y,
                                     .y_row = l->cols * l->O,
                                     .y_col = l->O};
        sums[cpu_isa()](&job);
        return;
    }
    if (goes_on) memcpy(y, p->pass.y + (size_t)before * out, (size_t)out * sizeof *y);
    forward_some(l, &in, w, bias, list, moving, y);
    if (!still) return;
    sum_stack(l, w, p->still);
    in.planes = l->frame;
    forward_some(l, &in, p->still, bias, still_list, still, y);
}

void conv_forward(const struct layer *l, const float *theta, struct pass *p, int row0, int B)
{
    for (int b = 0; b < B; b++)
        forward_row((const struct conv *)l, theta, (const struct conv_pass *)p, row0 + b,
                    p->before ? p->before[b] : -1);
}
