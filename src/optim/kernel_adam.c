/* kernel_adam.c -- several gradients in one pass over theta through what keeps a mean and a mean square of them: Adam,
 * and centred RMSProp; see kernel_apply.c. */
#include <math.h>
#include <stdbool.h>

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

/* `size` elements at `at`: m keeps the mean, v the mean square. rate and root are Adam's. */
INLINE void block(bool centred, const float *in, float *out, float *m, float *v, const struct optim_grad *grads, int k,
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
        const float *grad = grads[j].grad + at, scale = grads[j].scale, lr = grads[j].lr;
        fetch_ahead(grad, size);
        for (int l = 0; l < size; l++) {
            const float d = scale * grad[l];
            mean[l] = c->a1 * mean[l] + c->b1 * d;
            square[l] = c->a2 * square[l] + c->b2 * (d * d);
            if (centred) {
                const float variance = square[l] - mean[l] * mean[l];
                th[l] -= lr * d / sqrtf((variance > 0 ? variance : 0) + c->eps);
            } else {
                th[l] -= rate[j] * mean[l] / (sqrtf(square[l]) * root[j] + c->eps);
            }
        }
    }
    move(out + at, th, size);
    move(m + at, mean, size);
    move(v + at, square, size);
}

void KERNEL(apply_adam) APPLY_ADAM_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) block(false, in, out, m, v, grads, k, i, rate, root, c, BLOCK);
    for (; i < n; i += TAIL) block(false, in, out, m, v, grads, k, i, rate, root, c, TAIL);
}

void KERNEL(apply_centred) APPLY_CENTRED_ARGS
{
    const struct apply_adam c = {a, b, a, b, eps};
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) block(true, in, out, m, g, grads, k, i, NULL, NULL, &c, BLOCK);
    for (; i < n; i += TAIL) block(true, in, out, m, g, grads, k, i, NULL, NULL, &c, TAIL);
}
