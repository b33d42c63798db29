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

int grad_wide_count(const struct grad_wides *wide)
{
    int n = 0;
    while (n < GRAD_WIDES && wide->at[n].in) n++;
    return n;
}

const struct grad_wide *grad_wide_around(const struct grad_wides *wide, size_t at)
{
    for (int i = 0; i < grad_wide_count(wide); i++) {
        const struct grad_wide *w = &wide->at[i];
        if (at > w->offset && at < w->offset + grad_wide_floats(w)) return w;
    }
    return NULL;
}

struct grad_form grad_form_of(size_t params, const struct grad_wides *wide, int rows)
{
    const int n = grad_wide_count(wide);
    bool pays = n && rows <= GRAD_FACTORS_MOST;
    for (int i = 0; i < n; i++) pays &= factor_floats(&wide->at[i], rows) <= grad_wide_floats(&wide->at[i]);
    return (struct grad_form){.params = params, .wide = *wide, .factors = pays ? rows : 0};
}

int grad_pieces(const struct grad_form *f, struct grad_piece piece[GRAD_PIECES])
{
    int n = 0;
    size_t at = 0;
    for (int i = 0; f->factors && i < grad_wide_count(&f->wide); i++) {
        const struct grad_wide *w = &f->wide.at[i];
        const size_t floats = factor_floats(w, f->factors), end = w->offset + grad_wide_floats(w);
        assert(floats <= grad_wide_floats(w) && w->offset >= at && end <= f->params);
        piece[n++] = (struct grad_piece){at, w->offset + floats - at};
        at = end;
    }
    if (at < f->params || !n) piece[n++] = (struct grad_piece){at, f->params - at};
    return n;
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
