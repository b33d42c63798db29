/* kernel_activation.c -- activations of many floats; a call of the library's tanh for each costs more than a dense
 * layer of 64 units. */
#include <stddef.h>

#include "nn/kernels.h"
#include "nn/vector_math.h"

void KERNEL(tanh_floats)(float *y, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR <= n; i += VECTOR) store(y + i, tanh_of(load(y + i)));
    const int left = (int)(n - i);
    if (left) store_some(y + i, tanh_of(load_some(y + i, left)), left);
}

void KERNEL(relu_floats)(float *y, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR <= n; i += VECTOR) store(y + i, relu(load(y + i)));
    for (; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

void KERNEL(relu_back)(const float *x, float *dx, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR <= n; i += VECTOR) store(dx + i, where_positive(load(x + i), load(dx + i)));
    for (; i < n; i++) dx[i] = x[i] > 0 ? dx[i] : 0;
}

void KERNEL(tanh_back)(const float *x, float *dx, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR <= n; i += VECTOR) store(dx + i, load(dx + i) * (1.0f - load(x + i) * load(x + i)));
    for (; i < n; i++) dx[i] *= 1 - x[i] * x[i];
}
