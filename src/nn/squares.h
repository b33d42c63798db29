/* squares.h -- the norm of a gradient that is a product of few rows, without reading it back. */
#ifndef DUNLIN_NN_SQUARES_H
#define DUNLIN_NN_SQUARES_H

/* |X^T dY|^2 over the entries, from the rows' dot products: X (B, in) and dY (B, n), multiples of 16; scratch (2, B,
 * B). What does not fit a float is Inf, as the entries themselves may be. */
double product_squares(int B, int in, const float *X, int n, const float *dY, float *scratch);

#endif
