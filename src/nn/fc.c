/* fc.c -- the wide dense layer behind the convolutions: most of the network's weights, and a row or a few at a time.
 *
 * Its cost is reading the weights once per act and writing their gradient once per update. Stored (in, out), the rows
 * whose input the ReLU below has set to 0, commonly half of them, need not be read at all, nor, going on from the step
 * before, those whose input has not changed, commonly most; a BLAS cannot skip them.
 */
#include <cblas.h>
#include <string.h>

#include "nn/kernels.h"
#include "nn/layer.h"

static void (*const forwards[])(const struct fc_job *) = KERNEL_TABLE(fc_forward);
static double (*const backwards[])(const struct fc_back_job *) = KERNEL_TABLE(fc_backward);

static void forward(const struct layer *l, const float *theta, const struct pass *p, int row0, int B)
{
    const struct fc_job job = {
        .w = theta + l->part[0].weight,
        .bias = theta + l->part[0].bias,
        .x = p->x,
        .in = l->in,
        .out = l->out,
        .row0 = row0,
        .B = B,
        .before = p->before,
        .y = p->y,
        .z = p->cache,
    };
    forwards[cpu_isa()](&job);
}

/* x (in, R) and dy (R, out) to `to`. */
static void write_factors(const struct layer *l, const struct pass *p, int R, float *to)
{
    for (int i = 0; i < l->in; i++)
        for (int r = 0; r < R; r++) *to++ = p->x[(size_t)r * l->in + i];
    memcpy(to, p->dy, (size_t)R * l->out * sizeof *to);
}

/* |sum_r x_r dy_r|^2 = sum_qr (x_q . x_r) (dy_q . dy_r); rounding may leave less than 0. */
static double squares_of_factors(const struct layer *l, const struct pass *p, int R)
{
    float *xx = p->gram, *yy = xx + R * R;
    double sum = 0;
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasNoTrans, R, l->in, 1, p->x, l->in, 0, xx, R);
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasNoTrans, R, l->out, 1, p->dy, l->out, 0, yy, R);
    for (int q = 0; q < R; q++)
        for (int r = q; r < R; r++) sum += (q == r ? 1 : 2) * (double)xx[q * R + r] * (double)yy[q * R + r];
    return sum < 0 ? 0 : sum;
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const int R = s->T * s->E;
    float *const dw = dtheta + l->part[0].weight;
    const struct fc_back_job job = {
        .w = theta + l->part[0].weight,
        .x = p->x,
        .dy = p->dy,
        .in = l->in,
        .out = l->out,
        .R = R,
        .dx = p->dx,
        .dw = p->factors ? NULL : dw,
        .db = dtheta + l->part[0].bias,
        .list = p->list,
        .zero = p->zero,
    };
    if (p->zeros_of != job.dw) memset(p->zero, 0, (size_t)l->in);
    p->zeros_of = job.dw;
    p->squares = backwards[cpu_isa()](&job);
    if (!p->factors) return;
    write_factors(l, p, R, dw);
    p->squares = squares_of_factors(l, p, R);
}

void fc_layer(struct layer *l)
{
    l->forward = forward;
    l->backward = backward;
    l->squares = true;
    l->cache = (size_t)l->out; /* the sum, from which the next step goes on */
}
