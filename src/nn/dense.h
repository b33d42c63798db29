/* dense.h -- products of rows with a matrix W (in, n), for every layer that has one. */
#ifndef DUNLIN_NN_DENSE_H
#define DUNLIN_NN_DENSE_H

/* Y (B, n) = from + X (B, in) W. from has rows from_row apart: 0, a bias; n, Y itself. */
void dense_rows(int B, int n, int in, const float *X, const float *W, const float *from, int from_row, float *Y);
/* The same, where dense_lay_out() has turned W into panels (n in floats), for two rows or more and n a multiple of 32:
 * W is read from end to end, and what serves several rows stays near. It pays where many such products follow. */
void dense_rows_laid_out(int B, int n, int in, const float *X, const float *panels, const float *from, int from_row,
                         float *Y);
void dense_lay_out(int n, int in, const float *W, float *panels);
/* dX (B, in) = dY (B, n) W^T. */
void dense_rows_back(int B, int n, int in, const float *dY, const float *W, float *dX);
/* dW (in, n) = X^T dY. */
void dense_weights(int B, int n, int in, const float *X, const float *dY, float *dW);
/* db (n) = the sum of the rows of dY (B, n; ldy apart). */
void dense_bias(int B, int n, const float *dY, int ldy, float *db);

#endif
