/* policy.c -- the table of distributions over actions. */
#include "learn/policy.h"

#include <stddef.h>
#include <string.h>

static const struct policy_ops *const table[] = {
#define POLICY(id) &policy_##id,
#include "learn/policies.h"
#undef POLICY
    NULL};

struct policy policy_among(const struct policy_ops *const *rows, const struct env_spec *spec)
{
    struct policy p = {.size = spec->num_actions ? 1 : spec->num_components + spec->action_dim,
                       .low = spec->action_low,
                       .high = spec->action_high,
                       .choices = spec->num_components ? spec->component_actions : NULL};
    for (; *rows; rows++) {
        p.outputs = (*rows)->outputs(spec);
        if (!p.outputs) continue;
        p.ops = *rows;
        p.free = (*rows)->free ? (*rows)->free(spec) : 0;
        break;
    }
    return p;
}

struct policy policy_for(const struct env_spec *spec)
{
    return policy_among(table, spec);
}

struct policy policy_named(const char *name, const struct env_spec *spec)
{
    const struct policy_ops *one[] = {NULL, NULL};
    for (int i = 0; table[i]; i++)
        if (!strcmp(table[i]->name, name)) one[0] = table[i];
    return policy_among(one, spec);
}
