/* kernel_apply.c -- several gradients through the optimiser in one pass over theta.
 *
 * A block of theta and of g stays in registers while all k gradients go through it; then the next block. Every
 * element sees the same operations in the same order as in k separate passes, so the result is the same bit for bit.
 * Fusing in larger pieces is slower than not fusing: the hardware prefetcher loses k streams that are read a few
 * kilobytes at a time, hence small blocks and the prefetch by hand. Root and division are exact; the bound of the
 * pass is their throughput.
 *
 * The gradient of a dense layer over a rollout of R steps has rank R: x^T dy, x (R, in), dy (R, out). Kept as these
 * factors it is a hundredth of the bytes, its product costs less than the root (R a few tens at most), and where an
 * input was 0 all along, its row is known to be 0 (Xie et al. 2014, "Distributed Machine Learning via Sufficient Factor
 * Broadcasting", arXiv:1409.5705).
 */
#include "optim/kernel_apply.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/vector.h"
#include "optim/kernel_fetch.h"

enum {
/* floats of a block: theta and g of one block fill half of the registers */
#if defined __AVX512F__
    BLOCK = 64,
#elif defined __AVX2__
    BLOCK = 32,
#else
    BLOCK = 16,
#endif
    TAIL = 16, /* n is a multiple of it */
};

/* fetch_ahead() of what will be overwritten: commonly in the cache of an actor that had it before. */
INLINE void fetch_to_write(const float *x, int size)
{
    for (int l = 0; l < size; l += LINE) __builtin_prefetch(x + AHEAD + l, 1);
}

/* One gradient through `size` elements: th, g and out, g_out are blocks in registers, or, first and last, lie in
 * memory. */
INLINE void rmsprop_step(const float *th, const float *g, float *th_out, float *g_out, const float *grad, float scale,
                         float lr, float a, float b, float eps, int size)
{
    for (int l = 0; l < size; l++) {
        const float d = scale * grad[l], ms = a * g[l] + b * (d * d);
        g_out[l] = ms;
        th_out[l] = th[l] - lr * d / sqrtf(ms + eps);
    }
}

/* The same of a gradient that is read where it waits. */
INLINE void rmsprop_read(const float *th, const float *g, float *th_out, float *g_out, const struct optim_grad *gr,
                         size_t at, float a, float b, float eps, int size)
{
    fetch_ahead(gr->grad + at, size);
    rmsprop_step(th, g, th_out, g_out, gr->grad + at, gr->scale, gr->lr, a, b, eps, size);
}

INLINE void rmsprop_block(const float *in, float *out, float *g, const struct optim_grad *grads, int k, size_t at,
                          float a, float b, float eps, int size)
{
    float th[BLOCK], ms[BLOCK];
    fetch_ahead(in + at, size);
    fetch_ahead(g + at, size);
    fetch_to_write(out + at, size);
    rmsprop_read(in + at, g + at, th, ms, grads, at, a, b, eps, size);
    for (int j = 1; j < k; j++) rmsprop_read(th, ms, th, ms, grads + j, at, a, b, eps, size);
    move(out + at, th, size);
    move(g + at, ms, size);
}

void KERNEL(apply_rmsprop) APPLY_RMSPROP_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) rmsprop_block(in, out, g, grads, k, i, a, b, eps, BLOCK);
    for (; i < n; i += TAIL) rmsprop_block(in, out, g, grads, k, i, a, b, eps, TAIL);
}

/* ---- a matrix whose gradients may be factors ---- */

/* One row of the matrix, as one gradient sees it. */
struct row {
    const float *x, *dy; /* (R), `height` apart; (R, width); NULL: the gradient itself is there */
    int R, height;
    bool zero; /* d is 0 all along it */
};

_Static_assert(BLOCK == 4 * VECTOR, "a block is four vectors");

#define SUM(v) vf sum##v = {0};
#define ADD(v) sum##v += x * load(dy + (v)*VECTOR);
#define KEEP(v) store(d + (v)*VECTOR, sum##v);

/* N vectors of the row's d, from `col` on: in vectors that have names, since a compiler leaves sums under loops over
 * floats in memory, in pieces of other sizes than they are read in, which takes longer than a root and a division. */
