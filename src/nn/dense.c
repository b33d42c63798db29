/* dense.c -- dense layers: hidden ones, also over a map that fc.c does not fit, and the heads.
 *
 * Weights of hidden layers are stored (in, out): a row's sums then run side by side in vectors, however few inputs
 * there are, as do their gradients. Heads have few outputs and are stored (out, in) for the same reason. OpenBLAS
 * multiplies what is so wide that its calls do not count, and where a sum is so long that its order matters. */
#include "nn/dense.h"

#include <assert.h>
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "nn/kernels.h"
#include "nn/layers.h"

enum { PARTS = 3, OWN_WIDEST = 256, OWN_LONGEST = 2048, OWN_ROWS = 16, MANY_ROWS = 64 };

struct dense {
    struct layer layer;
    struct dense_part { /* it may answer several tensors side by side: pi and v */
        int n;
        bool free;           /* the bias alone, whatever is below */
        size_t weight, bias; /* offsets in theta */
    } part[PARTS];
    int parts;
    bool head;
};

static void (*const products[])(const struct product_job *) = KERNEL_TABLE(product);
static void (*const wide_products[])(const struct product_job *) = KERNEL_TABLE(wide_product);
static void (*const laid_out_products[])(const struct product_job *) = KERNEL_TABLE(laid_out_product);
static void (*const lay_outs[])(const float *, int, int, float *) = KERNEL_TABLE(lay_out);
static void (*const all_dots[])(const struct product_job *) = KERNEL_TABLE(dots);

/* Do the kernels here sum K terms for each of n outputs. */
static bool own(int n, int K)
{
    return n <= OWN_WIDEST && K <= OWN_LONGEST;
}

/* Or, whatever n, where few rows pass over a matrix. */
static bool own_few(int rows, int K)
{
    return rows <= OWN_ROWS && K <= OWN_LONGEST;
}

static struct product_job rows_job(int B, int n, int in, const float *X, const float *W, const float *from,
                                   int from_row, float *Y)
{
    return (struct product_job){.a = X,
                                .a_row = in,
                                .a_step = 1,
                                .b = W,
                                .b_row = n,
                                .from = from,
                                .from_row = from_row,
                                .c = Y,
                                .c_row = n,
                                .rows = B,
                                .K = in,
                                .n = n};
}

void dense_rows(int B, int n, int in, const float *X, const float *W, const float *from, int from_row, float *Y)
{
    const struct product_job job = rows_job(B, n, in, X, W, from, from_row, Y);
    if (own(n, in) || own_few(B, in)) {
        (n <= OWN_WIDEST ? products : wide_products)[cpu_isa()](&job);
        return;
    }
    for (int b = 0; b < B && from != Y; b++) memcpy(Y + (size_t)b * n, from + (size_t)b * from_row, n * sizeof *Y);
    if (B == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, in, n, 1, W, n, X, 1, 1, Y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, B, n, in, 1, X, in, W, n, 1, Y, n);
}

void dense_lay_out(int n, int in, const float *W, float *panels)
{
    lay_outs[cpu_isa()](W, in, n, panels);
}

void dense_rows_laid_out(int B, int n, int in, const float *X, const float *panels, const float *from, int from_row,
                         float *Y)
{
    const struct product_job job = rows_job(B, n, in, X, panels, from, from_row, Y);
    assert(B > 1 && n % 32 == 0);
    laid_out_products[cpu_isa()](&job);
}

/* dX = dY W^T of many rows: a strip of W turned round serves them all, and no sum is taken across a vector. */
static void many_rows_back(int B, int n, int in, const float *dY, const float *W, float *dX)
{
    enum { STRIP = 32 };
    float turned[OWN_WIDEST * STRIP];
    for (int i = 0, width; i < in; i += width) {
        width = in - i < STRIP ? in - i : STRIP;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < width; j++) turned[k * STRIP + j] = W[(size_t)(i + j) * n + k];
        const struct product_job job = {.a = dY,
                                        .a_row = n,
                                        .a_step = 1,
                                        .b = turned,
                                        .b_row = STRIP,
                                        .c = dX + i,
                                        .c_row = in,
                                        .rows = B,
                                        .K = n,
                                        .n = width};
        products[cpu_isa()](&job);
    }
}

