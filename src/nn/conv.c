/* conv.c -- a convolution with ReLU, forward, over frames (planes) or over the map of the layer below; see
 * kernel_conv.c.
 *
 * Pixels whose patch is as it was in the row before are copied from there. The others, where they are few, are gathered
 * and computed twenty at a time as if they were neighbours; those whose patch is the same in all planes cost a plane
 * each, with the sum of the planes' weights (change.h). Order of summation apart, the result
 * is the same.
 *
 * conv_add() takes sizes that no kernel here fits to conv_plain.c. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "nn/change.h"
#include "nn/conv.h"

static void (*const sums[])(const struct conv_job *) = KERNEL_TABLE(conv_sum);
static void (*const gather[])(const struct conv_input *, int, const int *, int, int,
                              float *) = KERNEL_TABLE(patches_gather);
static void (*const scatter[])(const float *, const int *, int, int, float *) = KERNEL_TABLE(rows_scatter);

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
    return l->kernel * l->kernel * l->C <= PATCH && 4 * (moving * planes + still) <= 3 * all * planes;
}

void conv_gathered(const struct conv_input *in, int cols, const int *list, int n, const float *w, int width,
                   const float *bias, const struct conv_pass *p)
{
    const float *patches = p->patches;
    const struct conv_job job = {
        .in = {.x = &patches, .planes = 1, .kernel = 1, .length = in->planes * in->kernel * in->length, .step = PATCH},
        .w = w,
        .n = width,
        .rows = 1,
        .cols = n,
        .bias = bias,
        .y = p->few,
        .y_col = width,
    };
    gather[cpu_isa()](in, cols, list, n, PATCH, p->patches);
    sums[cpu_isa()](&job);
}

/* The listed pixels of row y. in, w: over all planes, or over one with the sum of the weights. */
static void forward_some(const struct conv *l, const struct conv_input *in, const float *w, const float *bias,
                         const int *list, int n, const struct conv_pass *p, float *y)
{
    for (int i = 0; i < n; i += GATHERED) {
        const int some = n - i < GATHERED ? n - i : GATHERED;
        conv_gathered(in, l->cols, list + i, some, w, l->O, bias, p);
        scatter[cpu_isa()](p->few, list + i, some, l->O, y);
    }
}

static void sum_planes(const struct conv *l, const float *w, float *sum)
{
    const size_t n = (size_t)l->kernel * l->kernel * l->O;
    memcpy(sum, w, n * sizeof *sum);
    for (int c = 1; c < l->C; c++)
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
                                     .y = y,
                                     .y_row = l->cols * l->O,
                                     .y_col = l->O};
        sums[cpu_isa()](&job);
        return;
    }
    if (goes_on) memcpy(y, p->pass.y + (size_t)before * out, (size_t)out * sizeof *y);
    forward_some(l, &in, w, bias, list, moving, p, y);
    if (!still) return;
    sum_planes(l, w, p->still);
    in.planes = 1;
    forward_some(l, &in, p->still, bias, still_list, still, p, y);
}

static void forward(const struct layer *l, const float *theta, struct pass *p, int row0, int B)
{
    for (int b = 0; b < B; b++)
        forward_row((const struct conv *)l, theta, (const struct conv_pass *)p, row0 + b,
                    p->before ? p->before[b] : -1);
}

static void open(const struct layer *layer, struct pass *pass)
{
    const struct conv *l = (const struct conv *)layer;
    struct conv_pass *p = (struct conv_pass *)pass;
    const struct border b = border_of(l);
    const size_t pixels = (size_t)l->rows * l->cols, input = (size_t)l->height * l->width, rows = pass->rows,
                 row = (size_t)l->stride * l->C, O = l->O;
    p->mark_bytes = change_bytes(l);
    p->marks = pass_memory(pass, rows * p->mark_bytes, 1);
    pass->fresh = p->marks;
    pass->fresh_row = p->mark_bytes;
    pass->from = pass_memory(pass, rows, sizeof *pass->from);
    p->cells = pass_memory(pass, 2 * input, 1);
    p->list = pass_memory(pass, 2 * pixels + input, sizeof *p->list);
    p->patches = pass_floats(pass, (size_t)GATHERED * PATCH);
    p->few = pass_floats(pass, GATHERED * (O > row ? O : row));
    p->still = pass_floats(pass, l->planes ? b.weights / l->C : b.weights);
    p->part = pass_floats(pass, b.weights);
    p->bias = pass_floats(pass, O);
    p->sum = pass_floats(pass, layer->out);
    if (l->planes) return; /* nobody asks for dx */
    p->turned = pass_floats(pass, b.weights);
    p->bordered = pass_floats(pass, b.dz);
    for (int i = 0; i < 2; i++) p->dx[i] = pass_floats(pass, (size_t)layer->in + row);
}