#define MULTIPLY(N)                                                                                                    \
    INLINE void multiply_##N(const struct row *r, int width, int col, float *d)                                        \
    {                                                                                                                  \
        REPEAT_##N(SUM) for (int q = 0; q < r->R; q++)                                                                 \
        {                                                                                                              \
            const float x = r->x[(size_t)q * (size_t)r->height], *dy = r->dy + (size_t)q * (size_t)width + col;        \
            REPEAT_##N(ADD)                                                                                            \
        }                                                                                                              \
        REPEAT_##N(KEEP)                                                                                               \
    }
MULTIPLY(1)
MULTIPLY(4)

/* d (size) of the row from `col` on. */
INLINE void multiply(const struct row *r, int width, int col, float *d, int size)
{
    if (size == BLOCK)
        multiply_4(r, width, col, d);
    else
        for (int l = 0; l < size; l += VECTOR) multiply_1(r, width, col + l, d + l);
}

/* What apply_rmsprop_wide() was called with. */
struct wide_pass {
    const float *in;
    float *out, *g;
    size_t at, n;
    int height, width;
    const struct optim_grad *grads;
    int k;
    float a, b, eps;
    struct wide *state;
};

/* The block of `size` at place i of the pass, column col of its row; the one `ahead` places further on comes after this
 * row. */
INLINE void wide_block(const struct wide_pass *p, const struct row *rows, size_t i, int col, size_t ahead, int owed,
                       int size)
{
    const float a = p->a, b = p->b, eps = p->eps, *in = p->in + i;
    float *g = p->g + i, *out = p->out + i, th[BLOCK], ms[BLOCK], d[BLOCK];
    for (int l = 0; l < size; l += LINE) {
        __builtin_prefetch(in + ahead + l);
        __builtin_prefetch(g + ahead + l, 1);
        __builtin_prefetch(out + ahead + l, 1); /* commonly in the cache of an actor that had it before */
    }
    move(th, in, size);
    move(ms, g, size);
    for (; owed; owed--)
        for (int l = 0; l < size; l++) ms[l] *= a;
    for (int j = 0; j < p->k; j++) {
        const struct optim_grad *gr = p->grads + j;
        if (rows[j].zero) {
            for (int l = 0; l < size; l++) ms[l] *= a;
        } else if (rows[j].x) {
            multiply(&rows[j], p->width, col, d, size);
            rmsprop_step(th, ms, th, ms, d, gr->scale, gr->lr, a, b, eps, size);
        } else {
            rmsprop_read(th, ms, th, ms, gr, p->at + i, a, b, eps, size);
        }
    }
    move(out, th, size);
    move(g, ms, size);
}

/* What row `row` is to each gradient. Is there nothing in any of them? */
static bool look_at_row(const struct wide_pass *p, size_t row, struct row *rows)
{
    bool nothing = true;
    for (int j = 0; j < p->k; j++) {
        const int R = p->grads[j].factors;
        const float *grad = p->grads[j].grad, *x = grad + row;
        bool zero = R > 0;
        for (int q = 0; q < R; q++) zero &= x[(size_t)q * (size_t)p->height] == 0;
        rows[j] = (struct row){R ? x : NULL, R ? grad + (size_t)p->height * (size_t)R : NULL, R, p->height, zero};
        nothing &= zero;
    }
    return nothing;
}

int KERNEL(decay_row)(float *g, int width, int n, float a)
{
    enum { WIDE = 2 * BLOCK }; /* products that do not wait for each other */
    float any = 0;
    int i = 0;
    for (; i + WIDE <= width; i += WIDE) {
        float ms[WIDE];
        for (int l = 0; l < WIDE; l++) ms[l] = g[i + l];
        for (int q = 0; q < n; q++)
            for (int l = 0; l < WIDE; l++) ms[l] *= a;
        for (int l = 0; l < WIDE; l++) g[i + l] = ms[l];
    }
    for (; i < width; i++)
        for (int q = 0; q < n; q++) g[i] *= a;
    for (i = 0; i < width; i++) any = g[i] > any ? g[i] : any;
    return any == 0;
}

/* k more decays of a row of g; many are paid at once, or a checkpoint would have to pay a million. */
static void owe(struct wide *w, size_t row, int k, float *g, int width, float a)
{
    w->owed[row] += k;
    if (w->owed[row] < WIDE_OWED) return;
    w->empty[row] = KERNEL(decay_row)(g, width, w->owed[row], a) != 0;
    w->owed[row] = 0;
}

