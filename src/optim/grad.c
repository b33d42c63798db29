/* grad.c -- see grad.h. */
#include "optim/grad.h"

#include <assert.h>
#include <string.h>

size_t grad_wide_floats(const struct grad_wide *w)
{
    return (size_t)w->in * (size_t)w->out;
}

static size_t factor_floats(const struct grad_wide *w, int rows)
{
    return (size_t)rows * (size_t)(w->in + w->out);
}

struct grad_form grad_form_of(size_t params, const struct grad_wide *w, int rows)
{
    const bool pays = w->in && rows <= GRAD_FACTORS_MOST && factor_floats(w, rows) <= grad_wide_floats(w);
    return (struct grad_form){.params = params, .wide = *w, .factors = pays ? rows : 0};
}

int grad_pieces(const struct grad_form *f, struct grad_piece piece[GRAD_PIECES])
{
    piece[0] = (struct grad_piece){0, f->params};
    if (!f->factors) return 1;
    const size_t end = f->wide.offset + grad_wide_floats(&f->wide);
    assert(factor_floats(&f->wide, f->factors) <= grad_wide_floats(&f->wide) && end <= f->params);
    piece[0].floats = f->wide.offset + factor_floats(&f->wide, f->factors);
    piece[1] = (struct grad_piece){end, f->params - end};
    return 2;
}

size_t grad_floats(const struct grad_form *f)
{
    struct grad_piece piece[GRAD_PIECES];
    size_t sum = 0;
    for (int i = grad_pieces(f, piece) - 1; i >= 0; i--) sum += piece[i].floats;
    return sum;
}

void grad_copy(const struct grad_form *f, float *to, const float *from)
{
    struct grad_piece piece[GRAD_PIECES];
    const int n = grad_pieces(f, piece);
    for (int i = 0; i < n; i++) memcpy(to + piece[i].at, from + piece[i].at, piece[i].floats * sizeof *to);
}
