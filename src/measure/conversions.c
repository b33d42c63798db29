/* conversions.c -- see conversions.h. The loops of src/share/wire.c, without their kernels for each kind of
 * processor. */
#include "measure/conversions.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum { ROUNDS = 15 };
/* ns a float, 678 thousand of them, on a core of an AMD EPYC (Zen 5) */
static const double ENCODE = 0.3, DECODE = 0.12, SELECT = 0.9, EXPAND = 0.2, SUM = 0.2;

/* Best of some rounds, s: what a conversion takes where nothing disturbs it. */
#define BEST(seconds, statement)                                                                                       \
    do {                                                                                                               \
        (seconds) = HUGE_VAL;                                                                                          \
        for (int round_ = 0; round_ < ROUNDS; round_++) {                                                              \
            const double from_ = clock_seconds();                                                                      \
            statement;                                                                                                 \
            (seconds) = fmin((seconds), clock_seconds() - from_);                                                      \
        }                                                                                                              \
    } while (0)

/* What a message loses is kept in rest. */
static void to_bf16(uint16_t *restrict to, float *restrict rest, const float *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float x = rest[i] + from[i];
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        to[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* to even */
        bits = (uint32_t)to[i] << 16;
        float back;
        memcpy(&back, &bits, sizeof back);
        rest[i] = x - back;
    }
}

static void from_bf16(uint32_t *restrict to, const uint16_t *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (uint32_t)from[i] << 16;
}

static size_t choose(uint16_t *restrict marks, float *restrict value, const float *restrict from, size_t n, float least)
{
    size_t k = 0;
    for (size_t w = 0; w < n / 16; w++) {
        unsigned word = 0;
        for (int l = 0; l < 16; l++) word |= (unsigned)(fabsf(from[16 * w + (size_t)l]) >= least) << l;
        marks[w] = (uint16_t)word;
        for (unsigned left = word; left; left &= left - 1) value[k++] = from[16 * w + (size_t)__builtin_ctz(left)];
    }
    return k;
}

static void expand(float *restrict to, const uint16_t *restrict marks, const float *restrict value, size_t n)
{
    size_t k = 0;
    memset(to, 0, n * sizeof *to);
    for (size_t w = 0; w < n / 16; w++)
        for (unsigned left = marks[w]; left; left &= left - 1) to[16 * w + (size_t)__builtin_ctz(left)] = value[k++];
}

static void add(float *restrict to, const float *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += from[i];
}

struct scale_conversions scale_conversions_measure(size_t params, double significant)
{
    struct scale_conversions c;
    const size_t n = params;
    float *from = memory_floats(n), *to = memory_floats(n + 1), *rest = memory_floats(n);
    uint16_t *half = memory_new(n, sizeof *half);
    volatile size_t kept = 0;
    for (size_t i = 0; i < n; i++) from[i] = (float)((i * 7919) % 1009) / 1009;
    BEST(c.encode, to_bf16(half, rest, from, n));
    BEST(c.decode, from_bf16((uint32_t *)(void *)to, half, n));
    double folded; /* into what was kept before, which comes ahead of the choice */
    BEST(folded, add(rest, from, n));
    BEST(c.select, kept = choose(half, to, from, n, 1 - (float)significant));
    c.select += 2 * folded; /* once more for the norm by which is chosen */
    BEST(c.expand, expand(rest, half, to, n));
    BEST(c.sum, add(to, from, n));
    (void)kept;
    free(from);
    free(to);
    free(rest);
    free(half);
    return c;
}

struct scale_conversions scale_conversions_said(size_t params)
{
    const double n = 1e-9 * (double)params;
    return (struct scale_conversions){
        .encode = ENCODE * n, .decode = DECODE * n, .select = SELECT * n, .expand = EXPAND * n, .sum = SUM * n};
}

void scale_wire(struct scale_costs *c, enum share_wire wire, size_t params, const struct scale_conversions *v,
                double significant)
{
    const double n = (double)params;
    c->push_bytes = wire == SHARE_WIRE_BF16          ? 2 * n
                    : wire == SHARE_WIRE_SIGNIFICANT ? (1 / 8.0 + 4 * significant) * n
                                                     : 4 * n;
    c->encode = wire == SHARE_WIRE_BF16 ? v->encode : wire == SHARE_WIRE_SIGNIFICANT ? v->select : 0;
    c->decode = wire == SHARE_WIRE_BF16 ? v->decode : wire == SHARE_WIRE_SIGNIFICANT ? v->expand : 0;
    c->pieces = 1;
}
