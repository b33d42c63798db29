/* fc.c -- the wide dense layer behind the convolutions: most of the network's weights, and a row or a few at a time.
 *
 * Its cost is reading the weights, by every act and every update. Stored (in, out), the rows
 * whose input the ReLU below has set to 0, commonly half of them, need not be read at all, nor, going on from the step
 * before, those whose input has not changed, commonly most; a BLAS cannot skip them.
 */
#include <string.h>

#include "nn/kernels.h"
#include "nn/layers.h"
#include "nn/squares.h"

struct fc {
    struct layer layer;
    int C; /* of the map below */
    size_t weight, bias;
};

struct fc_pass {
    struct pass pass;
    int in;
    float *sums;      /* (rows, out) before the ReLU, from which the next step goes on; without one y itself */
    uint8_t *zero;    /* (in) 1: the weight's gradient has a row of zeros there, in the block it was written to last */
    float *folded_dy; /* scratch: (rows, out) */
    int *folded;      /* scratch: (rows) */
    uint8_t *ends[2]; /* scratch: (rows) */
    int *list;        /* scratch: (2, in) */
    float *gram;      /* scratch: (2, most factors, most factors) */
};

static void (*const forwards[])(const struct fc_job *) = KERNEL_TABLE(fc_forward);
static void (*const inputs[])(const struct fc_input_job *) = KERNEL_TABLE(fc_inputs);
static double (*const weights[])(const struct fc_weight_job *) = KERNEL_TABLE(fc_weights);
static int (*const folds[])(const float *, int, int, int, const uint8_t *, int *, float *) = KERNEL_TABLE(fold_rows);
static void (*const actives[])(const float *, int, int, int *) = KERNEL_TABLE(any_active);
static void (*const row_sums[])(const float *, int, int, const float *, float *) = KERNEL_TABLE(sum_rows);

static void forward(const struct layer *layer, const float *theta, struct pass *p, int row0, int B)
{
    const struct fc *l = (const struct fc *)layer;
    const struct fc_job job = {
        .w = theta + l->weight,
        .bias = theta + l->bias,
        .x = p->x,
        .in = layer->in,
        .out = layer->out,
        .row0 = row0,
        .B = B,
        .before = p->before,
        .fresh = p->below->fresh,
        .fresh_row = p->below->fresh_row,
        .channels = l->C,
        .y = p->y,
        .z = ((struct fc_pass *)p)->sums,
    };
    forwards[cpu_isa()](&job);
}

/* The inputs that are not 0 in every row, in order, then the others; returns how many the first are. */
static int list_active(const struct layer *l, const struct fc_pass *p, int R)
{
    int n = 0, rest = l->in, *const any = p->list + l->in;
    actives[cpu_isa()](p->pass.x, R, l->in, any);
    for (int i = 0; i < l->in; i++) {
        if (any[i])
            p->list[n++] = i;
        else
            p->list[--rest] = i;
    }
    return n;
}

/* dx. Where a pixel of the convolution below was the same over some steps, that layer asks for no more than their sum
 * (conv_back.c), so dy is summed up over them first, and dx of the others is 0. */
static void input_gradient(const struct fc *l, const float *w, const struct fc_pass *p, const struct span *s,
                           int active)
{
    const int in = l->layer.in, out = l->layer.out, R = s->T * s->E, pixels = in / l->C;
    const struct pass *below = p->pass.below;
    struct fc_input_job job = {
        .w = w, .x = p->pass.x, .dx = p->pass.dx, .in = in, .out = out, .row = p->folded, .dy = p->folded_dy};
    memset(p->pass.dx, 0, (size_t)R * in * sizeof *p->pass.dx);
    memset(p->ends[1], 0, R);
    for (int q = 0, at = 0; q < pixels; q++) {
        for (int r = 0; r < R; r++)
            p->ends[0][r] = r < s->E || below->from[r] != r - s->E || below->fresh[(size_t)r * below->fresh_row + q];
        if (q == 0 || memcmp(p->ends[0], p->ends[1], R))
            job.R = folds[cpu_isa()](p->pass.dy, s->T, s->E, out, p->ends[0], p->folded, p->folded_dy);
        memcpy(p->ends[1], p->ends[0], R);
        job.list = p->list + at;
        for (job.count = 0; at < active && p->list[at] < (q + 1) * l->C; at++) job.count++;
        inputs[cpu_isa()](&job);
    }
}

