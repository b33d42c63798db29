/* squares.c -- see squares.h. */
#include "nn/squares.h"

#include "nn/kernels.h"

static void (*const grams[])(const float *, int, int, float *) = KERNEL_TABLE(gram);

void row_dots(int B, int n, const float *rows, float *dots)
{
    grams[cpu_isa()](rows, B, n, dots);
}

/* sum_qr (x_q . x_r) (dy_q . dy_r); rounding may leave less than 0. */
double product_squares(int B, const float *xx, const float *yy)
{
    double sum = 0;
    for (int q = 0; q < B; q++)
        for (int r = q; r < B; r++) sum += (q == r ? 1 : 2) * (double)xx[q * B + r] * (double)yy[q * B + r];
    return sum < 0 ? 0 : (double)(float)sum;
}
