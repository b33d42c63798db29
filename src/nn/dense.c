/* dense.c -- dense layers over OpenBLAS: the hidden layers of mlp and the heads.
 *
 * One row goes through gemv: gemm packs its operands first, which for a single row costs more than
 * the sums themselves. */
#include <cblas.h>
#include <string.h>

#include "nn/layer.h"

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

void dense_weights(int B, int n, int in, const float *X, const float *dY, int ldy, float *dW, float *db)
{
    if (B == 1) {
        for (int o = 0; o < n; o++)
            for (int i = 0; i < in; i++) dW[(size_t)o * in + i] = dY[o] * X[i];
    } else {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, in, B, 1, dY, ldy, X, in, 0, dW, in);
    }
    for (int o = 0; db && o < n; o++) {
        float sum = 0;
        for (int b = 0; b < B; b++) sum += dY[(size_t)b * ldy + o];
        db[o] = sum;
    }
}

void relu_back(size_t n, const float *x, float *dx)
{
    for (size_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dx[i] : 0;
}

/* max(0, y), and NaN stays NaN */
static void relu(size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

static void forward(const struct layer *l, const float *theta, const struct pass *p, int row0, int B)
{
    const float *X = p->x + (size_t)row0 * l->in;
    float *Y = p->y + (size_t)row0 * l->out;
    for (int k = 0, at = 0; k < l->parts; at += l->part[k].n, k++)
        dense_rows(B, l->part[k].n, l->in, X, theta + l->part[k].weight, theta + l->part[k].bias, false, Y + at,
                   l->out);
    if (l->relu) relu((size_t)B * l->out, Y);
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const int R = s->T * s->E;
    for (int k = 0, at = 0; k < l->parts; at += l->part[k].n, k++) {
        const struct layer_part *part = &l->part[k];
        dense_weights(R, part->n, l->in, p->x, p->dy + at, l->out, dtheta + part->weight, dtheta + part->bias);
        if (p->dx) dense_rows_back(R, part->n, l->in, p->dy + at, l->out, theta + part->weight, k > 0, p->dx);
    }
    if (p->dx && l->mask) relu_back((size_t)R * l->in, p->x, p->dx);
}

void dense_layer(struct layer *l)
{
    l->forward = forward;
    l->backward = backward;
}
