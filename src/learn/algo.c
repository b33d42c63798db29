/* algo.c -- the table of algorithms. */
#include "learn/algo.h"

#include <string.h>

#include "base/error.h"

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
    const struct env_spec *s = &world->spec;
    const int outputs = algo->heads == NET_HEADS_Q ? s->num_actions : world->policy.outputs;
    if (outputs) return outputs;
    const char *have = s->num_components ? "several at once" : "continuous ones";
    error_set("algorithm %s needs single discrete actions; environment %s has %s: use a3c", algo->name,
              world->ops->name, have);
    return 0;
}
