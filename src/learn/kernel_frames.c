/* kernel_frames.c -- bytes to floats in [0, 1], correctly rounded: the same numbers in every build and in PyTorch. */
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))

/* 1/255 is 0x1.01p-8 and 1/255 of 0x1p-16. A byte's product with the first is exact, that with the second adds so
 * little that its own rounding does not show: every byte comes out as if divided, fused or not, at a fraction of a
 * division's cost. */
void KERNEL(frames_convert)(const uint8_t *in, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float x = (float)in[i];
        out[i] = x * 0x1.01p-8f + x * (0x1p-16f / 255.0f);
    }
}
