/* init.c -- the start values of a network.
 *
 * Orthogonal matrices are made here by Gram and Schmidt, twice over, and not by LAPACK's QR: that one rounds by the
 * processor's kernels, and a seed names the same start everywhere. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/net.h"

/* Half the width of a uniform distribution around 0. He et al. 2015 (arXiv:1502.01852): variance 2 / fan_in keeps the
 * size of activations from layer to layer under ReLU. */
static double bound_of(const struct tensor *t, enum net_init init)
{
    const double one = 1 / sqrt((double)t->fan_in);
    if (t->start == TENSOR_FREE || t->start == TENSOR_MOMENTS) return 0;
    if (init == NET_INIT_UNIFORM || t->start == TENSOR_RECURRENT) return one;
    if (t->ndim == 1) return 0;
    if (t->start == TENSOR_POLICY) return 0.01 * sqrt(3) * one;
    if (t->start == TENSOR_VALUE) return sqrt(3) * one;
    return sqrt(6) * one;
}

static void fill_uniform(const struct tensor *t, double bound, struct rng *rng, float *book)
{
    for (size_t i = 0; i < t->size; i++) book[i] = (float)(bound * (2 * rng_uniform(rng) - 1));
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* The `count` vectors of length n <- an orthonormal set that spans the same; count <= n. Twice, since what rounding
 * leaves of the others after one pass grows with the loss of length. */
static void orthonormalise(double *v, size_t count, size_t n)
{
    for (size_t k = 0; k < count; k++) {
        double *x = v + k * n;
        for (int pass = 0; pass < 2; pass++)
            for (size_t j = 0; j < k; j++) {
                const double share = dot(x, v + j * n, n);
                for (size_t i = 0; i < n; i++) x[i] -= share * v[j * n + i];
            }
        const double length = sqrt(dot(x, x, n));
        for (size_t i = 0; i < n; i++) x[i] /= length;
    }
}

/* Saxe et al. 2013 (arXiv:1312.6120): a matrix (out, everything else) with orthonormal rows where it is wide, columns
 * where it is tall, from normal draws, times gain. */
static void fill_orthogonal(const struct tensor *t, struct rng *rng, float *book)
{
    const size_t out = (size_t)t->dims[0], in = t->size / out, count = out < in ? out : in, n = out < in ? in : out;
    const double gain = t->start == TENSOR_POLICY ? 0.01 : t->start == TENSOR_HIDDEN ? sqrt(2) : 1;
    double *v = memory_new(count * n, sizeof *v);
    for (size_t i = 0; i < count * n; i++) v[i] = rng_normal(rng);
    orthonormalise(v, count, n);
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++) book[o * in + i] = (float)(gain * (out < in ? v[o * n + i] : v[i * n + o]));
    free(v);
}

void net_init(const struct net *net, enum net_init init, float *theta, struct rng *rng)
{
    const struct net_facts *facts = net_facts(net);
    float *book = memory_floats(facts->params);
    memset(theta, 0, facts->params * sizeof *theta);
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        for (size_t i = 0; t->start == TENSOR_GAIN && i < t->size; i++) theta[t->offset + i] = 1;
        if (t->start == TENSOR_GAIN || t->start == TENSOR_SHIFT) continue;
        if (init != NET_INIT_ORTHOGONAL)
            fill_uniform(t, bound_of(t, init), rng, book);
        else if (t->ndim > 1)
            fill_orthogonal(t, rng, book);
        else
            memset(book, 0, t->size * sizeof *book);
        tensor_from_textbook(t, theta, book);
    }
    const struct moments *m = &facts->moments;
    for (int i = 0; i < m->dim; i++) theta[m->offset + moments_variance_at(m) + (size_t)i] = 1;
    free(book);
}

void net_init_free(const struct net *net, float value, float *theta)
{
    const struct net_facts *facts = net_facts(net);
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        for (size_t i = 0; t->start == TENSOR_FREE && i < t->size; i++) theta[t->offset + i] = value;
    }
}

/* Gates lie as i f g o. */
void net_init_forget(const struct net *net, float value, float *theta)
{
    const struct net_facts *facts = net_facts(net);
    for (int k = 0; k < facts->tensor_count; k++) {
        const struct tensor *t = &facts->tensors[k];
        const size_t N = t->size / 4;
        const bool biases = t->start == TENSOR_RECURRENT && t->ndim == 1;
        for (size_t i = N; biases && i < 2 * N; i++) theta[t->offset + i] += value;
    }
}
