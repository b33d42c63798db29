/* kernel_fc.c -- the wide dense layer behind the convolutions, forward for a few rows and backward for a rollout.
 *
 * By hand and not by BLAS, because the layer is bound by memory: forward, the weight rows (in, out) of inputs that are
 * 0, or that are what they were a step before, are not read at all; backward, weights of inputs that were never active
 * are not read, and the gradient, where it is asked for itself and not as factors, is written once, while sgemm for the
 * few rows of a rollout packs everything and passes over the gradient several times.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/vector.h"
#include "nn/kernels.h"

enum {
    CHUNK = 128, /* inputs that are looked at at a time, of a single row */
    NEAR = 8192, /* floats of weights that are kept in the first-level cache while all rows of a batch pass over them */
    ROWS = 256,  /* of a batch, at most */
    LINE = 16,   /* floats of a cache line */
};

enum { TOGETHER = 4 }; /* rows of weights */

/* Inputs of a chunk that count, and by how much. */
struct terms {
    int count, index[CHUNK];
    float x[CHUNK];
};

/* z (out) += the `rows` terms from k on; those from `next` on come after them. */
INLINE void add_terms(const float *w, int out, const struct terms *t, int k, int next, const int rows, float *z)
{
    const float *at[TOGETHER], *ahead[TOGETHER];
    for (int q = 0; q < rows; q++) {
        at[q] = w + (size_t)t->index[k + q] * out;
        ahead[q] = w + (size_t)t->index[next + q] * out;
    }
    for (int line = 0; line < out; line += LINE) {
        for (int q = 0; q < rows; q++) __builtin_prefetch(ahead[q] + line);
        for (int o = line; o < line + LINE; o += VECTOR) {
            vf sum = load(z + o);
            for (int q = 0; q < rows; q++) sum += t->x[k + q] * load(at[q] + o);
            store(z + o, sum);
        }
    }
}

/* z (out) += the sum over the terms, a few whole rows of weights at a time: read from end to end, with the next ones
 * asked for, they arrive the soonest; blocks of columns lie in a few sets of the cache and would not stay there. */
static void add_all_terms(const float *w, int out, const struct terms *t, float *z)
{
    int k = 0;
    for (int next; k + TOGETHER <= t->count; k += TOGETHER) {
        next = k + 2 * TOGETHER <= t->count ? k + TOGETHER : k;
        add_terms(w, out, t, k, next, TOGETHER, z);
    }
    for (; k + 2 <= t->count; k += 2) add_terms(w, out, t, k, k, 2, z);
    if (k < t->count) add_terms(w, out, t, k, k, 1, z);
}

/* Inputs i to i + n - 1. Without a branch: which of them count cannot be foreseen. */
INLINE void add_to_list(const float *x, const float *before, int i, int n, struct terms *t)
{
    int count = t->count;
    for (const int end = i + n; i < end; i++) {
        const float d = before ? x[i] - before[i] : x[i];
        t->index[count] = i;
        t->x[count] = d;
        count += d != 0;
    }
    t->count = count;
}

/* Of a chunk from its first input on; fresh: of its first pixel. */
static void list_terms(const struct fc_job *job, const float *x, const float *before, const uint8_t *fresh, int n,
                       struct terms *t)
{
    const int C = job->channels, some = C < n ? C : n;
    t->count = 0;
    if (!before) add_to_list(x, NULL, 0, n, t);
    for (int i = 0; before && i < n; i += some)
        if (fresh[i / C]) add_to_list(x, before, i, some, t);
}

/* Is it less work to go on from the row before than to begin anew. */
static bool goes_on(const float *x, const float *before, int in)
{
    int changed = 0, active = 0;
    for (int i = 0; i < in; i++) {
        changed += x[i] != before[i];
        active += x[i] != 0;
    }
    return changed < active;
}

