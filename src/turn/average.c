/* average.c -- see average.h. */
#include "turn/average.h"

#include <math.h>
#include <string.h>

void average_take(float *average, const float *theta, size_t weights, size_t params, double decay, int n)
{
    const float share = (float)(1 - pow(decay, n));
    for (size_t i = 0; i < weights; i++) average[i] += share * (theta[i] - average[i]);
    memcpy(average + weights, theta + weights, (params - weights) * sizeof *average);
}
