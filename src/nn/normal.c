/* normal.c -- the network's input as one row of floats with mean 0 and variance 1: normalised by the moments in theta,
 * which stand still while it is read. Backward, the rows' own moments, which rank 0 merges into theta's. The policy and
 * a critic of its own read alike; the first of them tells. */
#include <float.h>
#include <math.h>

#include "nn/layers.h"

struct normal {
    struct layer layer;
    const struct moments *moments; /* of the network */
    int pointers;                  /* of a row */
    bool tells;
};

struct normal_pass {
    struct pass pass;
    float *scale; /* (in) */
};

static const float LEAST = 1e-8F; /* variance */

static void forward(const struct layer *l, const float *theta, struct pass *pass, int row0, int B)
{
    const struct normal *n = (const struct normal *)l;
    const struct moments *m = n->moments;
    const int part = l->out / n->pointers;
    const float *const block = theta + m->offset, *const mean = block + moments_mean_at(),
                       *variance = block + moments_variance_at(m);
    const float most = NET_NORM_MOST;
    float *scale = ((struct normal_pass *)pass)->scale;
    for (int i = 0; i < l->out; i++) scale[i] = 1 / sqrtf(variance[i] + LEAST);
    for (int k = 0; k < B * n->pointers; k++) {
        const float *x = pass->frames[(size_t)row0 * n->pointers + k];
        const int first = k % n->pointers * part;
        float *y = pass->y + (size_t)row0 * l->out + (size_t)k * part;
        for (int i = 0; i < part; i++) {
            const float z = (x[i] - mean[first + i]) * scale[first + i];
            y[i] = z > most ? most : z < -most ? -most : z; /* NaN stays NaN */
        }
    }
}

/* Entry i of rows 0 .. R - 1. */
static void entry_moments(const struct normal *n, const struct pass *p, int i, int R, float *mean, float *variance)
{
    const int part = n->layer.out / n->pointers, in = i % part;
    const float *const *x = p->frames + i / part;
    double sum = 0, square = 0;
    for (int r = 0; r < R; r++) sum += (double)x[r * n->pointers][in];
    for (int r = 0; r < R; r++)
        square += ((double)x[r * n->pointers][in] - sum / R) * ((double)x[r * n->pointers][in] - sum / R);
    *mean = (float)(sum / R);
    *variance = (float)fmin(square / R, (double)FLT_MAX);
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const struct normal *n = (const struct normal *)l;
    float *const block = dtheta + n->moments->offset;
    (void)theta;
    if (!n->tells) return;
    block[0] = (float)(s->T * s->E);
    for (int i = 0; i < l->out; i++)
        entry_moments(n, p, i, s->T * s->E, block + moments_mean_at() + i, block + moments_variance_at(n->moments) + i);
}

static void open(const struct layer *l, struct pass *pass)
{
    ((struct normal_pass *)pass)->scale = pass_floats(pass, (size_t)l->out);
}

static const struct layer_ops ops = {
    .forward = forward, .backward = backward, .pass_size = sizeof(struct normal_pass), .open = open};

void normal_add(struct builder *b)
{
    struct normal *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = b->top.floats}, ACTIVATION_NONE);
    l->layer.given = true;
    l->moments = &b->net->facts.moments;
    l->pointers = net_pointers(&b->net->facts.input);
    l->tells = !b->moments;
    b->moments = true;
}

void moments_add(struct builder *b, bool returns)
{
    struct net_facts *f = &b->net->facts;
    const int dim = (f->obs_norm ? f->input.dim : 0) + returns;
    struct tensor t = {.ndim = 1, .dims = {1}, .fan_in = 1, .start = TENSOR_MOMENTS};
    if (!dim) return;
    f->moments = (struct moments){.offset = builder_tensor(b, "norm", "count", t), .dim = dim};
    t.dims[0] = dim;
    builder_tensor(b, "norm", "mean", t);
    builder_tensor(b, "norm", "variance", t);
}
