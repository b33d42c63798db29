/* builder.c -- see builder.h: from a network's row to its layers and tensors. */
#include "nn/builder.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/layers.h"

void *builder_layer(struct builder *b, const struct layer_ops *ops, size_t size, struct shape y, bool relu)
{
    struct net *net = b->net;
    struct layer *l = memory_new(1, size);
    assert(net->count < NET_LAYERS);
    *l = (struct layer){.ops = ops,
                        .in = b->top.floats,
                        .out = y.floats,
                        .relu = relu,
                        .mask = net->count > 0 && net->layers[net->count - 1]->relu,
                        .squared = -1};
    net->layers[net->count++] = l;
    b->top = y;
    return l;
}

size_t builder_tensor(struct builder *b, const char *layer, const char *part, struct tensor t)
{
    struct net_facts *f = &b->net->facts;
    assert(f->tensor_count < NET_TENSORS);
    snprintf(t.name, sizeof t.name, "%s.%s", layer, part);
    t.size = 1;
    for (int k = 0; k < t.ndim; k++) t.size *= (size_t)t.dims[k];
    for (int k = 0; !t.nview && k < t.ndim; k++) t.view[k] = t.dims[k], t.perm[k] = k;
    if (!t.nview) t.nview = t.ndim;
    t.offset = f->params;
    f->params = tensor_room(t.offset + t.size);
    b->net->tensors[f->tensor_count++] = t;
    return t.offset;
}

struct tensor builder_matrix(const struct builder *b, int n)
{
    const struct shape *x = &b->top;
    struct tensor t = {.ndim = 2, .dims = {n, x->floats}, .fan_in = x->floats};
    if (!x->C) return t;
    t.nview = 4;
    for (int k = 0; k < 4; k++) {
        t.view[k] = (const int[]){n, x->C, x->height, x->width}[k];
        t.perm[k] = (const int[]){0, 2, 3, 1}[k];
    }
    return t;
}

static int build(struct net *net, const struct network *network, int lstm)
{
    const struct net_input *in = &net->facts.input;
    const bool planes = in->C > 0;
    if (lstm < 0 || lstm > NET_WIDEST)
        return error_set("lstm %d: the number of cells is 0 (none) to %d", lstm, NET_WIDEST);
    if (planes && (double)in->C * in->height * in->width > INT_MAX / 16)
        return error_set("%d planes of %dx%d are more than a network here can read", in->C, in->height, in->width);
    struct builder b = {.net = net, .name = network->name, .top = {.frames = true, .floats = in->dim}};
    if (planes) b.top = (struct shape){in->C, in->height, in->width, in->C * in->height * in->width, true};
    for (int k = 0; k < NETWORK_LAYERS && network->layers[k].add; k++)
        if (network->layers[k].add(&b, &network->layers[k])) return -1;
    if (lstm) lstm_add(&b, lstm);
    heads_add(&b);
    return 0;
}

struct net *net_new_of(const struct network *network, int lstm, const struct net_input *input, enum net_heads heads,
                       int outputs)
{
    struct net *net = memory_new(1, sizeof *net);
    openblas_set_num_threads(1); /* the other cores belong to other actors */
    net->facts.input = *input;
    net->facts.heads = heads;
    net->facts.outputs = outputs;
    net->facts.out_dim = outputs + (heads == NET_HEADS_POLICY_V);
    net->facts.tensors = net->tensors;
    if (build(net, network, lstm)) net_free(&net);
    return net;
}

struct net *net_new(const char *spec, int lstm, const struct net_input *input, enum net_heads heads, int outputs)
{
    struct network network;
    if (network_of(spec, &network)) return NULL;
    return net_new_of(&network, lstm, input, heads, outputs);
}

void net_free(struct net **net)
{
    for (int k = 0; *net && k < (*net)->count; k++) free((*net)->layers[k]);
    free(*net);
    *net = NULL;
}

const struct net_facts *net_facts(const struct net *net)
{
    return &net->facts;
}