/* Rows row0 .. row0 + B - 1, B at most ROWS. Chunk by chunk, so that its weights serve all rows from near. */
static void forward_rows(const struct fc_job *job, int b0, int B)
{
    const int in = job->in, out = job->out, row0 = job->row0 + b0, near = NEAR / out < 16 ? 16 : NEAR / out,
              chunk = B == 1 || near > CHUNK ? CHUNK : near;
    int from[ROWS];
    struct terms t;
    for (int b = 0; b < B; b++) {
        const int before = job->before ? job->before[b0 + b] : -1;
        from[b] =
            before >= 0 && goes_on(job->x + (size_t)(row0 + b) * in, job->x + (size_t)before * in, in) ? before : -1;
    }
    for (int b = 0; b < B; b++)
        memcpy(job->z + (size_t)(row0 + b) * out, from[b] < 0 ? job->bias : job->z + (size_t)from[b] * out,
               (size_t)out * sizeof(float));
    for (int i0 = 0; i0 < in; i0 += chunk)
        for (int b = 0; b < B; b++) {
            const size_t row = (size_t)(row0 + b), last = (size_t)from[b];
            list_terms(job, job->x + row * in + i0, from[b] < 0 ? NULL : job->x + last * in + i0,
                       job->fresh + row * job->fresh_row + i0 / job->channels, in - i0 < chunk ? in - i0 : chunk, &t);
            add_all_terms(job->w + (size_t)i0 * out, out, &t, job->z + row * out);
        }
    for (size_t i = (size_t)row0 * out; job->y != job->z && i < (size_t)(row0 + B) * out; i += VECTOR)
        store(job->y + i, relu(load(job->z + i)));
}

void KERNEL(fc_forward)(const struct fc_job *job)
{
    assert(job->out % LINE == 0);
    for (int b = 0; b < job->B; b += ROWS) forward_rows(job, b, job->B - b < ROWS ? job->B - b : ROWS);
}

/* A row of w for each lane: addresses in memory, as there are not so many registers for them; hence four vectors of
 * each at a time. */
#define ZERO(p) vf a##p = {0};
#define DOT(p)                                                                                                         \
    {                                                                                                                  \
        const float *w = row[p] + o;                                                                                   \
        a##p += d0 * load(w);                                                                                          \
        a##p += d1 * load(w + VECTOR);                                                                                 \
        a##p += d2 * load(w + 2 * VECTOR);                                                                             \
        a##p += d3 * load(w + 3 * VECTOR);                                                                             \
    }

/* dx of VECTOR listed inputs, for all rows. */
static void input_block(const struct fc_input_job *job, const int *list)
{
    const int in = job->in, out = job->out;
    const float *row[VECTOR];
    for (int k = 0; k < VECTOR; k++) row[k] = job->w + (size_t)list[k] * out;
    for (int r = 0; r < job->R; r++) {
        const float *dy = job->dy + (size_t)r * out, *x = job->x + (size_t)job->row[r] * in;
        float *dx = job->dx + (size_t)job->row[r] * in, sum[VECTOR];
        REPEAT_VECTOR(ZERO)
        for (int o = 0; o < out; o += 4 * VECTOR) {
            const vf d0 = load(dy + o), d1 = load(dy + o + VECTOR), d2 = load(dy + o + 2 * VECTOR),
                     d3 = load(dy + o + 3 * VECTOR);
            REPEAT_VECTOR(DOT)
        }
        store(sum, SUMS);
        for (int k = 0; k < VECTOR; k++) dx[list[k]] = x[list[k]] > 0 ? sum[k] : 0;
    }
}

void KERNEL(fc_inputs)(const struct fc_input_job *job)
{
    for (int k = 0; k < job->count; k += VECTOR) {
        const int *list = job->list + k, left = job->count - k;
        int last[VECTOR];
        for (int i = 0; left < VECTOR && i < VECTOR; i++) last[i] = list[i < left ? i : left - 1];
        input_block(job, left < VECTOR ? last : list);
    }
}

int KERNEL(fold_rows)(const float *dy, int T, int E, int out, const uint8_t *ends, int *row, float *sum)
{
    int n = 0;
    for (int e = 0; e < E; e++)
        for (int t = T - 1; t >= 0; t--)
            if (ends[t * E + e]) row[n++] = t * E + e;
    for (int o = 0; o < out; o += VECTOR) {
        float *to = sum + o;
        for (int e = 0; e < E; e++) {
            vf all = {0};
            for (int t = T - 1; t >= 0; t--) {
                all += load(dy + (size_t)(t * E + e) * out + o);
                if (!ends[t * E + e]) continue;
                store(to, all);
                to += out;
                all = (vf){0};
            }
        }
    }
    return n;
}

