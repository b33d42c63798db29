/* kernel_peak.c -- loops that do nothing but use up one resource of a core: multiply-adds in registers, reads, roots
 * and divisions. Twelve independent chains cover the latency of a multiply-add (4 cycles, two at a time, on cores of
 * today) and leave registers over on instruction sets with sixteen of them. */
#include "nn/kernel_peak.h"

#include <math.h>

#include "base/vector.h"

#define CHAINS(M) REPEAT_12(M)
enum { CHAIN_COUNT = 12, STREAMS = 8 };

double KERNEL(peak_fma)(float *lanes, float a, float b, long rounds)
{
    const vf va = a - (vf){0}, vb = b - (vf){0};
#define DECLARE(i) vf s##i = load(lanes + i * VECTOR);
#define STEP(i) s##i = s##i * va + vb;
#define KEEP(i) store(lanes + i * VECTOR, s##i);
    CHAINS(DECLARE)
    for (long r = 0; r < rounds; r++) {
        CHAINS(STEP)
    }
    CHAINS(KEEP)
#undef DECLARE
#undef STEP
#undef KEEP
    return 2.0 * CHAIN_COUNT * VECTOR * (double)rounds;
}

float KERNEL(peak_sum)(const float *x, size_t n)
{
#define DECLARE(i) vf s##i = {0};
#define STEP(i) s##i += load(x + at + i * VECTOR);
#define TOTAL(i) total += s##i;
    REPEAT_8(DECLARE)
    size_t at = 0;
    for (; at + STREAMS * VECTOR <= n; at += STREAMS * VECTOR) {
        REPEAT_8(STEP)
    }
    vf total = {0};
    REPEAT_8(TOTAL)
#undef DECLARE
#undef STEP
#undef TOTAL
    float sum = 0;
    for (int l = 0; l < VECTOR; l++) sum += total[l];
    for (; at < n; at++) sum += x[at];
    return sum;
}

void KERNEL(peak_root_loop)(const float *restrict d, const float *restrict g, float *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = d[i] / sqrtf(g[i] + 0.01f);
}
