/* memory.h -- memory taken before the loop: aligned, zeroed, and the process ends with one line where there is none. */
#ifndef DUNLIN_BASE_MEMORY_H
#define DUNLIN_BASE_MEMORY_H

#include <stddef.h>

/* n * size zeroed bytes at a multiple of 64; free() with free(). Never NULL: what fails is said, then exit(1). */
void *memory_new(size_t n, size_t size);

/* n floats of the same kind. */
float *memory_floats(size_t n);

#endif