void KERNEL(gram)(const float *x, int R, int n, float *xx)
{
    for (int q = 0; q < R; q++)
        for (int r = q; r < R; r++) {
            const float *a = x + (size_t)q * n, *b = x + (size_t)r * n;
            vf even = {0}, odd = {0};
            int i = 0;
            for (; i + 2 * VECTOR <= n; i += 2 * VECTOR) {
                even += load(a + i) * load(b + i);
                odd += load(a + i + VECTOR) * load(b + i + VECTOR);
            }
            for (; i < n; i += VECTOR) even += load(a + i) * load(b + i);
            even += odd;
            double sum = 0;
            for (int v = 0; v < VECTOR; v++) sum += (double)even[v];
            xx[q * R + r] = (float)sum;
        }
}

void KERNEL(any_active)(const float *x, int rows, int n, int *any)
{
    for (int i = 0; i < n; i++) any[i] = x[i] != 0;
    for (int r = 1; r < rows; r++)
        for (int i = 0; i < n; i++) any[i] |= x[(size_t)r * n + i] != 0;
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
#define ADD_2(p, v) a##p##v += x_##p * d##v;
#define STORE_2(p, v)                                                                                                  \
    store(dw##p + o + (v)*VECTOR, a##p##v);                                                                            \
    square##v += a##p##v * a##p##v;
#define ZERO_SQUARE(p, v) vf square##v = {0};
#define ZERO_ROW(p) EACH_VECTOR(ZERO_2, p)
#define LOAD_ROW(p) const float x_##p = x[list[p]];
#define ADD_ROW(p) EACH_VECTOR(ADD_2, p)
#define STORE_ROW(p) EACH_VECTOR(STORE_2, p)
#define PLACE_ROW(p)                                                                                                   \
    float *const dw##p = job->dw + (size_t)list[p] * out, *const next##p = job->dw + (size_t)next[p] * out;
#define AHEAD(p)                                                                                                       \
    for (int l = 0; l < ROW_VECTORS * VECTOR; l += LINE) __builtin_prefetch(next##p + o + l, 1);
#define SUM_SQUARE(p, v) all += square##v;

/* Of four listed inputs, all different; returns the squares' sum, lane by lane. `next` are four that will follow: the
 * lines of dw are commonly another core's, and arrive while these are computed. */
INLINE vf weight_gradient(const struct fc_weight_job *job, const int *list, const int *next)
{
    const int in = job->in, out = job->out;
    REPEAT_4(PLACE_ROW)
    vf all = {0};
    EACH_VECTOR(ZERO_SQUARE, _)
    for (int o = 0; o < out; o += ROW_VECTORS * VECTOR) {
        const float *x = job->x, *dy = job->dy + o;
        REPEAT_4(AHEAD)
        REPEAT_4(ZERO_ROW)
        for (int r = 0; r < job->R; r++, x += in, dy += out) {
            LOAD_VECTORS
            REPEAT_4(LOAD_ROW)
            REPEAT_4(ADD_ROW)
        }
        REPEAT_4(STORE_ROW)
    }
    EACH_VECTOR(SUM_SQUARE, _)
    return all;
}

double KERNEL(fc_weights)(const struct fc_weight_job *job)
{
    const int in = job->in, out = job->out, active = (job->active + VECTOR - 1) / VECTOR * VECTOR;
    double squares = 0;
    assert(in % VECTOR == 0 && out % (4 * VECTOR) == 0);
    for (int k = 0; k < active; k += VECTOR) {
        const int *list = job->list + k, *next = k + VECTOR < active ? list + VECTOR : list;
        vf sum = {0};
        for (int q = 0; q < VECTOR; q += 4) sum += weight_gradient(job, list + q, next + q);
        for (int v = 0; v < VECTOR; v++) squares += (double)sum[v];
    }
    for (int k = 0; k < active; k++) job->zero[job->list[k]] = 0;
    for (int k = active; k < in; k++) {
        const int i = job->list[k];
        if (!job->zero[i]) memset(job->dw + (size_t)i * out, 0, (size_t)out * sizeof(float));
        job->zero[i] = 1;
    }
    return squares;
}
