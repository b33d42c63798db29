/* sgd.c -- theta <- theta - lr d: for tests, which can foresee what it does. */
#include "optim/row.h"

static void apply(const struct optim_part *p)
{
    static void(*const table[]) APPLY_SGD_ARGS = KERNEL_TABLE(apply_sgd);
    table[cpu_isa()](p->in, p->out, p->n, p->grads, p->k);
}

const struct optim_row optim_sgd = {.name = "sgd", .apply = apply};