static void forget(struct pass *pass)
{
    struct fc_pass *p = (struct fc_pass *)pass;
    memset(p->zero, 0, (size_t)p->in);
}

static void backward(const struct layer *layer, const float *theta, struct pass *pass, const struct span *s,
                     float *dtheta)
{
    const struct fc *l = (const struct fc *)layer;
    struct fc_pass *p = (struct fc_pass *)pass;
    const int in = layer->in, out = layer->out, R = s->T * s->E, active = list_active(layer, p, R);
    float *const dw = dtheta + l->weight;
    const struct fc_weight_job job = {
        .x = pass->x,
        .dy = pass->dy,
        .dw = dw,
        .in = in,
        .out = out,
        .R = R,
        .list = p->list,
        .active = active,
        .zero = p->zero,
    };
    input_gradient(l, theta + l->weight, p, s, active);
    row_sums[cpu_isa()](pass->dy, R, out, NULL, dtheta + l->bias);
    if (!pass->factors) {
        pass->squares[0] = weights[cpu_isa()](&job);
        return;
    }
    forget(pass);
    memcpy(dw, pass->x, (size_t)R * in * sizeof *dw);
    memcpy(dw + (size_t)R * in, pass->dy, (size_t)R * out * sizeof *dw);
    float *const xx = p->gram, *const yy = xx + R * R;
    row_dots(R, in, pass->x, xx);
    row_dots(R, out, pass->dy, yy);
    pass->squares[0] = product_squares(R, xx, yy);
}

static void open(const struct layer *l, struct pass *pass)
{
    struct fc_pass *p = (struct fc_pass *)pass;
    const size_t rows = pass->rows, in = l->in, out = l->out;
    p->in = l->in;
    p->sums = l->activation == ACTIVATION_NONE ? pass->y : pass_floats(pass, rows * out);
    p->zero = pass_memory(pass, in, 1);
    p->folded_dy = pass_floats(pass, rows * out);
    p->folded = pass_memory(pass, rows, sizeof *p->folded);
    p->ends[0] = pass_memory(pass, rows, 1);
    p->ends[1] = pass_memory(pass, rows, 1);
    p->list = pass_memory(pass, 2 * in, sizeof *p->list);
    p->gram = pass_floats(pass, 2 * GRAD_FACTORS_MOST * GRAD_FACTORS_MOST);
}

static size_t row_floats(const struct layer *l)
{
    return 2 * (size_t)l->out + (sizeof *((struct fc_pass *)0)->folded + 2) / sizeof(float) + 1;
}

static const struct layer_ops ops = {.forward = forward,
                                     .backward = backward,
                                     .pass_size = sizeof(struct fc_pass),
                                     .open = open,
                                     .row_floats = row_floats,
                                     .forget = forget};

bool fc_fits(const struct shape *below, int width)
{
    const int C = below->C;
    return width % 256 == 0 && (C == 32 || C == 64 || C == 128 || C == 256);
}

void fc_add(struct builder *b, int width)
{
    const struct shape below = b->top;
    struct fc *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = width},
                                 b->layer_norm ? ACTIVATION_NONE : ACTIVATION_RELU);
    const int in = l->layer.in;
    l->C = below.C;
    l->layer.squared[0] = b->net->facts.tensor_count;
    /* the map lies as (height, width, C); the textbook flattens (C, height, width) */
    l->weight = builder_tensor(b, "fc", "weight",
                               (struct tensor){.ndim = 2,
                                               .dims = {width, in},
                                               .nview = 4,
                                               .view = {width, below.C, below.height, below.width},
                                               .perm = {2, 3, 1, 0},
                                               .fan_in = in});
    l->bias = builder_tensor(b, "fc", "bias", (struct tensor){.ndim = 1, .dims = {width}, .fan_in = in});
    builder_wide(b, (struct grad_wide){.offset = l->weight, .in = in, .out = width});
    if (b->layer_norm) layer_norm_add(b, "fc", ACTIVATION_RELU);
}
