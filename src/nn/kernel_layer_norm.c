/* kernel_layer_norm.c -- layer normalisation of points, forward and backward; see layer_norm.c.
 *
 * Two passes, the mean and then the squares about it: the difference of two large sums would round away the variance
 * of points far from 0. The channels of a convolution have loops of constant length, which stay in registers; what is
 * left of other lengths behind the last whole vector goes one by one. */
#include <math.h>

#include "base/vector.h"
#include "nn/kernels.h"

typedef float four __attribute__((vector_size(16)));

INLINE float sum_lanes(vf v)
{
#if defined __AVX512F__
    typedef float eight __attribute__((vector_size(32)));
    const eight h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    const four q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif defined __AVX__
    const four q = __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    const four q = v;
#endif
    return (q[0] + q[2]) + (q[1] + q[3]);
}

INLINE void forward_point(const struct norm_job *job, int n, int i)
{
    const int whole = n / VECTOR * VECTOR;
    const float *x = job->x + (ptrdiff_t)i * n, *g = job->gain, *b = job->shift;
    float *y = job->y + (ptrdiff_t)i * n, rest = 0;
    vf sum = {0}, square = {0};
    for (int k = 0; k < whole; k += VECTOR) sum += load(x + k);
    for (int k = whole; k < n; k++) rest += x[k];
    const float mean = (sum_lanes(sum) + rest) / (float)n;
    for (int k = 0; k < whole; k += VECTOR) {
        const vf d = load(x + k) - mean;
        square += d * d;
    }
    rest = 0;
    for (int k = whole; k < n; k++) rest += (x[k] - mean) * (x[k] - mean);
    const float scale = 1 / sqrtf((sum_lanes(square) + rest) / (float)n + job->least);
    for (int k = 0; k < whole; k += VECTOR) {
        const vf z = (load(x + k) - mean) * scale * load(g + k) + load(b + k);
        store(y + k, job->relu ? relu(z) : z);
    }
    for (int k = whole; k < n; k++) {
        const float z = (x[k] - mean) * scale * g[k] + b[k];
        y[k] = job->relu && z < 0 ? 0 : z;
    }
    job->mean[i] = mean;
    job->scale[i] = scale;
}

INLINE void forward_points(const struct norm_job *job, int n)
{
    for (int k = 0; k < job->count; k++) forward_point(job, n, job->list ? job->list[k] : k);
}

void KERNEL(norm_forward)(const struct norm_job *job)
{
    switch (job->n) {
    case 16:
        forward_points(job, 16);
        break;
    case 32:
        forward_points(job, 32);
        break;
    case 64:
        forward_points(job, 64);
        break;
    default:
        forward_points(job, job->n);
    }
}

/* Is dy 0 all along; then dx is. */
INLINE bool nothing(const float *dy, int n, float *dx)
{
    const int whole = n / VECTOR * VECTOR;
    vi any = {0};
    int rest = 0;
    for (int k = 0; k < whole; k += VECTOR) any |= load(dy + k) != 0.0F;
    for (int v = 0; v < VECTOR; v++) rest |= any[v];
    for (int k = whole; k < n; k++) rest |= dy[k] != 0;
    for (int k = 0; !rest && k < n; k++) dx[k] = 0;
    return !rest;
}

INLINE void backward_point(const struct norm_back_job *job, int n, int i)
{
    const int whole = n / VECTOR * VECTOR;
    const float *x = job->x + (ptrdiff_t)i * n, *dy = job->dy + (ptrdiff_t)i * n, *g = job->gain;
    const float mean = job->mean[i], scale = job->scale[i];
    float *dx = job->dx + (ptrdiff_t)i * n, *dg = job->dgain, *db = job->dshift, rest = 0, rest_h = 0;
    vf sum = {0}, sum_h = {0};
    if (nothing(dy, n, dx)) return;
    for (int k = 0; k < whole; k += VECTOR) {
        const vf h = (load(x + k) - mean) * scale, d = load(dy + k), z = d * load(g + k);
        store(dg + k, load(dg + k) + d * h);
        store(db + k, load(db + k) + d);
        sum += z;
        sum_h += z * h;
    }
    for (int k = whole; k < n; k++) {
        const float h = (x[k] - mean) * scale, z = dy[k] * g[k];
        dg[k] += dy[k] * h;
        db[k] += dy[k];
        rest += z;
        rest_h += z * h;
    }
    const float m = (sum_lanes(sum) + rest) / (float)n, m_h = (sum_lanes(sum_h) + rest_h) / (float)n;
    for (int k = 0; k < whole; k += VECTOR) {
        const vf h = (load(x + k) - mean) * scale;
        store(dx + k, (load(dy + k) * load(g + k) - m - h * m_h) * scale);
    }
    for (int k = whole; k < n; k++) dx[k] = (dy[k] * g[k] - m - (x[k] - mean) * scale * m_h) * scale;
}

INLINE void backward_points(const struct norm_back_job *job, int n)
{
    for (int i = 0; i < job->count; i++) backward_point(job, n, i);
}

void KERNEL(norm_backward)(const struct norm_back_job *job)
{
    switch (job->n) {
    case 16:
        backward_points(job, 16);
        break;
    case 32:
        backward_points(job, 32);
        break;
    case 64:
        backward_points(job, 64);
        break;
    default:
        backward_points(job, job->n);
    }
}
