/* kernel_fetch.h -- private to the kernels of this folder: what they ask for before they read it. Local. */
#ifndef DUNLIN_OPTIM_KERNEL_FETCH_H
#define DUNLIN_OPTIM_KERNEL_FETCH_H

#include "base/vector.h"

enum {
    AHEAD = 256, /* floats that all is fetched ahead of its use */
    LINE = 16,   /* floats of a cache line */
};

/* Asks for the block of `size` floats that is AHEAD further on; past the end of memory the hint does nothing. */
INLINE void fetch_ahead(const float *x, int size)
{
    for (int l = 0; l < size; l += LINE) __builtin_prefetch(x + AHEAD + l);
}

#endif
