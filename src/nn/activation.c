/* activation.c -- see activation.h. */
#include "nn/activation.h"

#include <math.h>

void activation_forward(enum activation activation, size_t n, float *y)
{
    if (activation == ACTIVATION_RELU)
        for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
    else if (activation == ACTIVATION_TANH)
        for (size_t i = 0; i < n; i++) y[i] = tanhf(y[i]);
}

void activation_back(enum activation activation, size_t n, const float *x, float *dx)
{
    if (activation == ACTIVATION_RELU)
        for (size_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dx[i] : 0;
    else if (activation == ACTIVATION_TANH)
        for (size_t i = 0; i < n; i++) dx[i] *= 1 - x[i] * x[i];
}
