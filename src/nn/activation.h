/* activation.h -- what a layer does to its sums. */
#ifndef DUNLIN_NN_ACTIVATION_H
#define DUNLIN_NN_ACTIVATION_H

#include <stddef.h>

enum activation { ACTIVATION_RELU, ACTIVATION_TANH, ACTIVATION_NONE };

/* y = activation(y), n floats; NaN stays NaN. */
void activation_forward(enum activation activation, size_t n, float *y);
/* dx = dx times the derivative of the activation that answered x, n floats: of ReLU 0 where x <= 0, of tanh 1 - x^2. */
void activation_back(enum activation activation, size_t n, const float *x, float *dx);

#endif
