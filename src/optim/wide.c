/* wide.c -- see wide.h. */
#include "optim/wide.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "optim/kernel_apply.h"

enum { WRITTEN_MOST = 256 }; /* places that theta is written to; of more, the first is forgotten */

struct wide *wide_new(const struct grad_wide *at)
{
    struct wide *w = memory_new(1, sizeof *w);
    w->at = *at;
    w->owed = memory_new((size_t)at->in, sizeof *w->owed);
    w->empty = memory_new((size_t)at->in, 1);
    w->changed = memory_new((size_t)at->in, sizeof *w->changed);
    w->written = memory_new(WRITTEN_MOST, sizeof *w->written);
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
    free(w->written);
    free(w);
}

static struct wide_written *find(struct wide *w, const float *theta)
{
    for (int i = 0; i < w->count; i++)
        if (w->written[i].theta == theta) return &w->written[i];
    return NULL;
}

void wide_begin(struct wide *w, const float *theta_in, const float *theta_out)
{
    const struct wide_written *out = find(w, theta_out);
    w->now++;
    w->known = out ? out->when : 0;
    for (int i = 0; theta_in != w->last && i < w->at.in; i++) w->changed[i] = w->now; /* somebody else wrote it */
}

void wide_end(struct wide *w, const float *theta_out)
{
    struct wide_written *out = find(w, theta_out);
    if (!out) out = &w->written[w->count < WRITTEN_MOST ? w->count++ : 0];
    *out = (struct wide_written){theta_out, w->now};
    w->last = theta_out;
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
