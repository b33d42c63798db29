/* kernel_conv.c -- direct convolution, its weight gradient, and the sums of rows a bias gradient is.
 *
 * By hand and not by BLAS or oneDNN, because a batch is one frame: unrolling patches for a matrix product (im2col)
 * moves more bytes than the sums need, a matrix of 16 columns fills no BLAS tile, and a product per tap packs its
 * operands anew each time. Prototypes of each on one AVX-512 core, acting and learning with the small network (5 steps
 * an update): 90 us a step in this form, 194 with im2col and OpenBLAS, 151 with one OpenBLAS product per tap, 140 with
 * libxsmm; oneDNN 2.6 fell back to its reference code for the first layer's weight gradient, milliseconds.
 *
 * The shape of all loops: accumulators in registers, one weight vector (or gradient vector) loaded and used by all of
 * them, each with its own broadcast float. A forward block is up to 20 pixels of one output row by one vector of
 * channels, or 10 by two (AVX2, SSE: 5 by two, from 16 registers); a gradient block is 8 (4) inputs by two vectors,
 * streaming over the pixels.
 * Pixels of a list have a pointer each: if what they meet were first laid side by side, a step of the small network
 * would take a fifth more.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/vector.h"
#include "nn/kernels.h"

/* One block: P pixels from (r, c) on, channels o to o + VECTOR - 1 (`one`) or o + 2 VECTOR - 1 (`two`). */
typedef void block(const struct conv_job *job, int r, int c, int o);

INLINE void finish(const struct conv_job *job, size_t at, vf v)
{
    store(job->y + at, job->relu ? relu(v) : v);
}

#define FOR_RUNS(in, r, c)                                                                                             \
    for (int plane = 0; plane < (in)->planes; plane++)                                                                 \
        for (int k = 0; k < (in)->kernel; k++)                                                                         \
            for (const float *x = (in)->x[plane] + (size_t)((r) * (in)->row_step + k) * (in)->pitch + (c)*step,        \
                             *end = x + (in)->length;                                                                  \
                 x < end; x++, w += n)

#define START_1(p) vf a##p = start;
#define ADD_1(p) a##p += x[(p)*step] * w0;
#define FINISH_1(p) finish(job, at + (size_t)(p)*job->y_col, a##p);
#define DEFINE_1(P, STEP)                                                                                              \
    static void one_##P##_##STEP(const struct conv_job *job, int r, int c, int o)                                      \
    {                                                                                                                  \
        enum { step = STEP };                                                                                          \
        const int n = job->n;                                                                                          \
        const size_t at = (size_t)r * job->y_row + (size_t)c * job->y_col + o;                                         \
        const float *w = job->w + o;                                                                                   \
        const vf zero = {0}, start = job->bias ? load(job->bias + o) : zero;                                           \
        REPEAT_##P(START_1);                                                                                           \
        FOR_RUNS(&job->in, r, c)                                                                                       \
        {                                                                                                              \
            const vf w0 = load(w);                                                                                     \
            REPEAT_##P(ADD_1)                                                                                          \
        }                                                                                                              \
        REPEAT_##P(FINISH_1)                                                                                           \
    }

#define START_2(p) vf a##p = start_a, b##p = start_b;
#define ADD_2(p)                                                                                                       \
    {                                                                                                                  \
        const float x_p = x[(p)*step];                                                                                 \
        a##p += x_p * w0;                                                                                              \
        b##p += x_p * w1;                                                                                              \
    }
