/* build.c -- from a network's row and its input to the network. */
#include <cblas.h>
#include <limits.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/builder.h"
#include "nn/layers.h"

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
