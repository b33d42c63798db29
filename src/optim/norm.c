/* norm.c -- see norm.h. */
#include "optim/norm.h"

#include <math.h>

#include "base/cpu.h"

KERNEL_DECLARE(double, square_sum, (const float *x, size_t n))

double optim_norm(const float *x, size_t n)
{
    static double (*const table[])(const float *, size_t) = KERNEL_TABLE(square_sum);
    return sqrt(table[cpu_isa()](x, n));
}
