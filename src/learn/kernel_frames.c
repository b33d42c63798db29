/* kernel_frames.c -- bytes to floats in [0, 1]. A division, not a product with 1/255: correctly rounded, hence the same
 * numbers in every build and in PyTorch. */
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))

void KERNEL(frames_convert)(const uint8_t *in, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = (float)in[i] / 255.0f;
}
