/* layer_norm.c -- layer normalisation of the sums of a hidden layer, before its activation.
 *
 * Ba, Kiros and Hinton 2016 (arXiv:1607.06450), equations 3 and 4, over the n units of one point:
 *   m = 1/n sum_i x_i,  s^2 = 1/n sum_i (x_i - m)^2,  h_i = (x_i - m) / sqrt(s^2 + 1e-5),  y_i = f(g_i h_i + b_i)
 * with a gain g, at first 1, and a shift b, at first 0, that are learned; and backward, with d_i = dL/dy_i f' g_i,
 *   dL/dx_i = (d_i - 1/n sum_j d_j - h_i 1/n sum_j d_j h_j) / sqrt(s^2 + 1e-5).
 * It stands where PQN has it (Gallici et al. 2024, arXiv:2407.04811): behind every convolution and dense layer, before
 * the ReLU.
 *
 * A point is the row of a dense layer, and of a map each pixel with its channels. Departures: Ba et al. normalise a
 * convolution's whole map (C, H, W), as CleanRL's PQN does; over the channels alone, as PQN's own program does, a pixel
 * whose patch is as it was a step before stays as it was (change.h), which one changed pixel would otherwise undo for
 * all. Ba et al. add no 1e-5; PyTorch does. An LSTM is not normalised inside, only what it reads. */
#include <stdio.h>
#include <string.h>

#include "nn/change.h"
#include "nn/kernels.h"
#include "nn/layers.h"

static const float LEAST = 1e-5F; /* of a variance */

struct layer_norm {
    struct layer layer;
    int n, points;      /* floats of a point; points of a row */
    size_t gain, shift; /* offsets in theta */
};

struct layer_norm_pass {
    struct pass pass;
    float *mean, *scale;   /* (rows, points) */
    int *list;             /* scratch: (points) */
    float *dgain, *dshift; /* scratch: (n) */
};

static void (*const forwards[])(const struct norm_job *) = KERNEL_TABLE(norm_forward);
static void (*const backwards[])(const struct norm_back_job *) = KERNEL_TABLE(norm_backward);

/* Points that are as in an earlier row are taken over from there. */
static void forward_row(const struct layer_norm *l, const struct layer_norm_pass *p, struct norm_job job, int row)
{
    const size_t at = (size_t)row * (size_t)l->layer.out, points = (size_t)l->points;
    const int from = p->pass.from ? p->pass.from[row] : -1;
    job.x = p->pass.x + at, job.y = p->pass.y + at;
    job.mean = p->mean + (size_t)row * points, job.scale = p->scale + (size_t)row * points;
    if (from >= 0) {
        memcpy(job.y, p->pass.y + (size_t)from * (size_t)l->layer.out, (size_t)l->layer.out * sizeof *job.y);
        memcpy(job.mean, p->mean + (size_t)from * points, points * sizeof *job.mean);
        memcpy(job.scale, p->scale + (size_t)from * points, points * sizeof *job.scale);
        job.list = p->list;
        job.count = change_list(p->pass.fresh + (size_t)row * p->pass.fresh_row, NULL, false, l->points, p->list);
    }
    forwards[cpu_isa()](&job);
    if (!job.relu) activation_forward(l->layer.activation, (size_t)l->layer.out, job.y);
}

static void forward(const struct layer *layer, const float *theta, struct pass *pass, int row0, int B)
{
    const struct layer_norm *l = (const struct layer_norm *)layer;
    const struct norm_job job = {.gain = theta + l->gain,
                                 .shift = theta + l->shift,
                                 .n = l->n,
                                 .least = LEAST,
                                 .relu = layer->activation == ACTIVATION_RELU,
                                 .count = l->points};
    for (int row = row0; row < row0 + B; row++) forward_row(l, (const struct layer_norm_pass *)pass, job, row);
}

/* Over all points of all rows at once. Where a point stayed the same over some steps, dy of the first has the sum of
 * all, and that of the others is 0 (conv_back.c): linear in dy, dx is handed down alike. */
static void backward(const struct layer *layer, const float *theta, struct pass *pass, const struct span *s,
                     float *dtheta)
{
    const struct layer_norm *l = (const struct layer_norm *)layer;
    const struct layer_norm_pass *p = (const struct layer_norm_pass *)pass;
    const size_t bytes = (size_t)l->n * sizeof(float);
    const struct norm_back_job job = {.x = pass->x,
                                      .gain = theta + l->gain,
                                      .mean = p->mean,
                                      .scale = p->scale,
                                      .dy = pass->dy,
                                      .n = l->n,
                                      .count = s->T * s->E * l->points,
                                      .dx = pass->dx,
                                      .dgain = p->dgain,
                                      .dshift = p->dshift};
    memset(p->dgain, 0, bytes);
    memset(p->dshift, 0, bytes);
    backwards[cpu_isa()](&job);
    memcpy(dtheta + l->gain, p->dgain, bytes);
    memcpy(dtheta + l->shift, p->dshift, bytes);
}

static void open(const struct layer *layer, struct pass *pass)
{
    const struct layer_norm *l = (const struct layer_norm *)layer;
    struct layer_norm_pass *p = (struct layer_norm_pass *)pass;
    const size_t points = (size_t)pass->rows * (size_t)l->points;
    pass->fresh = pass->below->fresh; /* what it reads it answers */
    pass->fresh_row = pass->below->fresh_row;
    pass->from = pass->below->from;
    p->mean = pass_floats(pass, points);
    p->scale = pass_floats(pass, points);
    p->list = pass_memory(pass, (size_t)l->points, sizeof *p->list);
    p->dgain = pass_floats(pass, (size_t)l->n);
    p->dshift = pass_floats(pass, (size_t)l->n);
}

static size_t row_floats(const struct layer *l)
{
    return 2 * (size_t)((const struct layer_norm *)l)->points;
}

static const struct layer_ops ops = {.forward = forward,
                                     .backward = backward,
                                     .pass_size = sizeof(struct layer_norm_pass),
                                     .open = open,
                                     .row_floats = row_floats};

void layer_norm_add(struct builder *b, const char *name, enum activation activation)
{
    const int n = b->top.C ? b->top.C : b->top.floats;
    struct tensor t = {.ndim = 1, .dims = {n}, .fan_in = n, .start = TENSOR_GAIN};
    char layer[24];
    snprintf(layer, sizeof layer, "%s_norm", name);
    struct layer_norm *l = builder_layer(b, &ops, sizeof *l, b->top, activation);
    l->n = n;
    l->points = b->top.floats / n;
    l->gain = builder_tensor(b, layer, "weight", t);
    t.start = TENSOR_SHIFT;
    l->shift = builder_tensor(b, layer, "bias", t);
}
