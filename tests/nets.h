/* nets.h -- a network as most tests want it: one trunk, ReLU. */
#ifndef DUNLIN_TESTS_NETS_H
#define DUNLIN_TESTS_NETS_H

#include "nn/net.h"

static inline struct net *net_of(const char *spec, int lstm, const struct net_input *input, enum net_heads heads,
                                 int outputs)
{
    return net_new(
        &(struct net_config){.spec = spec, .lstm = lstm, .input = *input, .heads = heads, .outputs = outputs});
}

#endif
