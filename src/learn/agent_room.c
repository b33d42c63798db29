/* agent_room.c -- what memory an agent takes before it plays, and whether there is so much. */
#include "base/error.h"
#include "base/memory_left.h"
#include "learn/agent_private.h"
#include "learn/successors.h"

bool agent_ends_with_episode(const struct agent_config *config)
{
    return config->envs == 1 && (!config->algo->replay || config->t_max == 0);
}

int64_t agent_ring(const struct agent_config *config, const struct world *world, int T_max)
{
    return (int64_t)world->spec.stack + T_max + (agent_ends_with_episode(config) ? 1 : T_max);
}

int agent_longest(const struct agent_config *config, const struct world *world)
{
    return config->t_max ? config->t_max : world->spec.max_steps;
}

double agent_rollout_bytes(const struct agent_config *config, const struct world *world, const struct net *net)
{
    const double T = agent_longest(config, world), rows = T * config->envs, pointers = world_pointers(world);
    const double obs = (double)world_obs_floats(world) * (double)agent_ring(config, world, (int)T) * config->envs;
    const double next = successors_work_rows(config, (int)T, config->envs);
    const double act = (double)net_row_floats(net) * (rows + next);
    const double row =
        (double)(world->spec.stack + 1) * (double)world_obs_floats(world) + 2 * (double)net_row_floats(net);
    const double floats = obs + act + (config->algo->replay ? row * config->batch : 0) +
                          rows * (8 + world->policy.size + net_facts(net)->out_dim + net_facts(net)->state_dim) +
                          next * net_facts(net)->state_dim;
    return floats * sizeof(float) + (rows * (2 * pointers + 3) + next * pointers) * sizeof(float *) +
           rows * (sizeof(struct agent_episode) + 2);
}

int agent_check_memory(const struct agent_config *config, const struct world *world, const struct net *net, int T_max)
{
    const double bytes = agent_rollout_bytes(config, world, net);
    const struct memory_room node = memory_of_node(), own = memory_of_process(),
                             room = own.bytes < node.bytes ? own : node;
    if (bytes <= room.bytes) return 0;
    return error_set("too little memory: a rollout of %d steps in %d environments would need %.1f GiB, and there are "
                     "%.1f GiB %s; %s%s",
                     T_max, config->envs, bytes / 0x1p30, room.bytes / 0x1p30, room.of,
                     config->t_max ? "lower --t-max or --envs-per-actor"
                                   : "take --t-max 1 or more, as 0 is a whole episode",
                     config->algo->replay ? ", or lower --batch" : "");
}
