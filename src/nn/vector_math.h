/* vector_math.h -- exponentials of vectors, within a few units in the last place; NaN stays NaN. Polynomials: Cephes
 * (Moshier 1992), expf and tanhf. */
#ifndef DUNLIN_NN_VECTOR_MATH_H
#define DUNLIN_NN_VECTOR_MATH_H

#include "base/vector.h"

INLINE vf choose(vi where, vf yes, vf no)
{
    return (vf)((where & (vi)yes) | (~where & (vi)no));
}

/* exp(x), x taken as within -87 to 88: neither 0 nor Inf. Adding ROUND leaves the nearest whole number in the last bits
 * of a float. */
INLINE vf exp_of(vf x)
{
    const float ROUND = 12582912;
    const vf none = {0};
    x = choose(x > 88.0f, none + 88.0f, x);
    x = choose(x < -87.0f, none - 87.0f, x);
    const vf rounded = x * 1.44269504088896341f + ROUND, n = rounded - ROUND;
    const vf r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    vf p = none + 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const vi power = ((vi)rounded - (vi)(none + ROUND) + 127) << 23;
    return p * (vf)power;
}

INLINE vf sigmoid_of(vf x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

INLINE vf tanh_of(vf x)
{
    const vi none = {0}, sign = (vi)x & (none + (int)0x80000000u);
    const vf size = (vf)((vi)x ^ sign), z = size * size;
    vf p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const vf small = p * z * size + size, large = 1.0f - 2.0f / (exp_of(2.0f * size) + 1.0f);
    return (vf)((vi)choose(size < 0.625f, small, large) | sign);
}

#endif
