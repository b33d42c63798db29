/* row.h -- private to src/optim: what an optimiser is made of. */
#ifndef DUNLIN_OPTIM_ROW_H
#define DUNLIN_OPTIM_ROW_H

#include <stdint.h>

#include "optim/kernel_apply.h"
#include "optim/optim.h"

/* The entries from .. from + n - 1 of theta through k gradients, whose `grad` begin at `from` too. */
struct optim_part {
    const struct optim_config *config;
    struct wide *const *wide; /* (wide matrices) what is left undone in each; or NULL */
    const float *in;
    float *out;
    float *state[OPTIM_BLOCKS]; /* the row's blocks, from `from` on */
    size_t from, n;
    const struct optim_grad *grads;
    int k;         /* 1 where state is per actor; at most OPTIM_PART_MOST */
    bool factors;  /* some gradient of the drain has factors, if not of these */
    int64_t steps; /* gradients that these blocks have seen before */
};

#endif
