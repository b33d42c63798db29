/* frames.c -- a ring of observations as floats. A picture is converted once and then only pointed to, by up to `stack`
 * inputs; nothing is moved. */
#include "learn/frames.h"

#include <assert.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/memory.h"

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))
KERNEL_DECLARE(void, frames_split, (const uint8_t *in, int planes, float *out, size_t n))

void frames_new(struct frames *f, size_t size, int planes, int stack, int N)
{
    assert(stack >= 1 && stack <= ENV_STACK_MOST && planes >= 1 && planes <= ENV_PLANES_MOST && N > stack);
    *f = (struct frames){.N = N, .stack = stack, .planes = planes, .size = size};
    f->ring = memory_floats((size_t)N * size);
}

void frames_free(struct frames *f)
{
    free(f->ring);
    f->ring = NULL;
}

static int take(struct frames *f)
{
    const int place = f->head;
    f->head = f->head + 1 == f->N ? 0 : f->head + 1;
    return place;
}

float *frames_next(struct frames *f)
{
    for (int c = 1; c < f->stack; c++) f->recent[c - 1] = f->recent[c];
    const int place = f->recent[f->stack - 1] = take(f);
    return f->ring + (size_t)place * f->size;
}

float *frames_first(struct frames *f)
{
    const int place = take(f);
    for (int c = 0; c < f->stack; c++) f->recent[c] = place;
    return f->ring + (size_t)place * f->size;
}

void frames_stack(const struct frames *f, const float **x)
{
    const size_t plane = f->size / (size_t)f->planes;
    for (int c = 0; c < f->stack; c++) {
        const float *at = f->ring + (size_t)f->recent[c] * f->size;
        for (int p = 0; p < f->planes; p++, at += plane) *x++ = at;
    }
}

void frames_convert(const uint8_t *in, float *out, size_t n)
{
    static void (*const table[])(const uint8_t *, float *, size_t) = KERNEL_TABLE(frames_convert);
    table[cpu_isa()](in, out, n);
}

void frames_split(const uint8_t *in, int planes, float *out, size_t n)
{
    static void (*const table[])(const uint8_t *, int, float *, size_t) = KERNEL_TABLE(frames_split);
    if (planes == 1)
        frames_convert(in, out, n);
    else
        table[cpu_isa()](in, planes, out, n);
}
