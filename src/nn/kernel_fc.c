/* kernel_fc.c -- the wide dense layer behind the convolutions, forward for a few rows and backward for a rollout.
 *
 * By hand and not by BLAS, because the layer is bound by memory: forward, the weight rows (in, out) of inputs that are
 * 0 are not read at all; backward, one pass reads each weight and writes each gradient once, where sgemm for the few
 * rows of a rollout packs both and passes over the gradient several times. Prototypes on one AVX-512 core: 17 us
 * against 27 forward, 19 against 53 per row backward.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels.h"
#include "nn/vector.h"

enum { CHUNK = 256 }; /* inputs whose weights are kept near while all rows of a batch pass over them */

#if defined __AVX512F__
enum { ACROSS = 16 }; /* accumulators of the forward pass */
#define REPEAT_ACROSS REPEAT_16
#define REPEAT_VECTOR REPEAT_16
#else
enum { ACROSS = 8 };
#define REPEAT_ACROSS REPEAT_8
#if defined __AVX__
#define REPEAT_VECTOR REPEAT_8
#else
#define REPEAT_VECTOR REPEAT_4
#endif
#endif

#define START(v) vf a##v = load(from + (v)*VECTOR);
#define ADD(v) a##v += x_i * load(row + (v)*VECTOR);
#define STORE(v) store(y + (v)*VECTOR, a##v);
#define STORE_RELU(v) store(y + (v)*VECTOR, relu(a##v));

/* y = from + sum over the listed inputs; w and y begin at the block's first output */
static void add_inputs(const float *from, const float *w, int out, const float *x, const int *index, int count,
                       bool last, float *y)
{
    REPEAT_ACROSS(START)
    for (int k = 0; k < count; k++) {
        const float x_i = x[index[k]], *row = w + (size_t)index[k] * out;
        REPEAT_ACROSS(ADD)
    }
    if (last) {
        REPEAT_ACROSS(STORE_RELU)
    } else {
        REPEAT_ACROSS(STORE)
    }
}

void KERNEL(fc_forward)(const struct fc_job *job)
{
    const int in = job->in, out = job->out;
    assert(out % (ACROSS * VECTOR) == 0);
    for (int i0 = 0; i0 < in; i0 += CHUNK) {
        const int n = in - i0 < CHUNK ? in - i0 : CHUNK;
        const float *w = job->w + (size_t)i0 * out;
        for (int b = 0; b < job->B; b++) {
            const float *x = job->x + (size_t)b * in + i0;
            float *y = job->y + (size_t)b * out;
            int index[CHUNK], count = 0;
            for (int i = 0; i < n; i++) { /* without a branch: which inputs are 0 cannot be foreseen */
                index[count] = i;
                count += x[i] != 0;
            }
            for (int o = 0; o < out; o += ACROSS * VECTOR)
                add_inputs((i0 ? y : job->bias) + o, w + o, out, x, index, count, i0 + n == in, y + o);
        }
    }
}

#define ZERO(p) vf a##p = {0};
#define DOT(p) a##p += d * load(w + (p)*out + o);

#if defined __AVX512F__
#define SUMS                                                                                                           \
    FOLD_1(FOLD_2(FOLD_4(FOLD_8(a0, a1), FOLD_8(a2, a3)), FOLD_4(FOLD_8(a4, a5), FOLD_8(a6, a7))),                     \
           FOLD_2(FOLD_4(FOLD_8(a8, a9), FOLD_8(a10, a11)), FOLD_4(FOLD_8(a12, a13), FOLD_8(a14, a15))))
#elif defined __AVX__
#define SUMS FOLD_1(FOLD_2(FOLD_4(a0, a1), FOLD_4(a2, a3)), FOLD_2(FOLD_4(a4, a5), FOLD_4(a6, a7)))
#else
#define SUMS FOLD_1(FOLD_2(a0, a1), FOLD_2(a2, a3))
#endif

/* dx of VECTOR inputs from i on, for all rows. out is a constant where it is inlined, or 16 rows of w need 16
 * registers. */
INLINE void input_gradient(const struct fc_back_job *job, int i, const int out)
{
    const float *w = job->w + (size_t)i * out;
    for (int r = 0; r < job->R; r++) {
        const float *dy = job->dy + (size_t)r * out;
        const size_t at = (size_t)r * job->in + i;
        REPEAT_VECTOR(ZERO)
        for (int o = 0; o < out; o += VECTOR) {
            const vf d = load(dy + o);
            REPEAT_VECTOR(DOT)
        }
        store(job->dx + at, where_positive(load(job->x + at), SUMS));
    }
}

/* Four inputs by ROW_VECTORS vectors of outputs, over all rows; each sum is stored once. */
#if defined __AVX512F__
enum { ROW_VECTORS = 4 };
#define EACH_VECTOR(M, p) M(p, 0) M(p, 1) M(p, 2) M(p, 3)
#define LOAD_VECTORS                                                                                                   \
    const vf d0 = load(dy), d1 = load(dy + VECTOR), d2 = load(dy + 2 * VECTOR), d3 = load(dy + 3 * VECTOR);
#else
enum { ROW_VECTORS = 2 };
#define EACH_VECTOR(M, p) M(p, 0) M(p, 1)
#define LOAD_VECTORS const vf d0 = load(dy), d1 = load(dy + VECTOR);
#endif
#define ZERO_2(p, v) vf a##p##v = {0};
#define ADD_2(p, v) a##p##v += x[p] * d##v;
#define STORE_2(p, v) store(dw + (size_t)(p)*out + (v)*VECTOR, a##p##v);
#define ZERO_ROW(p) EACH_VECTOR(ZERO_2, p)
#define ADD_ROW(p) EACH_VECTOR(ADD_2, p)
#define STORE_ROW(p) EACH_VECTOR(STORE_2, p)

static void weight_gradient(const struct fc_back_job *job, int i)
{
    const int in = job->in, out = job->out;
    for (int o = 0; o < out; o += ROW_VECTORS * VECTOR) {
        const float *x = job->x + i, *dy = job->dy + o;
        float *dw = job->dw + (size_t)i * out + o;
        REPEAT_4(ZERO_ROW)
        for (int r = 0; r < job->R; r++, x += in, dy += out) {
            LOAD_VECTORS
            REPEAT_4(ADD_ROW)
        }
        REPEAT_4(STORE_ROW)
    }
}

void KERNEL(fc_backward)(const struct fc_back_job *job)
{
    const int out = job->out;
    assert(job->in % 16 == 0 && (out == 256 || out == 512));
    for (int i = 0; i < job->in; i += VECTOR) {
        if (out == 256)
            input_gradient(job, i, 256);
        else
            input_gradient(job, i, 512);
        for (int k = 0; k < VECTOR; k += 4) weight_gradient(job, i + k);
    }
    KERNEL(sum_rows)(job->dy, job->R, out, NULL, job->db);
}
