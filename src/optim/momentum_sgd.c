/* momentum_sgd.c -- m <- a m + (1-a) d, theta <- theta - lr m, one m per actor (Mnih et al. 2016, supplement). */
#include "optim/row.h"

static void apply(const struct optim_part *p)
{
    static void(*const table[]) APPLY_MOMENTUM_ARGS = KERNEL_TABLE(apply_momentum);
    const double a = p->config->momentum;
    table[cpu_isa()](p->in, p->out, p->state[0], p->n, p->grads, p->k, (float)a, (float)(1 - a));
}

const struct optim_row optim_momentum_sgd = {
    .name = "momentum-sgd",
    .help = "gradient descent with a momentum per actor",
    .blocks = {"m"},
    .per_actor = true,
    .apply = apply,
};
