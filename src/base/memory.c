/* memory.c -- see memory.h. */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The number that a small file holds; 0 where there is none. */
static double read_bytes(const char *path)
{
    double bytes = 0;
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%lf", &bytes) != 1) bytes = 0; /* "max" */
    fclose(f);
    return bytes;
}

double memory_of_machine(void)
{
    /* version 2 and version 1 */
    static const char *const groups[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    double bytes = pages > 0 && page > 0 ? (double)pages * (double)page : 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const double limit = read_bytes(groups[i]);
        if (limit > 0 && limit < bytes) bytes = limit;
    }
    return bytes;
}
