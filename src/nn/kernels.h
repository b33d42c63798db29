/* kernels.h -- the hot loops, built once per instruction set (base/cpu.h), and what they take.
 *
 * Channel counts are multiples of 16. Pointers need only float alignment; the loops read nothing outside
 * what is named. */
#ifndef DUNLIN_NN_KERNELS_H
#define DUNLIN_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* A convolution as sums over runs of adjacent floats. The value that pixel (r, c) of the result meets at run (p, k),
 * place i is x[p][(r * row_step + k) * pitch + c * step + i]: frames have a plane per channel, maps are one plane
 * whose pixels are C floats. step is 4, 32 or 64: constants let the accumulators be addressed without index
 * registers. Of a list of pixels, which are the cols of one row, it is x[p][at[c] + k * pitch + i]. */
struct conv_input {
    const float *const *x; /* planes of rows, pitch floats apart */
    int planes, kernel;    /* runs: `kernel` rows of each plane */
    int length;            /* floats of a run */
    int pitch, row_step, step;
    const int *at; /* (cols) where each listed pixel begins in a plane; NULL: there is no list */
};

/* y[r * y_row + c * y_col + o] = sum_k x w[k][o], + bias[o] where bias is given, and with relu at least 0. */
struct conv_job {
    struct conv_input in;
    const float *w; /* (planes, kernel, length, n) */
    int n;
    int rows, cols;
    const float *bias; /* (n) or NULL */
    bool relu;
    float *y;
    int y_row, y_col;
    const int *to; /* (cols) of a list: the pixel that each one is in y, c; NULL: as listed */
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

/* Row b of y = max(0, z), where y is another block than z, and z = bias + x w, w (in, out); inputs that are 0 cost
 * nothing. Where the row has one before, z = its z + (x - its x) w if fewer inputs have changed than are not 0; inputs
 * that are the same cost nothing. out a multiple of 256. */
struct fc_job {
    const float *w, *bias, *x; /* x, y and z of the whole workspace: row r begins at r * in, r * out */
    int in, out, row0, B;
    const int *before;    /* (B) a row outside of these, or -1; NULL: none */
    const uint8_t *fresh; /* of row 0, and fresh_row bytes further of the next: 0 where `channels` inputs are as before;
                             channels 32, 64, 128 or 256 */
    size_t fresh_row;
    int channels;
    float *y, *z;
};

/* dx[row[r]][i] = dy[r] . w[i] where x[row[r]][i] > 0, else 0, for the listed inputs i; w (in, out), out a multiple
 * of 64. */
struct fc_input_job {
    const float *w, *x; /* x and dx (rows, in) */
    float *dx;
    int in, out, R;
    const int *row;  /* (R) */
    const float *dy; /* (R, out) */
    const int *list; /* (count) */
    int count;
};

/* dw (in, out) = x^T dy. in a multiple of 16, out of 64. */
struct fc_weight_job {
    const float *x, *dy;
    float *dw;
    int in, out, R;
    const int *list; /* (in) all inputs, first the `active` that are not 0 in some row */
    int active;
    uint8_t *zero; /* (in) 1: dw has zeros there already, and does when this is done */
};

/* Normalisation of points, the n floats of a pixel or of a row, of any number (layer_norm.c):
 *   y = gain (x - mean) scale + shift, and with relu at least 0;  mean of the point, scale = 1 / sqrt(variance + least)
 * of the listed points, or of the first `count` where list is NULL. */
struct norm_job {
    const float *x, *gain, *shift; /* (points, n), (n), (n) */
    int n;
    float least;
    bool relu;
    const int *list;
    int count;
    float *y, *mean, *scale; /* (points, n), (points), (points) */
};

/* dx of points 0 .. count - 1, and their sums added to dgain and dshift (n); dy is 0 all along most points, of which
 * dx is 0, too. */
struct norm_back_job {
    const float *x, *gain, *mean, *scale, *dy;
    int n, count;
    float *dx, *dgain, *dshift;
};

/* Matrices whose rows are so many floats apart. product: c[r][j] = from[r][j] + sum_k a[r][k] b[k][j], a[r][k] at
 * a[r * a_row + k * a_step], so that a may be a transposed one; from_row 0: one row for all; from may be c; NULL: 0.
 * dots: c[r][j] = from[j] + sum_k a[r][k] b[j][k], a_step 1. */
struct product_job {
    const float *a, *b, *from;
    float *c;
    int a_row, a_step, b_row, from_row, c_row;
    int rows, K, n; /* of c: rows, n */
};

/* One row of N cells (lstm.c). gates (4N) i f g o: sums in, gates out; c (N) before in, and what they answer. */
struct cells_job {
    int N;
    float *gates;
    const float *c;
    float *tanh_c, *y, *h_after, *c_after; /* h_after is y once more */
};

/* dy (N) and what the next step handed back in dh and dc (N) become dgates (4N) and this row's dc. */
struct cells_back_job {
    int N;
    const float *gates, *c, *tanh_c, *dy, *dh;
    float *dc, *dgates;
};

KERNEL_DECLARE(void, cells_forward, (const struct cells_job *job))
KERNEL_DECLARE(void, cells_backward, (const struct cells_back_job *job))
KERNEL_DECLARE(void, product, (const struct product_job *job))
/* product of a few rows with a b too wide to stay near, which is read once; where a[r][k] is 0, not for row r. n up to
 * any width, a_step 1. */
KERNEL_DECLARE(void, wide_product, (const struct product_job *job))
/* product of two rows or more with a b (K, n) that lay_out() has turned into panels of columns, K n floats in all, each
 * in one piece: b_row is not read, n is a multiple of 32. The sums are those of product. */
KERNEL_DECLARE(void, laid_out_product, (const struct product_job *job))
KERNEL_DECLARE(void, lay_out, (const float *b, int K, int n, float *panels))
KERNEL_DECLARE(void, dots, (const struct product_job *job))
/* y = tanh(y), max(0, y), n floats, NaN stays NaN; dx times the derivative of the one that answered x */
KERNEL_DECLARE(void, tanh_floats, (float *y, size_t n))
KERNEL_DECLARE(void, relu_floats, (float *y, size_t n))
KERNEL_DECLARE(void, tanh_back, (const float *x, float *dx, size_t n))
KERNEL_DECLARE(void, relu_back, (const float *x, float *dx, size_t n))
KERNEL_DECLARE(void, norm_forward, (const struct norm_job *job))
KERNEL_DECLARE(void, norm_backward, (const struct norm_back_job *job))
KERNEL_DECLARE(void, conv_sum, (const struct conv_job *job))
KERNEL_DECLARE(void, conv_weight, (const struct conv_weight_job *job))
KERNEL_DECLARE(void, fc_forward, (const struct fc_job *job))
KERNEL_DECLARE(void, fc_inputs, (const struct fc_input_job *job))
KERNEL_DECLARE(double, fc_weights, (const struct fc_weight_job *job)) /* returns the sum of squares of dw */
/* The rows (t, e) with `ends` set, each environment's from its last on, to row, and to sum (n, out) the sum of dy from
 * there to before the environment's next such row; every environment's first row is one. Returns n. */
KERNEL_DECLARE(int, fold_rows, (const float *dy, int T, int E, int out, const uint8_t *ends, int *row, float *sum))
/* xx[q][r], q <= r, = x[q] . x[r] of rows of n floats, a multiple of 16; xx (R, R). By hand: BLAS packs them first. */
KERNEL_DECLARE(void, gram, (const float *x, int R, int n, float *xx))
/* any[i] = 1 where x[r][i] is not 0 for some row r of x (rows, n), else 0 */
KERNEL_DECLARE(void, any_active, (const float *x, int rows, int n, int *any))
/* sum (n) = the sum of `rows` rows of x (rows, n), + from where given. n a multiple of 16. */
KERNEL_DECLARE(void, sum_rows, (const float *x, int rows, int n, const float *from, float *sum))
/* cell[r][c] = do the planes a and b, `width` floats wide, differ in the 4 x 4 floats from (4 r, 4 c) on,
 * bit for bit */
KERNEL_DECLARE(void, cells_differ, (const float *a, const float *b, int width, int rows, int cols, uint8_t *cell))
/* out (cols; out_row floats apart) = x (rows, cols) turned round; both multiples of 4 */
KERNEL_DECLARE(void, transpose, (const float *x, int rows, int cols, int out_row, float *out))
/* sum[i] += x[i]; n a multiple of 16 */
KERNEL_DECLARE(void, add_floats, (const float *x, int n, float *sum))
/* Rows of C floats, a multiple of 16, where fresh is 1 (NULL: everywhere): dx = now - later where x > 0, else 0, and
 * then later = now; dx = 0 in the other rows. */
KERNEL_DECLARE(void, take_fresh,
               (const uint8_t *fresh, int rows, int C, const float *x, const float *now, float *later, float *dx))
/* out (n, width) = the listed rows of x, which become 0. width a multiple of 16 */
KERNEL_DECLARE(void, rows_gather, (float *x, const int *row, int n, int width, float *out))

#endif
