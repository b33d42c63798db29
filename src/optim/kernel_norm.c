/* kernel_norm.c -- a sum of squares in 64 lanes of float over blocks, in double between them: fast, and as exact as a
 * clip needs. BLAS's snrm2 rescales against overflow and is several times slower. */
#include <stddef.h>

#include "base/cpu.h"

KERNEL_DECLARE(double, square_sum, (const float *x, size_t n))

enum { LANES = 64, BLOCK = 4096, PARTS = 8 };

/* Side by side: one after the other they would wait longer than a small layer's squares take. */
static double sum_of(const float *lane)
{
    double part[PARTS] = {0}, sum = 0;
    for (int j = 0; j < LANES; j += PARTS)
        for (int k = 0; k < PARTS; k++) part[k] += (double)lane[j + k];
    for (int k = 0; k < PARTS; k++) sum += part[k];
    return sum;
}

double KERNEL(square_sum)(const float *x, size_t n)
{
    double total = 0;
    size_t i = 0;
    while (n - i >= LANES) {
        const size_t end = n - i >= BLOCK ? i + BLOCK : i + (n - i) / LANES * LANES;
        float lane[LANES] = {0};
        for (; i < end; i += LANES)
            for (int j = 0; j < LANES; j++) lane[j] += x[i + (size_t)j] * x[i + (size_t)j];
        total += sum_of(lane);
    }
    for (; i < n; i++) total += (double)x[i] * (double)x[i];
    return total;
}
