/* kernels.h -- the hot loops, built once per instruction set (base/cpu.h), and what they take.
 *
 * Channel counts are multiples of 16. Pointers need only float alignment; the loops read nothing outside what is named.
 */
#ifndef DUNLIN_NN_KERNELS_H
#define DUNLIN_NN_KERNELS_H

#include "base/cpu.h"

/* A convolution as sums over runs of adjacent floats. The value that pixel (r, c) of the result meets at run (p, k),
 * place i is x[p][(r * row_step + k) * pitch + c * step + i]: frames have a plane per channel, maps are one plane
 * whose pixels are C floats. step is 4, 32 or 64: constants let the accumulators be addressed without index
 * registers. */
struct conv_input {
    const float *const *x; /* planes of rows, pitch floats apart */
    int planes, kernel;    /* runs: `kernel` rows of each plane */
    int length;            /* floats of a run */
    int pitch, row_step, step;
};

/* y[r * y_row + c * y_col + o] = max(0, bias[o] + sum_k x w[k][o]) where bias is given; else the sum alone where
 * mask (laid out as y) is positive, and 0 elsewhere. */
struct conv_job {
    struct conv_input in;
    const float *w; /* (planes, kernel, length, n) */
    int n;
    int rows, cols;
    const float *bias; /* (n) or NULL */
    const float *mask; /* as y, or NULL */
    float *y;
    int y_row, y_col;
};

/* dw[k][o] = sum over pixels x dz[r][c][o], + from[k][o] where from is given (it may be dw). */
struct conv_weight_job {
    struct conv_input in;
    const float *dz; /* (rows, cols, n) */
    int n;
    int rows, cols;
    const float *from;
    float *dw; /* (planes, kernel, length, n) */
};

/* y (B, out) = max(0, bias + x (B, in) w (in, out)); inputs that are 0 cost nothing. out a multiple of 256. */
struct fc_job {
    const float *w, *bias, *x;
    int in, out, B;
    float *y;
};

/* dw (in, out) = x^T dy, db (out), dx (R, in) = dy w^T where x > 0, else 0. in a multiple of 16, out 256 or 512. */
struct fc_back_job {
    const float *w, *x, *dy;
    int in, out, R;
    float *dx, *dw, *db;
};

KERNEL_DECLARE(void, conv_sum, (const struct conv_job *job))
KERNEL_DECLARE(void, conv_weight, (const struct conv_weight_job *job))
KERNEL_DECLARE(void, fc_forward, (const struct fc_job *job))
KERNEL_DECLARE(void, fc_backward, (const struct fc_back_job *job))
/* sum (n) = the sum of `rows` rows of x (rows, n), + from where given. n a multiple of 16. */
KERNEL_DECLARE(void, sum_rows, (const float *x, int rows, int n, const float *from, float *sum))

#endif
