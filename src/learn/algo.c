/* algo.c -- the table of algorithms. */
#include "learn/algo.h"

#include <string.h>

static const struct algo_ops *const table[] = {
#define ALGO(id) &algo_##id,
#include "learn/algos.h"
#undef ALGO
};

enum { ALGOS = sizeof table / sizeof table[0] };

const struct algo_ops *algo_at(int index)
{
    return index >= 0 && index < ALGOS ? table[index] : NULL;
}

const struct algo_ops *algo_find(const char *name)
{
    for (int i = 0; i < ALGOS; i++)
        if (!strcmp(name, table[i]->name)) return table[i];
    return NULL;
}

int algo_outputs(const struct algo_ops *algo, const struct world *world)
{
    return algo->heads == NET_HEADS_Q ? world->spec.num_actions : world->policy.outputs;
}
