/* squares.h -- the norm of a gradient that is a product of few rows, without reading it back. */
#ifndef DUNLIN_NN_SQUARES_H
#define DUNLIN_NN_SQUARES_H

/* dots (B, B): the dot products of rows (B, n), n a multiple of 16; what lies below the diagonal is not written. */
void row_dots(int B, int n, const float *rows, float *dots);
/* |X^T dY|^2 over the entries, from the dot products of X's and of dY's B rows. What does not fit a float is Inf, as
 * the entries themselves may be. */
double product_squares(int B, const float *xx, const float *yy);

#endif