#define FINISH_2(p)                                                                                                    \
    finish(job, at + (size_t)(p)*job->y_col, a##p);                                                                    \
    finish(job, at + (size_t)(p)*job->y_col + VECTOR, b##p);
#define DEFINE_2(P, STEP)                                                                                              \
    static void two_##P##_##STEP(const struct conv_job *job, int r, int c, int o)                                      \
    {                                                                                                                  \
        enum { step = STEP };                                                                                          \
        const int n = job->n;                                                                                          \
        const size_t at = (size_t)r * job->y_row + (size_t)c * job->y_col + o;                                         \
        const float *w = job->w + o;                                                                                   \
        const vf zero = {0}, start_a = job->bias ? load(job->bias + o) : zero,                                         \
                 start_b = job->bias ? load(job->bias + o + VECTOR) : zero;                                            \
        REPEAT_##P(START_2);                                                                                           \
        FOR_RUNS(&job->in, r, c)                                                                                       \
        {                                                                                                              \
            const vf w0 = load(w), w1 = load(w + VECTOR);                                                              \
            REPEAT_##P(ADD_2)                                                                                          \
        }                                                                                                              \
        REPEAT_##P(FINISH_2)                                                                                           \
    }

/* P pixels from c on of a list, each with a pointer of its own. */
typedef void listed_block(const struct conv_job *job, int c, int o);

#define POINT(p) const float *x##p = row + at[p];
#define FOR_LISTED(P)                                                                                                  \
    for (int plane = 0; plane < in->planes; plane++)                                                                   \
        for (int k = 0; k < in->kernel; k++) {                                                                         \
            const float *row = in->x[plane] + (ptrdiff_t)k * in->pitch;                                                \
            REPEAT_##P(POINT) for (ptrdiff_t i = 0; i < length; i++, w += n)
#define PLACE(p) ((ptrdiff_t)(job->to ? job->to[c + (p)] : c + (p)) * job->y_col + o)
#define DEFINE_LISTED_1(P)                                                                                             \
    static void listed_one_##P(const struct conv_job *job, int c, int o)                                               \
    {                                                                                                                  \
        const struct conv_input *in = &job->in;                                                                        \
        const ptrdiff_t n = job->n, length = in->length;                                                               \
        const int *at = in->at + c;                                                                                    \
        const float *w = job->w + o;                                                                                   \
        const vf zero = {0}, start = job->bias ? load(job->bias + o) : zero;                                           \
        REPEAT_##P(START_1) FOR_LISTED(P)                                                                              \
        {                                                                                                              \
            const vf w0 = load(w);                                                                                     \
            REPEAT_##P(ADD_LISTED_1)                                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    REPEAT_##P(FINISH_LISTED_1)                                                                                        \
    }
#define ADD_LISTED_1(p) a##p += x##p[i] * w0;
#define FINISH_LISTED_1(p) finish(job, PLACE(p), a##p);

#define DEFINE_LISTED_2(P)                                                                                             \
    static void listed_two_##P(const struct conv_job *job, int c, int o)                                               \
    {                                                                                                                  \
        const struct conv_input *in = &job->in;                                                                        \
        const ptrdiff_t n = job->n, length = in->length;                                                               \
        const int *at = in->at + c;                                                                                    \
        const float *w = job->w + o;                                                                                   \
        const vf zero = {0}, start_a = job->bias ? load(job->bias + o) : zero,                                         \
                 start_b = job->bias ? load(job->bias + o + VECTOR) : zero;                                            \
        REPEAT_##P(START_2) FOR_LISTED(P)                                                                              \
        {                                                                                                              \
            const vf w0 = load(w), w1 = load(w + VECTOR);                                                              \
            REPEAT_##P(ADD_LISTED_2)                                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    REPEAT_##P(FINISH_LISTED_2)                                                                                        \
    }
#define ADD_LISTED_2(p)                                                                                                \
    {                                                                                                                  \
        const float x_p = x##p[i];                                                                                     \
        a##p += x_p * w0;                                                                                              \
        b##p += x_p * w1;                                                                                              \
    }
#define FINISH_LISTED_2(p)                                                                                             \
    finish(job, PLACE(p), a##p);                                                                                       \
    finish(job, PLACE(p) + VECTOR, b##p);

#define BLOCKS_5(X, STEP) X(1, STEP) X(2, STEP) X(3, STEP) X(4, STEP) X(5, STEP)
#define BLOCKS_10(X, STEP) BLOCKS_5(X, STEP) X(6, STEP) X(7, STEP) X(8, STEP) X(9, STEP) X(10, STEP)
#define BLOCKS_20(X, STEP)                                                                                             \
    BLOCKS_10(X, STEP)                                                                                                 \
    X(11, STEP)                                                                                                        \
    X(12, STEP) X(13, STEP) X(14, STEP) X(15, STEP) X(16, STEP) X(17, STEP) X(18, STEP) X(19, STEP) X(20, STEP)

#define NAME_1(P, STEP) one_##P##_##STEP,
#define NAME_2(P, STEP) two_##P##_##STEP,
#define LISTED_5(X) X(1) X(2) X(3) X(4) X(5)
#define LISTED_10(X) LISTED_5(X) X(6) X(7) X(8) X(9) X(10)
#define NAME_LISTED_1(P) listed_one_##P,
#define NAME_LISTED_2(P) listed_two_##P,

#if defined __AVX512F__
enum { MOST_1 = 20, MOST_2 = 10, MOST_LISTED = 10 };
#define BLOCKS BLOCKS_10
/* 16 channels are one vector: only the first layer of the small network has so few */
BLOCKS_20(DEFINE_1, 4)
static block *const one_4[] = {BLOCKS_20(NAME_1, 4)};
#define LISTED LISTED_10
LISTED(DEFINE_LISTED_1)
static listed_block *const listed_one[] = {LISTED(NAME_LISTED_1)};
#else
enum { MOST_1 = 0, MOST_2 = 5, MOST_LISTED = 5 };
#define BLOCKS BLOCKS_5
#define LISTED LISTED_5
static block *const one_4[1];
static listed_block *const listed_one[1];
#endif
BLOCKS(DEFINE_2, 4)
BLOCKS(DEFINE_2, 32)
BLOCKS(DEFINE_2, 64)
LISTED(DEFINE_LISTED_2)
static block *const two_4[] = {BLOCKS(NAME_2, 4)};
static block *const two_32[] = {BLOCKS(NAME_2, 32)};
static block *const two_64[] = {BLOCKS(NAME_2, 64)};
static listed_block *const listed_two[] = {LISTED(NAME_LISTED_2)};

static block *const *blocks_of(bool single, int step)
{
    if (single) return one_4;
    return step == 4 ? two_4 : step == 32 ? two_32 : two_64;
}

static void sum_listed(const struct conv_job *job)
{
    const bool single = job->n < 2 * VECTOR;
    listed_block *const *const blocks = single ? listed_one : listed_two;
    for (int o = 0; o < job->n; o += single ? VECTOR : 2 * VECTOR)
        for (int c = 0, P, left = (job->cols + MOST_LISTED - 1) / MOST_LISTED; left > 0; left--, c += P) {
            P = (job->cols - c + left - 1) / left;
            blocks[P - 1](job, c, o);
        }
}

void KERNEL(conv_sum)(const struct conv_job *job)
{
    const bool single = job->n < 2 * VECTOR;
    const int step = job->in.step, most = single ? MOST_1 : MOST_2, wide = single ? VECTOR : 2 * VECTOR;
    block *const *const blocks = blocks_of(single, step);
    assert(job->in.at || step == 4 || (!single && (step == 32 || step == 64)));
    if (job->in.at) {
        sum_listed(job);
        return;
    }
    for (int o = 0; o < job->n; o += wide)
        for (int r = 0; r < job->rows; r++)
            for (int c = 0, left = (job->cols + most - 1) / most; left > 0; left--) {
                const int P = (job->cols - c + left - 1) / left; /* blocks of even width */
                blocks[P - 1](job, r, c, o);
                c += P;
            }
}

/* The pixels of one sample: x of the kernel's row k, place i; dz of the channels from o on. */
#define FOR_PIXELS(in, k, i, o)                                                                                        \
    for (int r = 0; r < job->rows; r++)                                                                                \
        for (const float *x = (in)->x[plane] + (size_t)(r * (in)->row_step + (k)) * (in)->pitch + (i),                 \
                         *dz = job->dz + (size_t)r * job->cols * n + (o), *end = dz + (size_t)job->cols * n;           \
             dz < end; x += step, dz += n)

#define FROM(p) vf a##p = from ? load(from + (p)*n) : zero, b##p = from ? load(from + (p)*n + VECTOR) : zero;
#define GATHER(p)                                                                                                      \
    a##p += x[p] * d0;                                                                                                 \
    b##p += x[p] * d1;
#define TO(p)                                                                                                          \
    store(dw + (p)*n, a##p);                                                                                           \
    store(dw + (p)*n + VECTOR, b##p);

#if defined __AVX512F__
enum { INPUTS = 8 };
#define REPEAT_INPUTS REPEAT_8

/* 16 channels: two rows of the kernel make the block, 8 inputs of each */
#define FROM_1(p) vf a##p = from ? load(from + (p)*n) : zero, b##p = from ? load(from + (in->length + (p)) * n) : zero;
#define GATHER_1(p)                                                                                                    \
    a##p += x[p] * d0;                                                                                                 \
    b##p += below[p] * d0;
#define TO_1(p)                                                                                                        \
    store(dw + (p)*n, a##p);                                                                                           \
    store(dw + (in->length + (p)) * n, b##p);

static void weight_block_1(const struct conv_weight_job *job, int plane, int k, int i)
{
    const struct conv_input *in = &job->in;
    const int n = job->n, step = in->step, pitch = in->pitch;
    const ptrdiff_t at = (((ptrdiff_t)plane * in->kernel + k) * in->length + i) * n;
    const float *from = job->from ? job->from + at : NULL;
    float *dw = job->dw + at;
    const vf zero = {0};
    REPEAT_8(FROM_1)
    if (in->at) {
        const float *row = in->x[plane] + (ptrdiff_t)k * pitch + i, *dz = job->dz;
        for (int c = 0; c < job->cols; c++, dz += n) {
            const vf d0 = load(dz);
            const float *x = row + in->at[c], *below = x + pitch;
            REPEAT_8(GATHER_1)
        }
    } else {
        FOR_PIXELS(in, k, i, 0)
        {
            const vf d0 = load(dz);
            const float *below = x + pitch;
            REPEAT_8(GATHER_1)
        }
    }
    REPEAT_8(TO_1)
}
#else
enum { INPUTS = 4 };
#define REPEAT_INPUTS REPEAT_4
#endif

static void weight_block_2(const struct conv_weight_job *job, int plane, int k, int i, int o)
{
    const struct conv_input *in = &job->in;
    const int n = job->n, step = in->step;
    const ptrdiff_t at = (((ptrdiff_t)plane * in->kernel + k) * in->length + i) * n + o;
    const float *from = job->from ? job->from + at : NULL;
    float *dw = job->dw + at;
    const vf zero = {0};
    REPEAT_INPUTS(FROM)
    if (in->at) {
        const float *row = in->x[plane] + (ptrdiff_t)k * in->pitch + i, *dz = job->dz + o;
        for (int c = 0; c < job->cols; c++, dz += n) {
            const float *x = row + in->at[c];
            const vf d0 = load(dz), d1 = load(dz + VECTOR);
            REPEAT_INPUTS(GATHER)
        }
    } else {
        FOR_PIXELS(in, k, i, o)
        {
            const vf d0 = load(dz), d1 = load(dz + VECTOR);
            REPEAT_INPUTS(GATHER)
        }
    }
    REPEAT_INPUTS(TO)
}

void KERNEL(conv_weight)(const struct conv_weight_job *job)
{
    const struct conv_input *in = &job->in;
    assert(in->length % INPUTS == 0 && (job->n >= 2 * VECTOR || in->kernel % 2 == 0));
    for (int plane = 0; plane < in->planes; plane++)
        for (int k = 0; k < in->kernel; k++)
            for (int i = 0; i < in->length; i += INPUTS) {
#if defined __AVX512F__
                if (job->n < 2 * VECTOR) {
                    if (k % 2 == 0) weight_block_1(job, plane, k, i);
                    continue;
                }
#endif
                for (int o = 0; o < job->n; o += 2 * VECTOR) weight_block_2(job, plane, k, i, o);
            }
}

void KERNEL(sum_rows)(const float *x, int rows, int n, const float *from, float *sum)
{
    const vf zero = {0};
    for (int o = 0; o < n; o += VECTOR) { /* four sums, or each addition would wait for the one before */
        vf a = from ? load(from + o) : zero, b = zero, c = zero, d = zero;
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            const float *at = x + (size_t)r * n + o;
            a += load(at);
            b += load(at + n);
            c += load(at + 2 * n);
            d += load(at + 3 * n);
        }
        for (; r < rows; r++) a += load(x + (size_t)r * n + o);
        store(sum + o, (a + b) + (c + d));
    }
}
