/* kernel_product.c -- products of small matrices, for dense layers of a few hundred units and a few rows at a time: a
 * BLAS packs its operands first and finds out what it was asked for, which there costs more than the sums.
 *
 * A sum runs over k in order, in one accumulator: a row comes out the same whatever rows stand beside it. */
#include <stdbool.h>
#include <stddef.h>

#include "base/vector.h"
#include "nn/kernels.h"

enum { PAIR = 2 * VECTOR };

static const float zeros[8 * VECTOR];

/* Where a tile begins; ahead: what is read soon, a step of k after another. */
struct at {
    const float *a, *b, *from, *ahead;
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

#define SOON                                                                                                           \
    __builtin_prefetch(at.ahead);                                                                                      \
    at.ahead += PAIR;

/* N rows of c, two vectors of each */
#define PAIRS(NAME, N, AHEAD)                                                                                          \
    static void NAME##_##N(const struct product_job *job, struct at at, size_t from_row)                               \
    {                                                                                                                  \
        const size_t a_row = (size_t)job->a_row, c_row = (size_t)job->c_row;                                           \
        REPEAT_##N(START_PAIR) for (int k = 0; k < job->K; k++, at.a += job->a_step, at.b += job->b_row)               \
        {                                                                                                              \
            AHEAD const vf b0 = load(at.b), b1 = load(at.b + VECTOR);                                                  \
            REPEAT_##N(ADD_PAIR)                                                                                       \
        }                                                                                                              \
        REPEAT_##N(STORE_PAIR)                                                                                         \
    }
PAIRS(pairs, 2, )
PAIRS(pairs, 3, )
PAIRS(pairs, 4, )
PAIRS(pairs, 5, )
PAIRS(pairs, 6, )
PAIRS(first, 2, SOON)
PAIRS(first, 3, SOON)
PAIRS(first, 4, SOON)
PAIRS(first, 5, SOON)
PAIRS(first, 6, SOON)

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

/* Rows of the next tile: none of one row, whose sums would wait for each other. */
static int height(int left)
{
    return left >= 10 || left == 6 ? 6 : left == 7 || left == 8 ? 4 : left == 9 ? 5 : left;
}

static void tile(const struct product_job *job, int row, int n, int col)
{
    const struct at at = place(job, row, col);
    const size_t from_row = job->from ? (size_t)job->from_row : 0;
    if (n == 6) pairs_6(job, at, from_row);
    if (n == 5) pairs_5(job, at, from_row);
    if (n == 4) pairs_4(job, at, from_row);
    if (n == 3) pairs_3(job, at, from_row);
    if (n == 2) pairs_2(job, at, from_row);
}

/* Where b is near as a whole, c is written row after row; else two columns of vectors of b are kept near. */
void KERNEL(product)(const struct product_job *job)
{
    enum { NEAR = 8192 }; /* floats of b */
    const int rows = job->rows, end = rows > 1 ? job->n - job->n % PAIR : 0;
    const bool near = (size_t)job->K * (size_t)job->n <= NEAR;
    for (int col = 0; !near && col < end; col += PAIR)
        for (int row = 0, n; row < rows; row += n) tile(job, row, n = height(rows - row), col);
    for (int row = 0, n; near && end && row < rows; row += n) {
        n = height(rows - row);
        for (int col = 0; col < end; col += PAIR) tile(job, row, n, col);
    }
    for (int row = 0; end < job->n && row < rows; row++) one_row(job, row, end, job->n);
}

void KERNEL(lay_out)(const float *b, int K, int n, float *panels)
{
    for (int col = 0; col < n; col += PAIR)
        for (int k = 0; k < K; k++, panels += PAIR) {
            store(panels, load(b + (size_t)k * (size_t)n + col));
            store(panels + VECTOR, load(b + (size_t)k * (size_t)n + col + VECTOR));
        }
}

/* The first n rows of a panel of c; the next panel of b arrives meanwhile. */
static void first_tile(const struct product_job *job, int n)
{
    struct at at = place(job, 0, 0);
    const size_t from_row = job->from ? (size_t)job->from_row : 0;
    at.ahead = at.b + (size_t)job->K * PAIR;
    if (n == 6) first_6(job, at, from_row);
    if (n == 5) first_5(job, at, from_row);
    if (n == 4) first_4(job, at, from_row);
    if (n == 3) first_3(job, at, from_row);
    if (n == 2) first_2(job, at, from_row);
}

void KERNEL(laid_out_product)(const struct product_job *job)
{
    const int rows = job->rows, first = height(rows);
    struct product_job panel = *job;
    panel.b_row = panel.n = PAIR;
    for (int col = 0; col < job->n; col += PAIR) {
        first_tile(&panel, first);
        for (int row = first, n; row < rows; row += n) tile(&panel, row, n = height(rows - row), 0);
        panel.b += (size_t)job->K * PAIR;
        panel.c += PAIR;
        if (panel.from) panel.from += PAIR;
    }
}

enum { CHUNK = 16 }; /* rows of b that are kept near while all rows of a pass over them */

/* Terms of a chunk that count. */
struct some {
    int count;
    float x[CHUNK + 3];
    const float *b[CHUNK + 3];
};

/* c (n) += x b over four terms at a time; a term of 0 fills the last four. */
static void add_some(const struct some *t, int n, float *c)
{
    for (int i = 0; i < t->count; i += 4) {
        const float x0 = t->x[i], x1 = t->x[i + 1], x2 = t->x[i + 2], x3 = t->x[i + 3];
        const float *b0 = t->b[i], *b1 = t->b[i + 1], *b2 = t->b[i + 2], *b3 = t->b[i + 3];
        int j = 0;
        for (; j <= n - PAIR; j += PAIR) {
            vf p = load(c + j) + x0 * load(b0 + j), q = load(c + j + VECTOR) + x0 * load(b0 + j + VECTOR);
            p += x1 * load(b1 + j), q += x1 * load(b1 + j + VECTOR);
            p += x2 * load(b2 + j), q += x2 * load(b2 + j + VECTOR);
            store(c + j, p + x3 * load(b3 + j)), store(c + j + VECTOR, q + x3 * load(b3 + j + VECTOR));
        }
        for (; j < n; j++) c[j] = (((c[j] + x0 * b0[j]) + x1 * b1[j]) + x2 * b2[j]) + x3 * b3[j];
    }
}

static void list_some(const struct product_job *job, int row, int k, struct some *t)
{
    const float *a = job->a + (size_t)row * (size_t)job->a_row;
    const int end = k + CHUNK < job->K ? k + CHUNK : job->K;
    t->count = 0;
    for (; k < end; k++) { /* without a branch: which of them count cannot be foreseen */
        t->x[t->count] = a[k];
        t->b[t->count] = job->b + (size_t)k * (size_t)job->b_row;
        t->count += a[k] != 0;
    }
    for (int i = t->count; i % 4; i++) t->x[i] = 0, t->b[i] = job->b;
}

/* Chunk by chunk of b, tiles of rows that share what they read of it. */
static void wide_tiles(struct product_job job)
{
    const int K = job.K;
    for (int k = 0; k < K; k += CHUNK) {
        job.K = K - k < CHUNK ? K - k : CHUNK;
        KERNEL(product)(&job);
        job.a += job.K;
        job.b += (size_t)job.K * (size_t)job.b_row;
        job.from = job.c, job.from_row = job.c_row;
    }
}

void KERNEL(wide_product)(const struct product_job *job)
{
    enum { TILES = 4 }; /* rows of which a tile is worth more than the zeros among their inputs */
    const size_t c_row = (size_t)job->c_row;
    if (job->rows >= TILES) {
        wide_tiles(*job);
        return;
    }
    for (int r = 0; r < job->rows; r++) {
        const float *from = job->from ? job->from + (size_t)r * (size_t)job->from_row : NULL;
        float *c = job->c + (size_t)r * c_row;
        for (int j = 0; from != c && j < job->n; j++) c[j] = from ? from[j] : 0;
    }
    for (int k = 0; k < job->K; k += CHUNK)
        for (int r = 0; r < job->rows; r++) {
            struct some t;
            list_some(job, r, k, &t);
            add_some(&t, job->n, job->c + (size_t)r * c_row);
        }
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

#define DOT_ROW(p) a##p += w * load(a + (size_t)(p)*a_row + k);
#define DOT_ROW_SOME(p) a##p += w * load_some(a + (size_t)(p)*a_row + k, K - k);
#define STORE_DOT(p) c[(size_t)(p)*c_row] = from + sum_across(a##p)[0];

/* N rows of a with one of b, that is read once for them. */
#define LONG_DOTS(N)                                                                                                   \
    static void long_dots_##N(const float *a, size_t a_row, const float *b, int K, float from, float *c, size_t c_row) \
    {                                                                                                                  \
        int k = 0;                                                                                                     \
        REPEAT_##N(ZERO) for (; k <= K - VECTOR; k += VECTOR)                                                          \
        {                                                                                                              \
            const vf w = load(b + k);                                                                                  \
            REPEAT_##N(DOT_ROW)                                                                                        \
        }                                                                                                              \
        if (k < K) {                                                                                                   \
            const vf w = load_some(b + k, K - k);                                                                      \
            REPEAT_##N(DOT_ROW_SOME)                                                                                   \
        }                                                                                                              \
        REPEAT_##N(STORE_DOT)                                                                                          \
    }
LONG_DOTS(1)
LONG_DOTS(2)
LONG_DOTS(4)
LONG_DOTS(8)

/* Of a few rows of a, near as a whole, with long ones of b, each read once. */
static void long_dots(const struct product_job *job)
{
    const size_t a_row = (size_t)job->a_row, c_row = (size_t)job->c_row;
    for (int j = 0; j < job->n; j++) {
        const float *b = job->b + (size_t)j * (size_t)job->b_row;
        const float from = job->from ? job->from[j] : 0;
        for (int r = 0, n; r < job->rows; r += n) {
            const int left = job->rows - r;
            const float *a = job->a + (size_t)r * a_row;
            float *c = job->c + (size_t)r * c_row + j;
            n = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            if (n == 8) long_dots_8(a, a_row, b, job->K, from, c, c_row);
            if (n == 4) long_dots_4(a, a_row, b, job->K, from, c, c_row);
            if (n == 2) long_dots_2(a, a_row, b, job->K, from, c, c_row);
            if (n == 1) long_dots_1(a, a_row, b, job->K, from, c, c_row);
        }
    }
}

void KERNEL(dots)(const struct product_job *job)
{
    enum { LONG = 512 };
    const size_t a_row = (size_t)job->a_row, b_row = (size_t)job->b_row, c_row = (size_t)job->c_row;
    int j = 0;
    if (job->K >= LONG && job->rows > 1) {
        long_dots(job);
        return;
    }
    for (; j <= job->n - VECTOR; j += VECTOR) /* VECTOR rows of b stay near while all of a passes over them */
        for (int r = 0; r < job->rows; r++)
            store(job->c + (size_t)r * c_row + j,
                  load(job->from ? job->from + j : zeros) +
                      dots_of(job->a + (size_t)r * a_row, job->b + (size_t)j * b_row, b_row, job->K));
    for (; j < job->n; j++) dots_column(job, job->b + (size_t)j * b_row, job->from ? job->from[j] : 0, job->c + j);
}
