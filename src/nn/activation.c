/* activation.c -- see activation.h. */
#include "nn/activation.h"

#include "nn/kernels.h"

static void (*const relus[])(float *, size_t) = KERNEL_TABLE(relu_floats);
static void (*const tanhs[])(float *, size_t) = KERNEL_TABLE(tanh_floats);
static void (*const relus_back[])(const float *, float *, size_t) = KERNEL_TABLE(relu_back);
static void (*const tanhs_back[])(const float *, float *, size_t) = KERNEL_TABLE(tanh_back);

void activation_forward(enum activation activation, size_t n, float *y)
{
    if (activation == ACTIVATION_RELU) relus[cpu_isa()](y, n);
    if (activation == ACTIVATION_TANH) tanhs[cpu_isa()](y, n);
}

void activation_back(enum activation activation, size_t n, const float *x, float *dx)
{
    if (activation == ACTIVATION_RELU) relus_back[cpu_isa()](x, dx, n);
    if (activation == ACTIVATION_TANH) tanhs_back[cpu_isa()](x, dx, n);
}
