/* dense.h -- products of rows with a matrix (n, in), over OpenBLAS: for every layer that has one. */
#ifndef DUNLIN_NN_DENSE_H
#define DUNLIN_NN_DENSE_H

#include <stdbool.h>

/* Y (B, n; rows ldy apart) = bias + X (B, in) W^T, W (n, in); add: Y += X W^T instead. One row goes through gemv. */
void dense_rows(int B, int n, int in, const float *X, const float *W, const float *bias, bool add, float *Y, int ldy);
/* dX (B, in) = dY W, or += where add. */
void dense_rows_back(int B, int n, int in, const float *dY, int ldy, const float *W, bool add, float *dX);
/* dW (n, in) = dY^T X; db (n) = sum of rows of dY where db is not NULL. */
void dense_weights(int B, int n, int in, const float *X, const float *dY, int ldy, float *dW, float *db);

#endif
