/* fc.c -- the wide dense layer behind the convolutions: most of the network's weights, and a row or a few at a time.
 *
 * Its cost is reading the weights, by every act and every update. Stored (in, out), the rows
 * whose input the ReLU below has set to 0, commonly half of them, need not be read at all, nor, going on from the step
 * before, those whose input has not changed, commonly most; a BLAS cannot skip them.
 */
#include <string.h>

#include "nn/kernels.h"
#include "nn/layer.h"

static void (*const forwards[])(const struct fc_job *) = KERNEL_TABLE(fc_forward);
static void (*const inputs[])(const struct fc_input_job *) = KERNEL_TABLE(fc_inputs);
static double (*const weights[])(const struct fc_weight_job *) = KERNEL_TABLE(fc_weights);
static int (*const folds[])(const float *, int, int, int, const uint8_t *, int *, float *) = KERNEL_TABLE(fold_rows);
static void (*const actives[])(const float *, int, int, int *) = KERNEL_TABLE(any_active);
static void (*const grams[])(const float *, int, int, float *) = KERNEL_TABLE(gram);
static void (*const row_sums[])(const float *, int, int, const float *, float *) = KERNEL_TABLE(sum_rows);

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
        .fresh = p->below,
        .fresh_row = p->below_bytes,
        .channels = l->C,
        .y = p->y,
        .z = p->cache,
    };
    forwards[cpu_isa()](&job);
}

/* |sum_r x_r dy_r|^2 = sum_qr (x_q . x_r) (dy_q . dy_r); rounding may leave less than 0. What does not fit a float is
 * Inf, as the entries themselves may be. */
static double squares_of_factors(const struct layer *l, const struct pass *p, int R)
{
    float *xx = p->gram, *yy = xx + R * R;
    double sum = 0;
    grams[cpu_isa()](p->x, R, l->in, xx);
    grams[cpu_isa()](p->dy, R, l->out, yy);
    for (int q = 0; q < R; q++)
        for (int r = q; r < R; r++) sum += (q == r ? 1 : 2) * (double)xx[q * R + r] * (double)yy[q * R + r];
    return sum < 0 ? 0 : (double)(float)sum;
}

/* The inputs that are not 0 in every row, in order, then the others; returns how many the first are. */
static int list_active(const struct layer *l, const struct pass *p, int R)
{
    int n = 0, rest = l->in, *const any = p->list + l->in;
    actives[cpu_isa()](p->x, R, l->in, any);
    for (int i = 0; i < l->in; i++) {
        if (any[i])
            p->list[n++] = i;
        else
            p->list[--rest] = i;
    }
    return n;
}

/* dx. Where a pixel of the convolution below was the same over some steps, that layer asks for no more than their sum
 * (conv_back.c), so dy is summed up over them first, and dx of the others is 0. */
static void input_gradient(const struct layer *l, const float *w, const struct pass *p, const struct span *s,
                           int active)
{
    const int R = s->T * s->E, pixels = l->in / l->C;
    struct fc_input_job job = {
        .w = w, .x = p->x, .dx = p->dx, .in = l->in, .out = l->out, .row = p->folded, .dy = p->scratch};
    memset(p->dx, 0, (size_t)R * l->in * sizeof *p->dx);
    memset(p->ends[1], 0, R);
    for (int q = 0, at = 0; q < pixels; q++) {
        for (int r = 0; r < R; r++)
            p->ends[0][r] = r < s->E || p->from[r] != r - s->E || p->below[(size_t)r * p->below_bytes + q];
        if (q == 0 || memcmp(p->ends[0], p->ends[1], R))
            job.R = folds[cpu_isa()](p->dy, s->T, s->E, l->out, p->ends[0], p->folded, p->scratch);
        memcpy(p->ends[1], p->ends[0], R);
        job.list = p->list + at;
        for (job.count = 0; at < active && p->list[at] < (q + 1) * l->C; at++) job.count++;
        inputs[cpu_isa()](&job);
    }
}

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const int R = s->T * s->E, active = list_active(l, p, R);
    float *const dw = dtheta + l->part[0].weight;
    const struct fc_weight_job job = {
        .x = p->x,
        .dy = p->dy,
        .dw = dw,
        .in = l->in,
        .out = l->out,
        .R = R,
        .list = p->list,
        .active = active,
        .zero = p->zero,
    };
    input_gradient(l, theta + l->part[0].weight, p, s, active);
    row_sums[cpu_isa()](p->dy, R, l->out, NULL, dtheta + l->part[0].bias);
    if (p->factors) {
        p->zeros_of = NULL;
        memcpy(dw, p->x, (size_t)R * l->in * sizeof *dw);
        memcpy(dw + (size_t)R * l->in, p->dy, (size_t)R * l->out * sizeof *dw);
        p->squares = squares_of_factors(l, p, R);
        return;
    }
    if (p->zeros_of != dw) memset(p->zero, 0, (size_t)l->in);
    p->zeros_of = dw;
    p->squares = weights[cpu_isa()](&job);
}

void fc_layer(struct layer *l)
{
    l->forward = forward;
    l->backward = backward;
    l->squares = true;
    l->cache = (size_t)l->out; /* the sum, from which the next step goes on */
}
