/* conv_plain.c -- a convolution of any sizes, for those that no kernel of conv.c fits: patches side by side
 * as a matrix, the products by OpenBLAS, every row by itself and nothing taken over from earlier ones. */
#include <cblas.h>
#include <string.h>

#include "nn/conv.h"

struct plain_pass {
    struct pass pass;
    float *patches;  /* scratch: (rows cols, K) what the pixels meet, K floats each in the order of the weight */
    float *dpatches; /* scratch: the same */
};

static int patch_floats(const struct conv *l)
{
    return l->kernel * l->kernel * l->C;
}

static void gather(const struct conv *l, const struct pass *p, int row, float *patches)
{
    const float *map;
    const struct conv_input in = conv_input_of(l, p, row, &map);
    for (int r = 0; r < l->rows; r++)
        for (int c = 0; c < l->cols; c++)
            for (int plane = 0; plane < in.planes; plane++)
                for (int k = 0; k < in.kernel; k++, patches += in.length)
                    memcpy(patches, in.x[plane] + (size_t)(r * in.row_step + k) * in.pitch + (size_t)c * in.step,
                           (size_t)in.length * sizeof *patches);
}

static void forward(const struct layer *layer, const float *theta, struct pass *pass, int row0, int B)
{
    const struct conv *l = (const struct conv *)layer;
    float *patches = ((struct plain_pass *)pass)->patches;
    const int pixels = l->rows * l->cols, K = patch_floats(l), O = l->O;
    for (int row = row0; row < row0 + B; row++) {
        float *y = pass->y + (size_t)row * layer->out;
        for (int i = 0; i < pixels; i++) memcpy(y + (size_t)i * O, theta + l->bias, (size_t)O * sizeof *y);
        gather(l, pass, row, patches);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, pixels, O, K, 1, patches, K, theta + l->weight, O, 1, y,
                    O);
        activation_forward(layer->activation, (size_t)layer->out, y);
    }
}

/* dx of one row: every pixel's share, where it was met. */
static void scatter(const struct conv *l, const float *dpatches, float *dx)
{
    const int length = l->kernel * l->C;
    memset(dx, 0, (size_t)l->layer.in * sizeof *dx);
    for (int r = 0; r < l->rows; r++)
        for (int c = 0; c < l->cols; c++)
            for (int k = 0; k < l->kernel; k++, dpatches += length) {
                float *to = dx + ((size_t)(r * l->stride + k) * l->width + (size_t)c * l->stride) * l->C;
                for (int i = 0; i < length; i++) to[i] += dpatches[i];
            }
}

static void backward(const struct layer *layer, const float *theta, struct pass *pass, const struct span *s,
                     float *dtheta)
{
    const struct conv *l = (const struct conv *)layer;
    const struct plain_pass *p = (const struct plain_pass *)pass;
    const int R = s->T * s->E, pixels = l->rows * l->cols, K = patch_floats(l), O = l->O;
    const float *w = theta + l->weight;
    float *dw = dtheta + l->weight, *db = dtheta + l->bias;
    memset(db, 0, (size_t)O * sizeof *db);
    for (int row = 0; row < R; row++) {
        const float *dz = pass->dy + (size_t)row * layer->out;
        for (int i = 0; i < pixels; i++)
            for (int o = 0; o < O; o++) db[o] += dz[(size_t)i * O + o];
        gather(l, pass, row, p->patches);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, K, O, pixels, 1, p->patches, K, dz, O, row ? 1 : 0, dw, O);
        if (!pass->dx) continue;
        float *dx = pass->dx + (size_t)row * layer->in;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, pixels, K, O, 1, dz, O, w, O, 0, p->dpatches, K);
        scatter(l, p->dpatches, dx);
        activation_back(layer->below_activation, (size_t)layer->in, pass->x + (size_t)row * layer->in, dx);
    }
}

static void open(const struct layer *layer, struct pass *pass)
{
    const struct conv *l = (const struct conv *)layer;
    struct plain_pass *p = (struct plain_pass *)pass;
    const size_t pixels = (size_t)l->rows * l->cols, n = pixels * (size_t)patch_floats(l);
    pass_all_fresh(pass, (int)pixels);
    p->patches = pass_floats(pass, n);
    if (pass->dx) p->dpatches = pass_floats(pass, n);
}

const struct layer_ops conv_plain_ops = {
    .forward = forward, .backward = backward, .pass_size = sizeof(struct plain_pass), .open = open};
