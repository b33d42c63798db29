/* kernel_peak.h -- the loops of kernel_peak.c, one build per instruction set (base/cpu.h). */
#ifndef DUNLIN_NN_KERNEL_PEAK_H
#define DUNLIN_NN_KERNEL_PEAK_H

#include <stddef.h>

#include "base/cpu.h"

enum { PEAK_LANES = 14 * 16 }; /* floats of `lanes` */

/* lanes <- lanes * a + b, `rounds` times; returns the number of floating-point operations. */
KERNEL_DECLARE(double, peak_fma, (float *lanes, float a, float b, long rounds))
/* Some sum of n floats. */
KERNEL_DECLARE(float, peak_sum, (const float *x, size_t n))
KERNEL_DECLARE(void, peak_root_loop, (const float *d, const float *g, float *out, size_t n))

#endif
