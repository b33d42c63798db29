/* tensor.c -- tensors as views into theta: between the stored order and the textbook's, and the start values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/net.h"

/* The stored axes, padded in front to four: how many, and how far apart their steps lie in the textbook array. */
static void stored_axes(const struct tensor *t, size_t dims[4], size_t stride[4])
{
    size_t step[4] = {0}, s = 1;
    for (int k = t->nview - 1; k >= 0; k--) {
        step[k] = s;
        s *= (size_t)t->view[k];
    }
    for (int k = 0; k < 4; k++) {
        const int axis = k - (4 - t->nview);
        dims[k] = axis < 0 ? 1 : (size_t)t->view[t->perm[axis]];
        stride[k] = axis < 0 ? 0 : step[t->perm[axis]];
    }
}

/* Copies between theta + offset and a textbook array; exactly one of out and in is NULL. */
static void reorder(const struct tensor *t, float *stored, const float *in, const float *from, float *out)
{
    size_t d[4], s[4], i = 0;
    stored_axes(t, d, s);
    for (size_t a = 0; a < d[0]; a++)
        for (size_t b = 0; b < d[1]; b++)
            for (size_t c = 0; c < d[2]; c++)
                for (size_t e = 0; e < d[3]; e++, i++) {
                    const size_t book = a * s[0] + b * s[1] + c * s[2] + e * s[3];
                    if (out)
                        out[book] = from[i];
                    else
                        stored[i] = in[book];
                }
}

void tensor_to_textbook(const struct tensor *t, const float *theta, float *out)
{
    reorder(t, NULL, NULL, theta + t->offset, out);
}

void tensor_from_textbook(const struct tensor *t, float *theta, const float *in)
{
    reorder(t, theta + t->offset, in, NULL, NULL);
}

/* Half the width of a uniform distribution around 0. He et al. 2015 (arXiv:1502.01852): variance 2 / fan_in keeps the
 * size of activations from layer to layer under ReLU. */
static double bound_of(const struct tensor *t, enum net_init init)
{
    const double one = 1 / sqrt((double)t->fan_in);
    if (init == NET_INIT_UNIFORM || t->start == TENSOR_RECURRENT) return one;
    if (t->ndim == 1) return 0;
    if (t->start == TENSOR_POLICY) return 0.01 * sqrt(3) * one;
    if (t->start == TENSOR_VALUE) return sqrt(3) * one;
    return sqrt(6) * one;
}

void net_init(const struct net *net, enum net_init init, float *theta, struct rng *rng)
{
    const struct net_facts *facts = net_facts(net);
    float *book = memory_floats(facts->params);
    memset(theta, 0, facts->params * sizeof *theta);
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        const double bound = bound_of(t, init);
        for (size_t i = 0; i < t->size; i++) book[i] = (float)(bound * (2 * rng_uniform(rng) - 1));
        tensor_from_textbook(t, theta, book);
    }
    free(book);
}