static size_t row_floats(const struct layer *l)
{
    return change_bytes((const struct conv *)l) / sizeof(float);
}

static const struct layer_ops ops = {.forward = forward,
                                     .backward = conv_backward,
                                     .pass_size = sizeof(struct conv_pass),
                                     .open = open,
                                     .row_floats = row_floats};

/* Are these sizes that the kernels are built for (kernels.h). The last line's patches are those of dz (conv_back.c). */
static bool fits(const struct conv *l)
{
    const int J = l->kernel / l->stride, step = l->stride * l->C;
    if (l->kernel % l->stride) return false;
    if (l->planes) return l->stride == 4 && l->kernel % 8 == 0 && (l->O == 16 || l->O % 32 == 0);
    return l->C % 16 == 0 && (step == 32 || step == 64) && (l->O == 32 || l->O == 64) && J * J * l->O <= PATCH;
}

/* 0, or -1 after error_set(). */
static int check(const struct builder *b, const struct network_layer *row)
{
    const struct net_input *in = &b->net->facts.input;
    if (in->C <= 0)
        return error_set("net %s reads image planes, but this environment gives a vector of %d floats: use --net mlp",
                         b->name, in->dim);
    assert(b->top.C > 0);
    if (in->C > NET_PLANES)
        return error_set("net %s: this environment shows %d planes, and 1 to %d can be read; use --net mlp", b->name,
                         in->C, NET_PLANES);
    if (b->top.height >= row->kernel && b->top.width >= row->kernel) return 0;
    return error_set(
        "net %s cannot read frames of %dx%d: conv%d sees %dx%d and its kernel is %dx%d; use --net mlp, which "
        "reads frames of any size",
        b->name, in->height, in->width, b->convs, b->top.height, b->top.width, row->kernel, row->kernel);
}

int conv_add(struct builder *b, const struct network_layer *row)
{
    char name[16];
    const struct shape x = b->top;
    if (check(b, row)) return -1;
    struct conv sizes = {.C = x.C,
                         .height = x.height,
                         .width = x.width,
                         .O = row->n,
                         .kernel = row->kernel,
                         .stride = row->stride,
                         .rows = (x.height - row->kernel) / row->stride + 1,
                         .cols = (x.width - row->kernel) / row->stride + 1,
                         .planes = x.frames};
    const struct shape y = {sizes.O, sizes.rows, sizes.cols, sizes.O * sizes.rows * sizes.cols, false};
    struct conv *l = builder_layer(b, fits(&sizes) ? &ops : &conv_plain_ops, sizeof *l, y, true);
    const int K = row->kernel, fan_in = x.C * K * K;
    struct tensor t = {
        .ndim = 4, .dims = {row->n, x.C, K, K}, .fan_in = fan_in, .nview = 4, .pixels = sizes.rows * sizes.cols};
    for (int k = 0; k < 4; k++) {
        t.view[k] = t.dims[k];
        t.perm[k] = (x.frames ? (const int[]){1, 2, 3, 0} : (const int[]){2, 3, 1, 0})[k];
    }
    snprintf(name, sizeof name, "conv%d", b->convs++);
    sizes.layer = l->layer;
    *l = sizes;
    l->weight = builder_tensor(b, name, "weight", t);
    l->bias = builder_tensor(b, name, "bias", (struct tensor){.ndim = 1, .dims = {row->n}, .fan_in = fan_in});
    return 0;
}