void dense_rows_back(int B, int n, int in, const float *dY, const float *W, float *dX)
{
    if (B >= MANY_ROWS && n <= OWN_WIDEST) {
        many_rows_back(B, n, in, dY, W, dX);
    } else if (own(n, n) || B <= OWN_ROWS) {
        const struct product_job job = {
            .a = dY, .a_row = n, .a_step = 1, .b = W, .b_row = n, .c = dX, .c_row = in, .rows = B, .K = n, .n = in};
        all_dots[cpu_isa()](&job);
    } else {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, B, in, n, 1, dY, n, W, n, 0, dX, in);
    }
}

void dense_weights(int B, int n, int in, const float *X, const float *dY, float *dW)
{
    if (own(n, B) || B <= OWN_ROWS) {
        const struct product_job job = {
            .a = X, .a_row = 1, .a_step = in, .b = dY, .b_row = n, .c = dW, .c_row = n, .rows = in, .K = B, .n = n};
        products[cpu_isa()](&job);
    } else {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, n, B, 1, X, in, dY, n, 0, dW, n);
    }
}

void dense_bias(int B, int n, const float *dY, int ldy, float *db)
{
    memcpy(db, dY, n * sizeof *db);
    for (int b = 1; b < B; b++)
        for (int o = 0; o < n; o++) db[o] += dY[(size_t)b * ldy + o];
}

static void forward(const struct layer *layer, const float *theta, struct pass *p, int row0, int B)
{
    const struct dense *l = (const struct dense *)layer;
    const int in = layer->in, out = layer->out;
    const float *X = p->x + (size_t)row0 * in;
    float *Y = p->y + (size_t)row0 * out;
    if (!l->head) dense_rows(B, out, in, X, theta + l->part[0].weight, theta + l->part[0].bias, 0, Y);
    for (int k = 0, at = 0; l->head && k < l->parts; at += l->part[k].n, k++) {
        const struct dense_part *part = &l->part[k];
        const struct product_job job = {.a = X,
                                        .a_row = in,
                                        .a_step = 1,
                                        .b = theta + part->weight,
                                        .b_row = in,
                                        .from = theta + part->bias,
                                        .c = Y + at,
                                        .c_row = out,
                                        .rows = B,
                                        .K = in,
                                        .n = part->n};
        if (!part->free) all_dots[cpu_isa()](&job);
        for (int b = 0; part->free && b < B; b++)
            memcpy(Y + (size_t)b * out + at, theta + part->bias, (size_t)part->n * sizeof *Y);
    }
    activation_forward(layer->activation, (size_t)B * out, Y);
}

/* dW (n, in) = dY^T X, dX = dY W for the first part, += for others. */
static void head_backward(const struct dense *l, const struct dense_part *part, int at, const float *theta,
                          const struct pass *p, int R, float *dtheta)
{
    const int in = l->layer.in, out = l->layer.out, n = part->n;
    const float *dY = p->dy + at;
    const struct product_job weights = {.a = dY,
                                        .a_row = 1,
                                        .a_step = out,
                                        .b = p->x,
                                        .b_row = in,
                                        .c = dtheta + part->weight,
                                        .c_row = in,
                                        .rows = n,
                                        .K = R,
                                        .n = in};
    const struct product_job inputs = {.a = dY,
                                       .a_row = out,
                                       .a_step = 1,
                                       .b = theta + part->weight,
                                       .b_row = in,
                                       .from = at ? p->dx : NULL,
                                       .from_row = in,
                                       .c = p->dx,
                                       .c_row = in,
                                       .rows = R,
                                       .K = n,
                                       .n = in};
    dense_bias(R, n, dY, out, dtheta + part->bias);
    if (part->free) return;
    products[cpu_isa()](&weights);
    if (p->dx) products[cpu_isa()](&inputs);
}

static void backward(const struct layer *layer, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const struct dense *l = (const struct dense *)layer;
    const int R = s->T * s->E, in = layer->in, out = layer->out;
    for (int k = 0, at = 0; l->head && k < l->parts; at += l->part[k].n, k++)
        head_backward(l, &l->part[k], at, theta, p, R, dtheta);
    if (!l->head) {
        dense_weights(R, out, in, p->x, p->dy, dtheta + l->part[0].weight);
        dense_bias(R, out, p->dy, out, dtheta + l->part[0].bias);
        if (p->dx) dense_rows_back(R, out, in, p->dy, theta + l->part[0].weight, p->dx);
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
    const struct tensor weight = builder_matrix(b, row->n, true);
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
    *weight = builder_matrix(b, floats, false);
    struct dense *l = builder_layer(b, &ops, sizeof *l, (struct shape){.floats = floats}, ACTIVATION_NONE);
    l->head = true;
    return l;
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
