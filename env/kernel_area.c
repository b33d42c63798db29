/* kernel_area.c -- see area.h. Along an axis an output covers `in` units where an input covers AREA_SIDE of them: all
 * weights are whole numbers, and a sum over both axes is exact: 255 * 4096 * 4096 and the half that rounds fit 32 bits.
 */
#include "area.h"
#include "base/cpu.h"

KERNEL_DECLARE(void, area_resize, (const uint8_t *in, int height, int width, int planes, int grey, uint8_t *out))

enum { TAPS_MOST = AREA_SIDE_MOST / AREA_SIDE + 2 };

/* The inputs that output i covers, from `first` on, and how much of each. */
struct taps {
    int first, count;
    uint32_t weight[TAPS_MOST];
};

static void weigh(struct taps *t, int i, int in)
{
    const int low = i * in, high = low + in;
    t->first = low / AREA_SIDE;
    t->count = 0;
    for (int k = t->first; k * AREA_SIDE < high; k++) {
        const int from = k * AREA_SIDE > low ? k * AREA_SIDE : low;
        const int to = (k + 1) * AREA_SIDE < high ? (k + 1) * AREA_SIDE : high;
        t->weight[t->count++] = (uint32_t)(to - from);
    }
}

static inline uint32_t luminance(const uint8_t *p)
{
    return (19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >> 16;
}

/* sum += weight * row: of every plane, or of its luminance. */
static void add_row(const uint8_t *restrict row, int width, int planes, int grey, uint32_t weight,
                    uint32_t *restrict sum)
{
    if (!grey)
        for (int x = 0; x < width * planes; x++) sum[x] += weight * row[x];
    else if (planes == 3)
        for (int x = 0; x < width; x++) sum[x] += weight * luminance(row + 3 * x);
    else if (planes == 4)
        for (int x = 0; x < width; x++) sum[x] += weight * luminance(row + 4 * x);
    else
        for (int x = 0; x < width; x++) sum[x] += weight * row[planes * x];
}

void KERNEL(area_resize)(const uint8_t *in, int height, int width, int planes, int grey, uint8_t *out)
{
    static _Thread_local uint32_t sum[AREA_SIDE_MOST * AREA_PLANES_MOST];
    struct taps columns[AREA_SIDE], rows;
    const int P = grey ? 1 : planes;
    const uint32_t full = (uint32_t)height * (uint32_t)width;
    for (int j = 0; j < AREA_SIDE; j++) weigh(&columns[j], j, width);
    for (int i = 0; i < AREA_SIDE; i++) {
        weigh(&rows, i, height);
        for (int x = 0; x < width * P; x++) sum[x] = 0;
        for (int k = 0; k < rows.count; k++)
            add_row(in + (size_t)(rows.first + k) * (size_t)(width * planes), width, planes, grey, rows.weight[k], sum);
        for (int j = 0; j < AREA_SIDE; j++)
            for (int p = 0; p < P; p++) {
                const uint32_t *at = sum + columns[j].first * P + p;
                uint32_t s = full / 2;
                for (int k = 0; k < columns[j].count; k++) s += columns[j].weight[k] * at[k * P];
                *out++ = (uint8_t)(s / full);
            }
    }
}
