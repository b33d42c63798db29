/* peak.c -- see peak.h; picks the build of kernel_peak.c. What the loops compute is kept where the compiler cannot know
 * that nobody reads it. */
#include "nn/peak.h"

#include "nn/kernel_peak.h"

static volatile float nobody;

double peak_flops(long rounds)
{
    static double (*const table[])(float *, float, float, long) = KERNEL_TABLE(peak_fma);
    float lanes[PEAK_LANES];
    for (int i = 0; i < PEAK_LANES; i++) lanes[i] = 1 + (float)i;
    const double flops = table[cpu_isa()](lanes, 0.999f, 0.001f, rounds);
    nobody = lanes[0];
    return flops;
}

void peak_read(const float *x, size_t n)
{
    static float (*const table[])(const float *, size_t) = KERNEL_TABLE(peak_sum);
    nobody = table[cpu_isa()](x, n);
}

void peak_root(const float *d, const float *g, float *out, size_t n)
{
    static void (*const table[])(const float *, const float *, float *, size_t) = KERNEL_TABLE(peak_root_loop);
    table[cpu_isa()](d, g, out, n);
    nobody = out[0];
}
