/* centred_rmsprop.c -- RMSProp by the variance instead of the mean square (Graves 2013, arXiv:1308.0850, section 4.1,
 * and Mnih et al. 2015): g <- a g + (1-a) d^2, m <- a m + (1-a) d, theta <- theta - lr d / sqrt(g - m^2 + eps). One g
 * and one m for all actors. eps is inside the root, as RMSProp's here. g - m^2 is no less than 0 but for rounding, and
 * where it is, it counts as 0. */
#include "optim/row.h"

static double start(const struct optim_config *config)
{
    return config->start;
}

static void apply(const struct optim_part *p)
{
    static void(*const table[]) APPLY_CENTRED_ARGS = KERNEL_TABLE(apply_centred);
    const struct optim_config *c = p->config;
    table[cpu_isa()](p->in, p->out, p->state[0], p->state[1], p->n, p->grads, p->k, (float)c->decay,
                     (float)(1 - c->decay), (float)c->eps);
}

const struct optim_row optim_centred_rmsprop = {
    .name = "centred-rmsprop",
    .help = "RMSProp by the variance, with one mean and one mean square for all actors",
    .blocks = {"g", "m"},
    .start = start,
    .apply = apply,
};
