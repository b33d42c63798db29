/* adam.c -- Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1), one m and one v for all actors:
 * m <- b1 m + (1-b1) d, v <- b2 v + (1-b2) d^2, theta <- theta - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).
 * t counts the gradients, from 1. eps is outside the root, unlike RMSProp's here. Gradients are whole: a row of zeros
 * still moves, by what is left of m. */
#include <math.h>

#include "optim/row.h"

static void apply(const struct optim_part *p)
{
    static void(*const table[]) APPLY_ADAM_ARGS = KERNEL_TABLE(apply_adam);
    const double b1 = p->config->beta1, b2 = p->config->beta2;
    const struct apply_adam c = {(float)b1, (float)(1 - b1), (float)b2, (float)(1 - b2), (float)p->config->adam_eps};
    float rate[OPTIM_PART_MOST], root[OPTIM_PART_MOST];
    for (int j = 0; j < p->k; j++) {
        const double t = (double)(p->steps + j + 1);
        rate[j] = (float)((double)p->grads[j].lr / (1 - pow(b1, t)));
        root[j] = (float)(1 / sqrt(1 - pow(b2, t)));
    }
    table[cpu_isa()](p->in, p->out, p->state[0], p->state[1], p->n, p->grads, p->k, rate, root, &c);
}

const struct optim_row optim_adam = {
    .name = "adam",
    .help = "Adam with one mean and one mean square for all actors",
    .blocks = {"m", "v"},
    .counts = true,
    .apply = apply,
};
