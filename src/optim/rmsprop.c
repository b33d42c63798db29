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

static bool cuts_no_row(const struct grad_wide *w, size_t at)
{
    const size_t end = w->offset + grad_wide_floats(w);
    return at <= w->offset || at >= end || (at - w->offset) % (size_t)w->out == 0;
}

/* The same where some gradients have factors: before, within and after the wide matrix. */
static void factors(const struct optim_part *p)
{
    static void(*const table[]) APPLY_RMSPROP_WIDE_ARGS = KERNEL_TABLE(apply_rmsprop_wide);
    const struct optim_config *c = p->config;
    const struct grad_wide *w = &c->wide;
    const size_t from = p->from, n = p->n, begin = w->offset, end = begin + grad_wide_floats(w), to = from + n;
    const size_t first = from < begin ? (begin < to ? begin : to) - from : 0;
    const size_t last = to > end ? to - (end > from ? end : from) : 0;
    assert(!p->wide || (cuts_no_row(w, from) && cuts_no_row(w, to)));
    struct optim_grad matrix[OPTIM_PART_MOST], rest[OPTIM_PART_MOST];
    for (int j = 0; j < p->k; j++) {
        matrix[j] = rest[j] = p->grads[j];
        matrix[j].grad += (ptrdiff_t)begin - (ptrdiff_t)from;
        rest[j].grad += n - last;
    }
    if (first) whole(p, 0, first, p->grads);
    if (n > first + last)
        table[cpu_isa()](p->in + first, p->out + first, p->state[0] + first, from + first - begin, n - first - last,
                         w->in, w->out, matrix, p->k, (float)c->decay, (float)(1 - c->decay), (float)c->eps, p->wide);
    if (last) whole(p, n - last, last, rest);
}

static void apply(const struct optim_part *p)
{
    if (optim_any_factors(p->grads, p->k))
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
