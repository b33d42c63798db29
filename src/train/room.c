/* room.c -- see room.h. */
#include "train/room.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job/launch.h"
#include "setup/need.h"
#include "share/check.h"

struct share_config room_share(const struct setup *setup, size_t state_bytes)
{
    static const enum share_combine combines[] = {
        [COMBINE_NONE] = SHARE_COMBINE_NONE, [COMBINE_SUM] = SHARE_COMBINE_SUM};
    static const enum share_wire wires[] = {[WIRE_FLOAT32] = SHARE_WIRE_FLOAT32,
                                            [WIRE_BF16] = SHARE_WIRE_BF16,
                                            [WIRE_SIGNIFICANT] = SHARE_WIRE_SIGNIFICANT};
    const struct options *o = setup->options;
    return (struct share_config){.params = setup->facts->params,
                                 .wide = setup->facts->wide,
                                 .moments = setup->facts->moments,
                                 .target = setup_target(setup),
                                 .snapshot = true,
                                 .state_bytes = state_bytes,
                                 .episodes = 1024,
                                 .hogwild = o->consistency == CONSISTENCY_HOGWILD,
                                 .patience = o->patience,
                                 .direct = o->relay == RELAY_OFF,
                                 .combine = combines[o->combine],
                                 .combine_most = (int)o->combine_most,
                                 .combine_age = o->combine_age,
                                 .wire = wires[o->wire]};
}

static int check(const struct setup *setup, const struct plan *plan, int actors, int here, bool master, bool begun)
{
    const struct share_config share = room_share(setup, plan->state_bytes);
    const struct need need = {.actors = actors,
                              .here = here,
                              .master = master,
                              .begun = begun,
                              .window = share_bytes(&share, actors, here, master),
                              .instance = plan->instance_bytes,
                              .beside = plan->beside_bytes,
                              .state = (double)plan->state_bytes};
    return need_check(setup, &need);
}

int room_check(const struct setup *setup, const struct plan *plan)
{
    const struct options *o = &plan->set.values;
    const char *word = getenv("SLURM_JOB_NUM_NODES");
    const int actors = launch_actors_of(plan->ranks, o->actors, o->master_threads, o->deterministic),
              nodes = word ? atoi(word) : 1;
    return check(setup, plan, actors, nodes > 1 ? (actors + nodes) / nodes - 1 : actors, true, false);
}

int room_check_ranks(const struct setup *setup, const struct plan *plan, int rank, int size, const char (*hosts)[HOST])
{
    int mine = 0, *first = rank ? NULL : memory_new((size_t)size, sizeof *first); /* ranks of its host; of others 0 */
    for (int r = 0; rank == 0 && r < size; r++) {
        int at = 0;
        while (strcmp(hosts[at], hosts[r])) at++;
        first[at]++;
    }
    CHECK_MPI(MPI_Scatter(first, 1, MPI_INT, &mine, 1, MPI_INT, 0, MPI_COMM_WORLD));
    free(first);
    if (!mine) return check(setup, plan, size - 1, 1, false, true);
    return check(setup, plan, size - 1, mine - (rank == 0), rank == 0, true);
}
