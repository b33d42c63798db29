/* fc.c -- the wide dense layer behind the convolutions: most of the network's weights, and a row or a few at a time.
 *
 * Its cost is reading the weights once per act and writing their gradient once per update. Stored (in, out), the rows
 * whose input the ReLU below has set to 0, commonly half of them, need not be read at all, nor, going on from the step
 * before, those whose input has not changed, commonly most; a BLAS cannot skip them.
 */
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

static void backward(const struct layer *l, const float *theta, struct pass *p, const struct span *s, float *dtheta)
{
    const struct fc_back_job job = {
        .w = theta + l->part[0].weight,
        .x = p->x,
        .dy = p->dy,
        .in = l->in,
        .out = l->out,
        .R = s->T * s->E,
        .dx = p->dx,
        .dw = dtheta + l->part[0].weight,
        .db = dtheta + l->part[0].bias,
        .list = p->list,
        .zero = p->zero,
    };
    if (p->zeros_of != job.dw) memset(p->zero, 0, (size_t)l->in);
    p->zeros_of = job.dw;
    p->squares = backwards[cpu_isa()](&job);
}

void fc_layer(struct layer *l)
{
    l->forward = forward;
    l->backward = backward;
    l->squares = true;
    l->cache = (size_t)l->out; /* the sum, from which the next step goes on */
}
