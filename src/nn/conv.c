/* conv.c -- a convolution as a layer, with ReLU or before a normalisation that has it: its sizes, tensors and
 * memory. Forward and backward: conv_forward.c and conv_back.c where its sizes fit the kernels, else conv_plain.c. */
#include <assert.h>
#include <stdio.h>

#include "base/error.h"
#include "nn/change.h"
#include "nn/conv.h"

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
    p->few = pass_floats(pass, LISTED * (O > row ? O : row));
    p->still = pass_floats(pass, l->planes ? b.weights * l->frame / l->C : 0);
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

static const struct layer_ops ops = {.forward = conv_forward,
                                     .backward = conv_backward,
                                     .pass_size = sizeof(struct conv_pass),
                                     .open = open,
                                     .row_floats = row_floats};

/* Do the kernels fit these sizes (kernels.h). */
static bool fits(const struct conv *l)
{
    const int step = l->stride * l->C;
    if (l->kernel % l->stride) return false;
    if (l->planes) return l->stride == 4 && l->kernel % 8 == 0 && (l->O == 16 || l->O % 32 == 0);
    return l->C % 16 == 0 && (step == 32 || step == 64) && (l->O == 32 || l->O == 64);
}

/* 0, or -1 after error_set(). */
static int check(const struct builder *b, const struct network_layer *row)
{
    const struct net_input *in = &b->net->facts.input;
    if (in->C <= 0)
        return error_set("net %s reads image planes, but this environment gives a vector of %d floats: use --net mlp",
                         b->name, in->dim);
    assert(b->top.C > 0);
    if (b->activation != ACTIVATION_RELU)
        return error_set("net %s has ReLU as its activation: use --activation relu, or --net mlp with tanh", b->name);
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
    const struct net_input *in = &b->net->facts.input;
    if (check(b, row)) return -1;
    struct conv sizes = {.C = x.C,
                         .height = x.height,
                         .width = x.width,
                         .O = row->n,
                         .kernel = row->kernel,
                         .stride = row->stride,
                         .rows = (x.height - row->kernel) / row->stride + 1,
                         .cols = (x.width - row->kernel) / row->stride + 1,
                         .planes = x.frames,
                         .frame = x.frames && in->parts > 0 ? x.C / in->parts : 1};
    const struct shape y = {sizes.O, sizes.rows, sizes.cols, sizes.O * sizes.rows * sizes.cols, false};
    struct conv *l = builder_layer(b, fits(&sizes) ? &ops : &conv_plain_ops, sizeof *l, y,
                                   b->layer_norm ? ACTIVATION_NONE : ACTIVATION_RELU);
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
    if (b->layer_norm) layer_norm_add(b, name, ACTIVATION_RELU);
    return 0;
}
