/* arg.h -- for environments of one variant only: nothing may follow a colon. */
#ifndef DUNLIN_ENV_ARG_H
#define DUNLIN_ENV_ARG_H

#include <stdio.h>

#include "dunlin/env.h"

/* 0, or -1 with a line in err where args->arg is not "". */
static inline int arg_refuse(const struct env_args *args, char *err, size_t err_size)
{
    if (!args->arg || args->arg[0] == '\0') return 0;
    snprintf(err, err_size, "it has no variants, found \":%s\"; leave out the colon and what follows", args->arg);
    return -1;
}

#endif
