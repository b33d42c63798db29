/* kernel_product.c -- products of small matrices, for dense layers of a few hundred units and a few rows at a time: a
 * BLAS packs its operands first and finds out what it was asked for, which there costs more than the sums.
 *
 * A sum runs over k in order, in one accumulator: a row comes out the same whatever rows stand beside it. */
#include <stddef.h>

#include "nn/kernels.h"
#include "nn/vector.h"

enum { PAIR = 2 * VECTOR };

static const float zeros[8 * VECTOR];

/* Where a tile begins. */
struct at {
    const float *a, *b, *from;
    float *c;
};

#define START_PAIR(r)                                                                                                  \
    vf p##r = load(at.from + (size_t)(r)*from_row), q##r = load(at.from + (size_t)(r)*from_row + VECTOR);
#define ADD_PAIR(r)                                                                                                    \
    {                                                                                                                  \
        const float x = at.a[(size_t)(r)*a_row];                                                                       \
        p##r += x * b0;                                                                                                \
        q##r += x * b1;                                                                                                \
    }
#define STORE_PAIR(r)                                                                                                  \
    store(at.c + (size_t)(r)*c_row, p##r);                                                                             \
    store(at.c + (size_t)(r)*c_row + VECTOR, q##r);

/* N rows of c, two vectors of each */
#define PAIRS(N)                                                                                                       \
    static void pairs_##N(const struct product_job *job, struct at at, size_t from_row)                                \
    {                                                                                                                  \
        const size_t a_row = (size_t)job->a_row, c_row = (size_t)job->c_row;                                           \
        REPEAT_##N(START_PAIR) for (int k = 0; k < job->K; k++, at.a += job->a_step, at.b += job->b_row)               \
        {                                                                                                              \
            const vf b0 = load(at.b), b1 = load(at.b + VECTOR);                                                        \
            REPEAT_##N(ADD_PAIR)                                                                                       \
        }                                                                                                              \
        REPEAT_##N(STORE_PAIR)                                                                                         \
    }
PAIRS(2)
PAIRS(3)
PAIRS(4)
PAIRS(5)
PAIRS(6)

#define START(v) vf p##v = load(at.from + (v)*VECTOR);
#define ADD(v) p##v += x * load(at.b + (v)*VECTOR);
#define STORE(v) store(at.c + (v)*VECTOR, p##v);

/* one row of c, N vectors of it */
#define ROW(N)                                                                                                         \
    static void row_##N(const struct product_job *job, struct at at)                                                   \
    {                                                                                                                  \
        REPEAT_##N(START) for (int k = 0; k < job->K; k++, at.a += job->a_step, at.b += job->b_row)                    \
        {                                                                                                              \
            const float x = *at.a;                                                                                     \
            REPEAT_##N(ADD)                                                                                            \
        }                                                                                                              \
        REPEAT_##N(STORE)                                                                                              \
    }
ROW(1)
ROW(2)
ROW(4)
ROW(8)

static struct at place(const struct product_job *job, int row, int col)
{
    return (struct at){.a = job->a + (size_t)row * (size_t)job->a_row,
                       .b = job->b + col,
                       .from = job->from ? job->from + (size_t)row * (size_t)job->from_row + col : zeros,
                       .c = job->c + (size_t)row * (size_t)job->c_row + col};
}

static void one_row(const struct product_job *job, int row, int col, int end)
{
    for (; end - col >= 8 * VECTOR; col += 8 * VECTOR) row_8(job, place(job, row, col));
    if (end - col >= 4 * VECTOR) row_4(job, place(job, row, col)), col += 4 * VECTOR;
    if (end - col >= 2 * VECTOR) row_2(job, place(job, row, col)), col += 2 * VECTOR;
    if (end - col >= VECTOR) row_1(job, place(job, row, col)), col += VECTOR;
    for (; col < end; col++) {
        const struct at at = place(job, row, col);
        float sum = *at.from;
        for (int k = 0; k < job->K; k++)
            sum += at.a[(size_t)k * (size_t)job->a_step] * at.b[(size_t)k * (size_t)job->b_row];
        *at.c = sum;
    }
}

/* Two vectors of all rows. */
static void strip(const struct product_job *job, int col)
{
    const size_t from_row = job->from ? (size_t)job->from_row : 0;
    for (int row = 0, left; (left = job->rows - row) > 0;) {
        const struct at at = place(job, row, col);
        /* no tile of one row, whose sums would wait for each other */
        const int n = left >= 10 || left == 6 ? 6 : left == 7 || left == 8 ? 4 : left == 9 ? 5 : left;
        if (n == 6) pairs_6(job, at, from_row);
        if (n == 5) pairs_5(job, at, from_row);
        if (n == 4) pairs_4(job, at, from_row);
        if (n == 3) pairs_3(job, at, from_row);
        if (n == 2) pairs_2(job, at, from_row);
        row += n;
    }
}

void KERNEL(product)(const struct product_job *job)
{
    int col = 0;
    for (; job->rows > 1 && job->n - col >= PAIR; col += PAIR) strip(job, col);
    for (int row = 0; col < job->n && row < job->rows; row++) one_row(job, row, col, job->n);
}

/* The first n floats, and zeros. */
INLINE vf load_some(const float *x, int n)
{
    vf v = {0};
    for (int i = 0; i < n; i++) v[i] = x[i];
    return v;
}

#define ZERO(p) vf a##p = {0};
#define DOT(p) a##p += x * load(b + (size_t)(p)*b_row + k);
#define DOT_SOME(p) a##p += x * load_some(b + (size_t)(p)*b_row + k, K - k);

/* The dot products of a with VECTOR rows of b. */
static vf dots_of(const float *a, const float *b, size_t b_row, int K)
{
    int k = 0;
    REPEAT_VECTOR(ZERO)
    for (; k <= K - VECTOR; k += VECTOR) {
        const vf x = load(a + k);
        REPEAT_VECTOR(DOT)
    }
    if (k < K) {
        const vf x = load_some(a + k, K - k);
        REPEAT_VECTOR(DOT_SOME)
    }
    return SUMS;
}

/* One of them, in the same order. */
static float dot_of(const float *a, const float *b, int K)
{
    int k = 0;
    vf sums = {0};
    for (; k <= K - VECTOR; k += VECTOR) sums += load(a + k) * load(b + k);
    if (k < K) sums += load_some(a + k, K - k) * load_some(b + k, K - k);
    return sum_across(sums)[0];
}

/* Of one row of b: VECTOR rows of a at once, as far as they go. */
static void dots_column(const struct product_job *job, const float *b, float from, float *c)
{
    const size_t a_row = (size_t)job->a_row, c_row = (size_t)job->c_row;
    int r = 0;
    for (; r <= job->rows - VECTOR; r += VECTOR) {
        const vf sums = from + dots_of(b, job->a + (size_t)r * a_row, a_row, job->K);
        for (int p = 0; p < VECTOR; p++) c[(size_t)(r + p) * c_row] = sums[p];
    }
    for (; r < job->rows; r++) c[(size_t)r * c_row] = from + dot_of(job->a + (size_t)r * a_row, b, job->K);
}

void KERNEL(dots)(const struct product_job *job)
{
    const size_t a_row = (size_t)job->a_row, b_row = (size_t)job->b_row, c_row = (size_t)job->c_row;
    int j = 0;
    for (; j <= job->n - VECTOR; j += VECTOR) /* VECTOR rows of b stay near while all of a passes over them */
        for (int r = 0; r < job->rows; r++)
            store(job->c + (size_t)r * c_row + j,
                  load(job->from ? job->from + j : zeros) +
                      dots_of(job->a + (size_t)r * a_row, job->b + (size_t)j * b_row, b_row, job->K));
    for (; j < job->n; j++) dots_column(job, job->b + (size_t)j * b_row, job->from ? job->from[j] : 0, job->c + j);
}
