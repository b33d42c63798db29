/* layer.c -- what layers share: memory of a workspace. */
#include "nn/layer.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

void *pass_memory(struct pass *p, size_t n, size_t size)
{
    assert(p->blocks < PASS_BLOCKS);
    return p->block[p->blocks++] = memory_new(n, size);
}

float *pass_floats(struct pass *p, size_t n)
{
    assert(p->blocks < PASS_BLOCKS);
    float *floats = memory_floats(n);
    p->block[p->blocks++] = floats;
    return floats;
}

void pass_all_fresh(struct pass *p, int pixels)
{
    p->fresh = pass_memory(p, (size_t)pixels, 1);
    memset(p->fresh, 1, (size_t)pixels);
    p->fresh_row = 0;
    p->from = pass_memory(p, (size_t)p->rows, sizeof *p->from);
    for (int r = 0; r < p->rows; r++) p->from[r] = -1;
}
