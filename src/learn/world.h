/* world.h -- environments as the agent sees them: found by name, opened once a process, instances in vectors,
 * pictures stacked. */
#ifndef DUNLIN_LEARN_WORLD_H
#define DUNLIN_LEARN_WORLD_H

#include "dunlin/env.h"
#include "learn/policy.h"
#include "nn/net.h"

/* The environments of env/list.h, in its order; NULL behind the last. */
const struct env_ops *world_env(int index);

/* Splits NAME or NAME:ARG and finds the environment; *arg points behind the colon or to "". NULL after error_set(),
 * whose line lists the known names. lib:PATH.so and lib:PATH.so:ARG load the library PATH.so, and nothing outside a
 * path the user typed; it stays loaded until the process ends. */
const struct env_ops *world_find(const char *name, const char **arg);

struct world {
    const struct env_ops *ops;
    struct env_args args;
    struct env_spec spec;
    struct policy policy; /* over its actions: whoever plays draws from it, and learning differentiates it */
    char arg[256];
};

/* Opens the environment `name` in this process and checks the sizes it answers. args->arg is not read: it comes from
 * the name. *world must stay where it is (its args point into it); nothing needs closing. 0, or -1 with error_set(). */
int world_open(struct world *world, const char *name, const struct env_args *args);

/* The network's input: planes times stack, or floats. */
struct net_input world_input(const struct world *world);

/* Bytes of one observation as the environment writes it. */
size_t world_obs_bytes(const struct world *world);

#endif
