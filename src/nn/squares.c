/* squares.c -- see squares.h. */
#include "nn/squares.h"

#include "nn/kernels.h"

static void (*const grams[])(const float *, int, int, float *) = KERNEL_TABLE(gram);

/* sum_qr (x_q . x_r) (dy_q . dy_r); rounding may leave less than 0. */
double product_squares(int B, int in, const float *X, int n, const float *dY, float *scratch)
{
    float *xx = scratch, *yy = xx + B * B;
    double sum = 0;
    grams[cpu_isa()](X, B, in, xx);
    grams[cpu_isa()](dY, B, n, yy);
    for (int q = 0; q < B; q++)
        for (int r = q; r < B; r++) sum += (q == r ? 1 : 2) * (double)xx[q * B + r] * (double)yy[q * B + r];
    return sum < 0 ? 0 : (double)(float)sum;
}