/* The first place from i on, a row's beginning, whose row has something, with that row's `rows`; those before it are
 * copied at most, and their decays are owed. */
static size_t find_row(const struct wide_pass *p, size_t i, struct row *rows)
{
    struct wide *w = p->state;
    for (; i < p->n; i += (size_t)p->width) {
        const size_t row = (p->at + i) / (size_t)p->width;
        if (!look_at_row(p, row, rows) || !w) break;
        if (!w->empty[row]) owe(w, row, p->k, p->g + i, p->width, p->a);
        if (p->in != p->out && w->changed[row] > w->known)
            memcpy(p->out + i, p->in + i, (size_t)p->width * sizeof(float));
    }
    return i;
}

/* The row from place i to `end`, whose successor is at `next`. */
static void apply_row(const struct wide_pass *p, const struct row *rows, size_t i, size_t end, size_t next)
{
    const size_t row = (p->at + i) / (size_t)p->width, ahead = next < p->n ? next - i : 0;
    int col = (int)((p->at + i) % (size_t)p->width);
    int owed = 0;
    if (p->state) {
        owed = p->state->owed[row];
        p->state->owed[row] = 0;
        p->state->empty[row] = 0;
        p->state->changed[row] = p->state->now;
    }
    for (; i + BLOCK <= end; i += BLOCK, col += BLOCK) wide_block(p, rows, i, col, ahead, owed, BLOCK);
    for (; i < end; i += TAIL, col += TAIL) wide_block(p, rows, i, col, ahead, owed, TAIL);
}

void KERNEL(apply_rmsprop_wide) APPLY_RMSPROP_WIDE_ARGS
{
    const struct wide_pass p = {in, out, g, at, n, height, width, grads, k, a, b, eps, state};
    struct row rows[2][OPTIM_PART_MOST];
    int this = 0;
    size_t i = find_row(&p, 0, rows[0]);
    while (i < n) {
        const size_t left = (size_t)width - (at + i) % (size_t)width, end = n - i < left ? n : i + left;
        const size_t next = find_row(&p, end, rows[!this]);
        apply_row(&p, rows[this], i, end, next);
        this = !this;
        i = next;
    }
}

INLINE void momentum_step(const float *th, const float *m, float *th_out, float *m_out, const struct optim_grad *gr,
                          size_t at, float a, float b, int size)
{
    const float *grad = gr->grad + at;
    const float scale = gr->scale, lr = gr->lr;
    fetch_ahead(grad, size);
    for (int l = 0; l < size; l++) {
        const float mo = a * m[l] + b * (scale * grad[l]);
        m_out[l] = mo;
        th_out[l] = th[l] - lr * mo;
    }
}

INLINE void momentum_block(const float *in, float *out, float *m, const struct optim_grad *grads, int k, size_t at,
                           float a, float b, int size)
{
    float th[BLOCK], mo[BLOCK];
    fetch_ahead(in + at, size);
    fetch_ahead(m + at, size);
    momentum_step(in + at, m + at, th, mo, grads, at, a, b, size);
    for (int j = 1; j < k; j++) momentum_step(th, mo, th, mo, grads + j, at, a, b, size);
    move(out + at, th, size);
    move(m + at, mo, size);
}

void KERNEL(apply_momentum) APPLY_MOMENTUM_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) momentum_block(in, out, m, grads, k, i, a, b, BLOCK);
    for (; i < n; i += TAIL) momentum_block(in, out, m, grads, k, i, a, b, TAIL);
}

INLINE void sgd_step(const float *th, float *th_out, const struct optim_grad *gr, size_t at, int size)
{
    const float *grad = gr->grad + at;
    const float scale = gr->scale, lr = gr->lr;
    fetch_ahead(grad, size);
    for (int l = 0; l < size; l++) th_out[l] = th[l] - lr * (scale * grad[l]);
}

INLINE void sgd_block(const float *in, float *out, const struct optim_grad *grads, int k, size_t at, int size)
{
    float th[BLOCK];
    fetch_ahead(in + at, size);
    sgd_step(in + at, th, grads, at, size);
    for (int j = 1; j < k; j++) sgd_step(th, th, grads + j, at, size);
    move(out + at, th, size);
}

void KERNEL(apply_sgd) APPLY_SGD_ARGS
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) sgd_block(in, out, grads, k, i, BLOCK);
    for (; i < n; i += TAIL) sgd_block(in, out, grads, k, i, TAIL);
}
