/* kernel_frames.c -- bytes to floats in [0, 1], correctly rounded: the same numbers in every build and in PyTorch. */
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))
KERNEL_DECLARE(void, frames_split, (const uint8_t *in, int planes, float *out, size_t n))

/* 1/255 is 0x1.01p-8 and 1/255 of 0x1p-16. A byte's product with the first is exact, that with the second adds so
 * little that its own rounding does not show: every byte comes out as if divided, fused or not, at a fraction of a
 * division's cost. */
static inline float unit(uint8_t byte)
{
    const float x = (float)byte;
    return x * 0x1.01p-8f + x * (0x1p-16f / 255.0f);
}

void KERNEL(frames_convert)(const uint8_t *in, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = unit(in[i]);
}

/* With the number of planes known to the compiler: it then shuffles whole vectors of bytes. */
static inline void split(const uint8_t *in, const size_t planes, float *out, size_t n)
{
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < n; i++) out[p * n + i] = unit(in[i * planes + p]);
}

void KERNEL(frames_split)(const uint8_t *in, int planes, float *out, size_t n)
{
    if (planes == 2) split(in, 2, out, n);
    if (planes == 3) split(in, 3, out, n);
    if (planes == 4) split(in, 4, out, n);
}
