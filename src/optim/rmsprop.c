/* rmsprop.c -- RMSProp of Mnih et al. 2016 (arXiv:1602.01783, section 4): g <- a g + (1-a) d^2, theta <- theta -
 * lr d / sqrt(g + eps). It starts with g = 0 and keeps eps inside the root, as the paper prints it; TensorFlow starts g
 * at 1, PyTorch keeps eps outside. From g = 0 the first gradients move theta up to 1 / sqrt(1 - a) times as far as
 * later ones of the same size, which an eps of 0.1 hides and a small one does not: a policy can saturate within its
 * first updates. A start above 0 is a warm-up of some 1 / (1 - a) updates. One g for all actors, or one per actor. */
#include <assert.h>

#include "optim/row.h"

static double start(const struct optim_config *config)
{
    return config->start;
}

static void whole(const struct optim_part *p, size_t at, size_t n, const struct optim_grad *grads)
{
    static void(*const table[]) APPLY_RMSPROP_ARGS = KERNEL_TABLE(apply_rmsprop);
    const struct optim_config *c = p->config;
    table[cpu_isa()](p->in + at, p->out + at, p->state[0] + at, n, grads, p->k, (float)c->decay, (float)(1 - c->decay),
                     (float)c->eps);
}

static bool cuts_no_row(const struct grad_wides *wide, size_t at)
{
    const struct grad_wide *w = grad_wide_around(wide, at);
    return !w || (at - w->offset) % (size_t)w->out == 0;
}

/* The gradients from place `by` of the part on, which may lie before it. */
static void move_to(const struct optim_part *p, ptrdiff_t by, struct optim_grad *grads)
{
    for (int j = 0; j < p->k; j++) {
        grads[j] = p->grads[j];
        grads[j].grad += by;
    }
}

/* What lies at places at .. to - 1 of the part, outside of wide matrices. */
static void between(const struct optim_part *p, size_t at, size_t to)
{
    struct optim_grad grads[OPTIM_PART_MOST];
    if (at >= to) return;
    move_to(p, (ptrdiff_t)at, grads);
    whole(p, at, to - at, grads);
}

/* The same within matrix i. */
static void within(const struct optim_part *p, int i, size_t at, size_t to)
{
    static void(*const table[]) APPLY_RMSPROP_WIDE_ARGS = KERNEL_TABLE(apply_rmsprop_wide);
    const struct optim_config *c = p->config;
    const struct grad_wide *w = &c->wide.at[i];
    struct optim_grad grads[OPTIM_PART_MOST];
    if (at >= to) return;
    move_to(p, (ptrdiff_t)w->offset - (ptrdiff_t)p->from, grads);
    table[cpu_isa()](p->in + at, p->out + at, p->state[0] + at, p->from + at - w->offset, to - at, w->in, w->out, grads,
                     p->k, (float)c->decay, (float)(1 - c->decay), (float)c->eps, p->wide ? p->wide[i] : NULL);
}

static size_t place_in(const struct optim_part *p, size_t offset)
{
    const size_t place = offset > p->from ? offset - p->from : 0;
    return place < p->n ? place : p->n;
}

/* The same where some gradients have factors: before, within and after each of the wide matrices. */
static void factors(const struct optim_part *p)
{
    const struct grad_wides *wide = &p->config->wide;
    size_t at = 0;
    assert(!p->wide || (cuts_no_row(wide, p->from) && cuts_no_row(wide, p->from + p->n)));
    for (int i = 0; i < grad_wide_count(wide); i++) {
        const struct grad_wide *w = &wide->at[i];
        const size_t begin = place_in(p, w->offset), end = place_in(p, w->offset + grad_wide_floats(w));
        between(p, at, begin);
        within(p, i, begin, end);
        at = end;
    }
    between(p, at, p->n);
}

static void apply(const struct optim_part *p)
{
    if (p->factors) /* rows that were left undone by others are to be made up for by gradients that are whole */
        factors(p);
    else
        whole(p, 0, p->n, p->grads);
}

const struct optim_row optim_shared_rmsprop = {
    .name = "shared-rmsprop",
    .help = "RMSProp with one mean square for all actors",
    .blocks = {"g"},
    .factors = true,
    .lazy = true,
    .start = start,
    .apply = apply,
};

const struct optim_row optim_rmsprop = {
    .name = "rmsprop",
    .help = "RMSProp with a mean square per actor",
    .blocks = {"g"},
    .per_actor = true,
    .factors = true,
    .start = start,
    .apply = apply,
};
