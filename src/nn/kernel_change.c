/* kernel_change.c -- where two planes differ, and arithmetic on some of a map's pixels. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/vector.h"
#include "nn/kernels.h"

enum { CELL = 4 }; /* floats */
typedef int four __attribute__((vector_size(16)));
typedef int four_in_memory __attribute__((vector_size(16), aligned(4), may_alias));

typedef float four_floats __attribute__((vector_size(16)));
typedef float four_floats_in_memory __attribute__((vector_size(16), aligned(4), may_alias));

INLINE four bits_of(const float *x)
{
    return *(const four_in_memory *)x;
}
INLINE bool any_bit(four d)
{
    uint64_t half[2];
    memcpy(half, &d, sizeof half);
    return (half[0] | half[1]) != 0;
}
INLINE four_floats four_of(const float *x)
{
    return *(const four_floats_in_memory *)x;
}
INLINE void put_four(float *x, four_floats v)
{
    *(four_floats_in_memory *)x = v;
}

void KERNEL(cells_differ)(const float *a, const float *b, int width, int rows, int cols, uint8_t *cell)
{
    enum { STRIP = 32 }; /* cells; commonly none of them differs */
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c += STRIP) {
            four d[STRIP], all = {0};
            const size_t left = (size_t)(cols - c), n = left < STRIP ? left : STRIP;
            for (size_t i = 0; i < n; i++) {
                const ptrdiff_t at = (ptrdiff_t)r * CELL * width + (c + (ptrdiff_t)i) * CELL;
                d[i] = bits_of(a + at) ^ bits_of(b + at);
                for (int k = 1; k < CELL; k++) d[i] |= bits_of(a + at + k * width) ^ bits_of(b + at + k * width);
                all |= d[i];
            }
            memset(cell, 0, n);
            for (size_t i = 0; any_bit(all) && i < n; i++) cell[i] = any_bit(d[i]);
            cell += n;
        }
}

/* A block of four by four at a time. */
void KERNEL(transpose)(const float *x, int rows, int cols, int out_row, float *out)
{
    for (int r = 0; r < rows; r += 4)
        for (int c = 0; c < cols; c += 4) {
            const float *from = x + (ptrdiff_t)r * cols + c;
            float *to = out + (ptrdiff_t)c * out_row + r;
            const four_floats a0 = four_of(from), a1 = four_of(from + cols), a2 = four_of(from + 2 * (ptrdiff_t)cols),
                              a3 = four_of(from + 3 * (ptrdiff_t)cols);
            const four_floats b0 = __builtin_shufflevector(a0, a1, 0, 4, 1, 5),
                              b1 = __builtin_shufflevector(a0, a1, 2, 6, 3, 7),
                              b2 = __builtin_shufflevector(a2, a3, 0, 4, 1, 5),
                              b3 = __builtin_shufflevector(a2, a3, 2, 6, 3, 7);
            put_four(to, __builtin_shufflevector(b0, b2, 0, 1, 4, 5));
            put_four(to + out_row, __builtin_shufflevector(b0, b2, 2, 3, 6, 7));
            put_four(to + 2 * (ptrdiff_t)out_row, __builtin_shufflevector(b1, b3, 0, 1, 4, 5));
            put_four(to + 3 * (ptrdiff_t)out_row, __builtin_shufflevector(b1, b3, 2, 3, 6, 7));
        }
}

void KERNEL(rows_gather)(float *x, const int *row, int n, int width, float *out)
{
    const vf zero = {0};
    for (int i = 0; i < n; i++)
        for (int v = 0; v < width; v += VECTOR) {
            float *from = x + (ptrdiff_t)row[i] * width + v;
            store(out + (ptrdiff_t)i * width + v, load(from));
            store(from, zero);
        }
}

void KERNEL(add_floats)(const float *x, int n, float *sum)
{
    for (int i = 0; i < n; i += VECTOR) store(sum + i, load(sum + i) + load(x + i));
}

void KERNEL(take_fresh)(const uint8_t *fresh, int rows, int C, const float *x, const float *now, float *later,
                        float *dx)
{
    const vf zero = {0};
    for (int r = 0; r < rows; r++)
        for (ptrdiff_t i = (ptrdiff_t)r * C, end = i + C; i < end; i += VECTOR) {
            if (fresh && !fresh[r]) {
                store(dx + i, zero);
                continue;
            }
            const vf n = load(now + i);
            store(dx + i, where_positive(load(x + i), n - load(later + i)));
            store(later + i, n);
        }
}
