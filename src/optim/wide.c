/* wide.c -- see wide.h. */
#include "optim/wide.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "optim/kernel_apply.h"

struct wide *wide_new(const struct grad_wide *at)
{
    struct wide *w = memory_new(1, sizeof *w);
    w->at = *at;
    w->owed = memory_new((size_t)at->in, sizeof *w->owed);
    w->empty = memory_new((size_t)at->in, 1);
    w->changed = memory_new((size_t)at->in, sizeof *w->changed);
    w->holds = memory_new(OPTIM_BUFFERS, sizeof *w->holds);
    for (int i = 0; i < at->in; i++) w->changed[i] = 1;
    w->now = 1;
    w->from = w->to = -1;
    return w;
}

void wide_free(struct wide **wide)
{
    struct wide *w = *wide;
    *wide = NULL;
    if (!w) return;
    free(w->owed);
    free(w->empty);
    free(w->changed);
    free(w->holds);
    free(w);
}

void wide_begin(struct wide *w)
{
    const uint64_t in = w->from < 0 ? 0 : w->holds[w->from];
    w->known = w->to < 0 ? 0 : w->holds[w->to];
    if (in < w->now) /* theta goes back to what it was: what has changed since changes again */
        for (int i = 0; i < w->at.in; i++)
            if (w->changed[i] > in) w->changed[i] = w->now + 1;
    w->now++;
}

void wide_end(struct wide *w)
{
    if (w->to >= 0) w->holds[w->to] = w->now;
    w->from = w->to;
}

void wide_settle(struct wide *w, float *g, float decay)
{
    static int (*const decay_rows[])(float *, int, int, float) = KERNEL_TABLE(decay_row);
    for (int i = 0; i < w->at.in; i++) {
        if (w->owed[i])
            decay_rows[cpu_isa()](g + w->at.offset + (size_t)i * (size_t)w->at.out, w->at.out, w->owed[i], decay);
        w->owed[i] = 0;
    }
}

void wide_move_all(struct wide *w, float *g, float decay)
{
    wide_settle(w, g, decay);
    memset(w->empty, 0, (size_t)w->at.in);
    for (int i = 0; i < w->at.in; i++) w->changed[i] = w->now;
}
