/* builder.c -- see builder.h: layers and tensors as they are added. */
#include "nn/builder.h"

#include <assert.h>
#include <stdio.h>

#include "base/memory.h"

void *builder_layer(struct builder *b, const struct layer_ops *ops, size_t size, struct shape y,
                    enum activation activation)
{
    struct net *net = b->net;
    struct layer *l = memory_new(1, size);
    assert(net->count < NET_LAYERS);
    *l = (struct layer){.ops = ops,
                        .in = b->top.floats,
                        .out = y.floats,
                        .below = b->below,
                        .beside = -1,
                        .activation = activation,
                        .below_activation = b->below < 0 ? ACTIVATION_NONE : net->layers[b->below]->activation,
                        .squared = {-1, -1}};
    b->below = net->count;
    net->layers[net->count++] = l;
    b->top = y;
    return l;
}

size_t builder_tensor(struct builder *b, const char *layer, const char *part, struct tensor t)
{
    struct net_facts *f = &b->net->facts;
    assert(f->tensor_count < NET_TENSORS);
    snprintf(t.name, sizeof t.name, "%s%s.%s", b->prefix, layer, part);
    t.size = 1;
    for (int k = 0; k < t.ndim; k++) t.size *= (size_t)t.dims[k];
    for (int k = 0; !t.nview && k < t.ndim; k++) t.view[k] = t.dims[k], t.perm[k] = k;
    if (!t.nview) t.nview = t.ndim;
    if (!t.pixels) t.pixels = 1;
    t.offset = f->params;
    f->params = tensor_room(t.offset + t.size);
    b->net->tensors[f->tensor_count++] = t;
    return t.offset;
}

void builder_wide(struct builder *b, struct grad_wide matrix)
{
    struct grad_wides *all = &b->net->facts.wide;
    const int n = grad_wide_count(all);
    assert(n < GRAD_WIDES && matrix.offset % 16 == 0 && matrix.in % 16 == 0 && matrix.out % 16 == 0);
    all->at[n] = matrix;
    b->net->layers[b->net->count - 1]->wide = true;
}

struct tensor builder_matrix(const struct builder *b, int n, bool by_input)
{
    const struct shape *x = &b->top;
    struct tensor t = {.ndim = 2, .dims = {n, x->floats}, .fan_in = x->floats};
    if (!x->C) {
        t.nview = 2;
        t.view[0] = n, t.view[1] = x->floats;
        t.perm[0] = by_input, t.perm[1] = !by_input;
        return t;
    }
    t.nview = 4;
    for (int k = 0; k < 4; k++) {
        t.view[k] = (const int[]){n, x->C, x->height, x->width}[k];
        t.perm[k] = by_input ? (const int[]){2, 3, 1, 0}[k] : (const int[]){0, 2, 3, 1}[k];
    }
    return t;
}
