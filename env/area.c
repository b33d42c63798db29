/* area.c -- see area.h; the loops are in kernel_area.c. */
#include "area.h"

#include <assert.h>

#include "base/cpu.h"

KERNEL_DECLARE(void, area_resize, (const uint8_t *in, int height, int width, int planes, int grey, uint8_t *out))

void area_resize(const uint8_t *in, int height, int width, int planes, int grey, uint8_t *out)
{
    static void (*const table[])(const uint8_t *, int, int, int, int, uint8_t *) = KERNEL_TABLE(area_resize);
    assert(height >= 1 && height <= AREA_SIDE_MOST && width >= 1 && width <= AREA_SIDE_MOST);
    assert(planes >= 1 && planes <= AREA_PLANES_MOST);
    table[cpu_isa()](in, height, width, planes, grey, out);
}
