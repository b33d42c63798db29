/* memory.c -- see memory.h. */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/watched.h"

void *memory_new(size_t n, size_t size)
{
    void *p = NULL;
    const size_t bytes = n * size + 64; /* the tail lets vector loops read past the end */
    if ((size && n > (SIZE_MAX - 128) / size) || posix_memalign(&p, 64, (bytes + 63) & ~(size_t)63))
        watched_fail("out of memory: %zu times %zu bytes could not be had", n, size);
    memset(p, 0, (bytes + 63) & ~(size_t)63);
    return p;
}

float *memory_floats(size_t n)
{
    return memory_new(n, sizeof(float));
}
