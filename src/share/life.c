/* life.c -- who lives is not dead: where the process of rank 0, or of this node's relay, can be seen, it is looked at,
 * and its silence alone says nothing: it may be stopped. Over a network, and between containers, there is only silence,
 * and the patience that the caller has with it.
 *
 * Behind a relay rank 0 is heard through it. Where the relay hears nothing itself it is stopped with its process, or
 * waits in a call that its watch (watch.c) ends: only a silence of rank 0 that the relay has carried here counts. */
#include "share/life.h"

#include "base/memory.h"
#include "share/check.h"

void life_exchange(struct share *s, int rank, int size)
{
    const struct process_id self = process_self();
    enum { BYTES = sizeof self };
    s->ids = memory_new((size_t)size, BYTES);
    CHECK_MPI(MPI_Allgather(&self, BYTES, MPI_BYTE, s->ids, BYTES, MPI_BYTE, s->comm));
    for (int r = 0; r < size; r++) {
        const int nodes = s->config.nodes;
        const bool near = !nodes || !rank || r * nodes / size == rank * nodes / size;
        if (!near || !process_seen(&s->ids[r])) s->ids[r].pid = 0;
    }
}

void life_judge(struct share *s, int64_t now)
{
    const bool seen = s->ids[s->carrier].pid;
    const bool carried = s->relayed && s->board[BOARD_CARRIED] != s->carried;
    s->asked = now;
    s->carried = s->board[BOARD_CARRIED];
    if (seen && process_gone(&s->ids[s->carrier])) s->lost = true;
    if (!seen || carried) s->unheard += LOOK_NS;
    if ((double)s->unheard * 1e-9 >= s->config.patience) s->lost = true;
}

bool share_orphaned(const struct share *s)
{
    return s->relayed && process_gone(&s->ids[s->carrier]);
}

const struct process_id *share_process(const struct share *s, int rank)
{
    return &s->ids[rank];
}
