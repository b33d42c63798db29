/* room.c -- see room.h. */
#include "train/room.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "job/launch.h"
#include "setup/need.h"
#include "share/check.h"

struct share_config room_share(const struct setup *setup, size_t state_bytes)
{
    const struct net_facts *f = setup->facts;
    return share_config_of(setup->options, f->params, &f->wide, &f->moments, setup_target(setup),
                           algo_explores(setup->algo), state_bytes);
}

/* nodes: of the run; 0: another rank looks at what this node's relay takes. */
static int check(const struct setup *setup, const struct plan *plan, struct need need, int nodes)
{
    const struct share_config config = room_share(setup, plan->env.state);
    const struct share_room share = share_room(&config, need.actors, need.here, nodes, need.master);
    need.window = share.window;
    if (nodes) {
        need.relay = share.relay;
        need.staging = share.actor;
    }
    need.env = plan->env;
    return need_check(setup, &need);
}

int room_check(const struct setup *setup, const struct plan *plan)
{
    const struct options *o = &plan->set.values;
    const int told = number_of("SLURM_JOB_NUM_NODES");
    const int actors = launch_actors_of(plan->ranks, o->actors, o->master_threads, o->deterministic),
              nodes = told > 1 ? told : 1, here = (actors + nodes) / nodes - 1;
    return check(setup, plan, (struct need){.actors = actors, .here = here, .master = true}, nodes);
}

int room_check_ranks(const struct setup *setup, const struct plan *plan, int rank, int size, const char (*hosts)[HOST])
{
    int mine[2] = {0}, *first = rank ? NULL : memory_new((size_t)size, sizeof mine), nodes = 0;
    for (int r = 0; rank == 0 && r < size; r++) { /* ranks of its host; of those that are not its first 0 */
        int at = 0;
        while (strcmp(hosts[at], hosts[r])) at++;
        nodes += at == r;
        first[2 * at]++;
    }
    for (int r = 0; rank == 0 && r < size; r++) first[2 * r + 1] = nodes;
    CHECK_MPI(MPI_Scatter(first, 2, MPI_INT, mine, 2, MPI_INT, 0, MPI_COMM_WORLD));
    free(first);
    const int here = mine[0] ? mine[0] - (rank == 0) : 1;
    const struct need need = {.actors = size - 1, .here = here, .master = rank == 0, .begun = true};
    return check(setup, plan, need, mine[0] ? mine[1] : 0);
}
