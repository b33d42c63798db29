/* dense.c -- dense layers over OpenBLAS: hidden layers, also over a map that fc.c does not fit, and the heads.
 *
 * One row goes through gemv: gemm packs its operands first, which for a single row costs more than
 * the sums themselves. */
#include <assert.h>
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "nn/dense.h"
#include "nn/layers.h"

enum { PARTS = 3 };

struct dense {
    struct layer layer;
    struct dense_part { /* it may answer several tensors side by side: pi and v */
        int n;
        bool free;           /* the bias alone, whatever is below */
        size_t weight, bias; /* offsets in theta */
    } part[PARTS];
    int parts;
};

void dense_rows(int B, int n, int in, const float *X, const float *W, const float *bias, bool add, float *Y, int ldy)
{
    for (int b = 0; b < B && !add; b++) memcpy(Y + (size_t)b * ldy, bias, n * sizeof *Y);
    if (B == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, in, 1, W, in, X, 1, 1, Y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, B, n, in, 1, X, in, W, in, 1, Y, ldy);
}

void dense_rows_back(int B, int n, int in, const float *dY, int ldy, const float *W, bool add, float *dX)
{
    const float beta = add ? 1 : 0;
    if (B == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, n, in, 1, W, in, dY, 1, beta, dX, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, B, in, n, 1, dY, ldy, W, in, beta, dX, in);
}

static void dense_bias(int B, int n, const float *dY, int ldy, float *db)
{
    for (int o = 0; o < n; o++) {
        float sum = 0;
        for (int b = 0; b < B; b++) sum += dY[(size_t)b * ldy + o];
        db[o] = sum;
    }
}

void dense_weights(int B, int n, int in, const float *X, const float *dY, int ldy, float *dW, float *db)
{
    if (B == 1) {
        for (int o = 0; o < n; o++)
            for (int i = 0; i < in; i++) dW[(size_t)o * in + i] = dY[o] * X[i];
    } else {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, in, B, 1, dY, ldy, X, in, 0, dW, in);
    }
    if (db) dense_bias(B, n, dY, ldy, db);
}

static void forward(const struct layer *layer, const float *theta, struct pass *p, int row0, int B)
{
    const struct dense *l = (const struct dense *)layer;
    const int in = layer->in, out = layer->out;
    const float *X = p->x + (size_t)row0 * in;
    float *Y = p->y + (size_t)row0 * out;
    for (int k = 0, at = 0; k < l->parts; at += l->part[k].n, k++) {
        const struct dense_part *part = &l->part[k];
        if (!part->free) dense_rows(B, part->n, in, X, theta + part->weight, theta + part->bias, false, Y + at, out);
        for (int b = 0; part->free && b < B; b++)
            memcpy(Y + (size_t)b * out + at, theta + part->bias, (size_t)part->n * sizeof *Y);
    }
    activation_forward(layer->activation, (size_t)B * out, Y);
}

static void backward(const struct layer *layer, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const struct dense *l = (const struct dense *)layer;
    const int R = s->T * s->E, in = layer->in, out = layer->out;
    for (int k = 0, at = 0; k < l->parts; at += l->part[k].n, k++) {
        const struct dense_part *part = &l->part[k];
        if (part->free) {
            dense_bias(R, part->n, p->dy + at, out, dtheta + part->bias);
            continue;
        }
        dense_weights(R, part->n, in, p->x, p->dy + at, out, dtheta + part->weight, dtheta + part->bias);
        if (p->dx) dense_rows_back(R, part->n, in, p->dy + at, out, theta + part->weight, k > 0, p->dx);
    }
    if (p->dx) activation_back(layer->below_activation, (size_t)R * in, p->x, p->dx);
}

static const struct layer_ops ops = {.forward = forward, .backward = backward, .pass_size = sizeof(struct pass)};

/* A tensor pair NAME.weight, NAME.bias as the layer's next part, n outputs wide. weight: builder_matrix(). */
static void add_part(struct builder *b, struct dense *l, const char *name, int n, struct tensor weight,
                     enum tensor_start start)
{
    struct dense_part *part = &l->part[l->parts++];
    assert(l->parts <= PARTS);
    weight.start = start;
    part->n = weight.dims[0] = n;
    if (weight.nview) weight.view[0] = n;
    part->weight = builder_tensor(b, name, "weight", weight);
    part->bias =
        builder_tensor(b, name, "bias", (struct tensor){.ndim = 1, .dims = {n}, .fan_in = l->layer.in, .start = start});
}

int dense_add(struct builder *b, const struct network_layer *row)
{
    char name[16] = "fc";
    if (!b->top.frames && fc_fits(&b->top, row->n)) {
        fc_add(b, row->n);
        return 0;
    }
    input_add(b);
    if (!b->top.C) snprintf(name, sizeof name, "fc%d", b->denses++);
    const struct tensor weight = builder_matrix(b, row->n);
    struct dense *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = row->n},
                                    b->layer_norm ? ACTIVATION_NONE : b->activation);
    add_part(b, l, name, row->n, weight, TENSOR_HIDDEN);
    if (b->layer_norm) layer_norm_add(b, name, b->activation);
    return 0;
}

/* Numbers that are parameters themselves: pi.log_sigma. */
static void add_free(struct builder *b, struct dense *l, int n)
{
    struct dense_part *part = &l->part[l->parts++];
    assert(l->parts <= PARTS);
    part->n = n;
    part->free = true;
    part->bias = builder_tensor(b, "pi", "log_sigma",
                                (struct tensor){.ndim = 1, .dims = {n}, .fan_in = 1, .start = TENSOR_FREE});
}

static struct dense *heads_layer(struct builder *b, int floats, struct tensor *weight)
{
    input_add(b);
    *weight = builder_matrix(b, floats);
    return builder_layer(b, &ops, sizeof(struct dense), (struct shape){.floats = floats}, ACTIVATION_NONE);
}

void heads_add(struct builder *b, bool critic)
{
    const struct net_facts *f = &b->net->facts;
    const bool policy = f->heads == NET_HEADS_POLICY_V;
    struct tensor weight;
    struct dense *l = heads_layer(b, f->outputs + critic, &weight);
    add_part(b, l, policy ? "pi" : "q", f->outputs - f->free, weight, policy ? TENSOR_POLICY : TENSOR_VALUE);
    if (f->free) add_free(b, l, f->free);
    if (critic) add_part(b, l, "v", 1, weight, TENSOR_VALUE);
}

void value_add(struct builder *b)
{
    struct tensor weight;
    struct dense *l = heads_layer(b, 1, &weight);
    add_part(b, l, "v", 1, weight, TENSOR_VALUE);
}
