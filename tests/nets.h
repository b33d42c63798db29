/* nets.h -- a network as most tests want it: one trunk, ReLU; and normalisations that do something. */
#ifndef DUNLIN_TESTS_NETS_H
#define DUNLIN_TESTS_NETS_H

#include "nn/net.h"

static inline struct net *net_of(const char *spec, int lstm, const struct net_input *input, enum net_heads heads,
                                 int outputs)
{
    return net_new(
        &(struct net_config){.spec = spec, .lstm = lstm, .input = *input, .heads = heads, .outputs = outputs});
}

/* Gains and shifts other than those of a start, which hide a lost one. */
static inline void net_draw_norms(const struct net_facts *facts, float *theta, struct rng *rng)
{
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        for (size_t i = 0; (t->start == TENSOR_GAIN || t->start == TENSOR_SHIFT) && i < t->size; i++)
            theta[t->offset + i] = (float)((t->start == TENSOR_GAIN) + rng_uniform(rng) - 0.5);
    }
}

#endif
