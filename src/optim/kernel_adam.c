/* kernel_adam.c -- several gradients in one pass over theta through what keeps a mean and a mean square of them: Adam,
 * and centred RMSProp; see kernel_apply.c. */
#include <math.h>

#include "base/vector.h"
#include "optim/kernel_apply.h"
#include "optim/kernel_fetch.h"

enum {
#ifdef __AVX2__
    BLOCK = 32, /* floats of theta, of m and of v: three blocks fill the registers */
#else
    BLOCK = 16,
#endif
    TAIL = 16, /* n is a multiple of it */
};

INLINE void adam_block(const float *in, float *out, float *m, float *v, const struct optim_grad *grads, int k,
                       size_t at, const float *rate, const float *root, const struct apply_adam *c, int size)
{
    float th[BLOCK], mean[BLOCK], square[BLOCK];
    fetch_ahead(in + at, size);
    fetch_ahead(m + at, size);
    fetch_ahead(v + at, size);
    move(th, in + at, size);
    move(mean, m + at, size);
    move(square, v + at, size);
    for (int j = 0; j < k; j++) {
        const float *grad = grads[j].grad + at, scale = grads[j].scale;
        fetch_ahead(grad, size);
        for (int l = 0; l < size; l++) {
            const float d = scale * grad[l];
            mean[l] = c->a1 * mean[l] + c->b1 * d;
            square[l] = c->a2 * square[l] + c->b2 * (d * d);
            th[l] -= rate[j] * mean[l] / (sqrtf(square[l]) * root[j] + c->eps);
        }
    }
    move(out + at, th, size);
    move(m + at, mean, size);
    move(v + at, square, size);
}

void KERNEL(apply_adam) APPLY_ADAM_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) adam_block(in, out, m, v, grads, k, i, rate, root, c, BLOCK);
    for (; i < n; i += TAIL) adam_block(in, out, m, v, grads, k, i, rate, root, c, TAIL);
}

INLINE void centred_block(const float *in, float *out, float *g, float *m, const struct optim_grad *grads, int k,
                          size_t at, float a, float b, float eps, int size)
{
    float th[BLOCK], mean[BLOCK], square[BLOCK];
    fetch_ahead(in + at, size);
    fetch_ahead(g + at, size);
    fetch_ahead(m + at, size);
    move(th, in + at, size);
    move(mean, m + at, size);
    move(square, g + at, size);
    for (int j = 0; j < k; j++) {
        const float *grad = grads[j].grad + at, scale = grads[j].scale, lr = grads[j].lr;
        fetch_ahead(grad, size);
        for (int l = 0; l < size; l++) {
            const float d = scale * grad[l];
            mean[l] = a * mean[l] + b * d;
            square[l] = a * square[l] + b * (d * d);
            const float variance = square[l] - mean[l] * mean[l];
            th[l] -= lr * d / sqrtf((variance > 0 ? variance : 0) + eps);
        }
    }
    move(out + at, th, size);
    move(m + at, mean, size);
    move(g + at, square, size);
}

void KERNEL(apply_centred) APPLY_CENTRED_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) centred_block(in, out, g, m, grads, k, i, a, b, eps, BLOCK);
    for (; i < n; i += TAIL) centred_block(in, out, g, m, grads, k, i, a, b, eps, TAIL);
}
