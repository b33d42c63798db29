/* change.c -- see change.h. */
#include "nn/change.h"

#include <assert.h>
#include <string.h>

#include "nn/kernels.h"

static void (*const differs[])(const float *, const float *, int, int, int, uint8_t *) = KERNEL_TABLE(cells_differ);

/* Cells that patches cover: CH x CW of them, a patch J x J. */
struct cells {
    int J, CH, CW;
    size_t n;
};

static struct cells cells_of(const struct conv *l)
{
    const int J = l->kernel / l->stride, CH = l->rows + J - 1, CW = l->cols + J - 1;
    return (struct cells){J, CH, CW, (size_t)CH * CW};
}

size_t change_bytes(const struct conv *l)
{
    const size_t pixels = (size_t)l->rows * l->cols;
    return l->planes ? 2 * pixels + (size_t)(l->C - l->frame) * cells_of(l).n : pixels;
}

/* cell[r][c] = is any cell marked of the patch whose corner it is; beyond the last patch nothing that is asked for. In
 * place: what is read lies ahead of what is written. */
static void spread(const struct cells *k, uint8_t *cell)
{
    for (int j = 1; j < k->J; j++) /* once for each, as marks spread by one at a time */
        for (size_t i = 0; i + 1 < k->n; i++) cell[i] |= cell[i + 1];
    for (int j = 1; j < k->J; j++)
        for (size_t i = 0; i + (size_t)k->CW < k->n; i++) cell[i] |= cell[i + (size_t)k->CW];
}

/* The cells that are corners of pixels' patches. */
static void pick(const struct conv *l, const uint8_t *cell, uint8_t *pixel)
{
    const int CW = cells_of(l).CW;
    for (int r = 0; r < l->rows; r++) memcpy(pixel + (size_t)r * l->cols, cell + (size_t)r * CW, l->cols);
}

static void mark_too(size_t n, const uint8_t *more, uint8_t *cell)
{
    for (size_t i = 0; i < n; i++) cell[i] |= more[i];
}

/* Does row's stack hold that of `before`, one frame on. */
static bool shifted(const struct conv *l, const struct conv_pass *p, int row, int before)
{
    const float *const *x = p->pass.frames + (size_t)row * l->C, *const *y = p->pass.frames + (size_t)before * l->C;
    for (int k = 0; k + l->frame < l->C; k++)
        if (x[k] != y[k + l->frame]) return false;
    return true;
}

/* cell = does any plane of a frame differ from the same of another. each (frame, cells): which. */
static void compare(const struct conv *l, const struct cells *k, const float *const *a, const float *const *b,
                    uint8_t *each, uint8_t *cell)
{
    for (int c = 0; c < l->frame; c++, each += k->n) {
        differs[cpu_isa()](a[c], b[c], l->width, k->CH, k->CW, each);
        mark_too(k->n, each, cell);
    }
}

/* The steps within row's stack, and in p->cells where there is any. `before`: its stack is one frame behind, or -1. */
static void mark_steps(const struct conv *l, const struct conv_pass *p, const struct cells *k, int row, int before)
{
    const size_t pixels = (size_t)l->rows * l->cols, frame = (size_t)l->frame * k->n;
    const float *const *x = p->pass.frames + (size_t)row * l->C;
    uint8_t *step = change_marks(p, row) + 2 * pixels;
    const uint8_t *was = before >= 0 ? change_marks(p, before) + 2 * pixels + frame : NULL;
    memset(p->cells, 0, k->n);
    for (int c = l->frame; c < l->C; c += l->frame, step += frame) {
        if (!was || c + l->frame == l->C) {
            compare(l, k, x + c - l->frame, x + c, step, p->cells);
            continue;
        }
        memcpy(step, was, frame);
        for (int i = 0; i < l->frame; i++, was += k->n) mark_too(k->n, was, p->cells);
    }
}

/* One comparison of frames where the stack has moved on by one; else one for each two neighbours. */
static bool mark_planes(const struct conv *l, const struct conv_pass *p, int row, int before)
{
    const struct cells k = cells_of(l);
    const size_t pixels = (size_t)l->rows * l->cols;
    const bool known = before >= 0 && shifted(l, p, row, before), stack = l->C > l->frame;
    uint8_t *marks = change_marks(p, row), *still = marks + pixels;
    assert(l->stride == 4);
    mark_steps(l, p, &k, row, known ? before : -1);
    spread(&k, p->cells);
    pick(l, p->cells, still);
    for (size_t i = 0; i < pixels; i++) still[i] = stack && !still[i];
    if (!known) {
        memset(marks, 1, pixels);
        return false;
    }
    uint8_t *left = p->cells + k.n; /* the frame that was the oldest, against the next */
    memset(left, 0, k.n);
    if (stack)
        for (int c = 0; c < l->frame; c++) mark_too(k.n, change_marks(p, before) + 2 * pixels + (size_t)c * k.n, left);
    else
        compare(l, &k, p->pass.frames + (size_t)before * l->C, p->pass.frames + (size_t)row * l->C, p->cells + 2 * k.n,
                left);
    spread(&k, left);
    mark_too(k.n, left, p->cells);
    pick(l, p->cells, marks);
    return true;
}

static bool mark_map(const struct conv *l, const struct conv_pass *p, int row, int before)
{
    const struct cells k = cells_of(l);
    const int s = l->stride;
    uint8_t *fresh = change_marks(p, row);
    if (before < 0) {
        memset(fresh, 1, (size_t)l->rows * l->cols);
        return false;
    }
    const uint8_t *below = p->pass.below->fresh + (size_t)row * p->pass.below->fresh_row;
    for (int r = 0; r < k.CH; r++)
        for (int c = 0; c < k.CW; c++) {
            uint8_t any = 0;
            for (int y = 0; y < s; y++)
                for (int x = 0; x < s; x++) any |= below[(r * s + y) * l->width + c * s + x];
            p->cells[(size_t)r * k.CW + c] = any;
        }
    spread(&k, p->cells);
    pick(l, p->cells, fresh);
    return true;
}

bool change_mark(const struct conv *l, const struct conv_pass *p, int row, int before)
{
    return l->planes ? mark_planes(l, p, row, before) : mark_map(l, p, row, before);
}

int change_list(const uint8_t *fresh, const uint8_t *still, bool of_still, int pixels, int *list)
{
    enum { WORD = 8 };
    int n = 0;
    if (!still && of_still) return 0;
    for (int at = 0; at < pixels; at += WORD) {
        const int end = at + WORD < pixels ? at + WORD : pixels;
        uint64_t any = 1; /* of eight pixels commonly none is fresh */
        if (fresh && end - at == WORD) memcpy(&any, fresh + at, sizeof any);
        for (int i = at; any && i < end; i++) {
            list[n] = i;
            n += (!fresh || fresh[i]) && (!still || still[i] == of_still);
        }
    }
    return n;
}
