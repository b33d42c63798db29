/* kernel_change.c -- where two planes differ, and arithmetic on some of a map's pixels. */
#include <assert.h>
#include <stddef.h>

#include "nn/kernels.h"
#include "nn/vector.h"

enum { CELL = 4 }; /* floats */
typedef int four __attribute__((vector_size(16)));
typedef int four_in_memory __attribute__((vector_size(16), aligned(4), may_alias));
enum { RUN = 8 }; /* floats that every run is a multiple of */
typedef float eight_in_memory __attribute__((vector_size(32), aligned(4), may_alias));

INLINE four bits_of(const float *x)
{
    return *(const four_in_memory *)x;
}

void KERNEL(cells_differ)(const float *a, const float *b, int width, int rows, int cols, uint8_t *cell)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++, cell++) {
            const ptrdiff_t at = (ptrdiff_t)r * CELL * width + c * CELL;
            four d = bits_of(a + at) ^ bits_of(b + at);
            for (int k = 1; k < CELL; k++) d |= bits_of(a + at + k * width) ^ bits_of(b + at + k * width);
            *cell = (d[0] | d[1] | d[2] | d[3]) != 0;
        }
}

void KERNEL(patches_gather)(const struct conv_input *in, int cols, const int *pixel, int n, int patch, float *out)
{
    assert(in->length % RUN == 0);
    for (int i = 0; i < n; i++) {
        const ptrdiff_t corner =
            (ptrdiff_t)(pixel[i] / cols) * in->row_step * in->pitch + (ptrdiff_t)(pixel[i] % cols) * in->step;
        float *to = out + (ptrdiff_t)i * patch;
        for (int p = 0; p < in->planes; p++)
            for (int k = 0; k < in->kernel; k++) {
                const float *from = in->x[p] + corner + (ptrdiff_t)k * in->pitch;
                for (const float *end = from + in->length; from < end; from += RUN, to += RUN)
                    *(eight_in_memory *)to = *(const eight_in_memory *)from;
            }
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

void KERNEL(rows_scatter)(const float *x, const int *row, int n, int width, float *out)
{
    for (int i = 0; i < n; i++)
        for (int v = 0; v < width; v += VECTOR)
            store(out + (ptrdiff_t)row[i] * width + v, load(x + (ptrdiff_t)i * width + v));
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
