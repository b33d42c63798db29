/* room.c -- what a run shares by its options, and the memory that this takes on a node. */
#include "base/options.h"
#include "share/map.h"
#include "share/messages.h"

/* Eight let rank 0 sleep through three pushes and an actor go on while it is woken: with two actors and a push every
 * 10 us a gradient's lag is 3 then, not 1. */
enum { MAILBOXES = 8, SMALL = 32768 }; /* floats of a network whose update may take less than rank 0's waking up */

struct share_config share_config_of(const struct options *o, size_t params, const struct grad_wides *wide,
                                    const struct moments *moments, bool target, bool estimates, size_t state_bytes)
{
    static const enum share_combine combines[] = {
        [COMBINE_NONE] = SHARE_COMBINE_NONE, [COMBINE_SUM] = SHARE_COMBINE_SUM};
    static const enum share_wire wires[] = {[WIRE_FLOAT32] = SHARE_WIRE_FLOAT32,
                                            [WIRE_BF16] = SHARE_WIRE_BF16,
                                            [WIRE_SIGNIFICANT] = SHARE_WIRE_SIGNIFICANT};
    /* a later epoch waits for the gradient before it, a round for everybody's; fc.c goes on from the block before; and
     * Q methods, whose targets are their own estimates, lose by gradients that are later: one-step Sarsa on acrobot
     * learned with one mailbox and not with eight */
    const bool several = params <= SMALL && !grad_wide_count(wide) && !estimates && o->epochs == 1 && !o->deterministic;
    return (struct share_config){.params = params,
                                 .wide = *wide,
                                 .moments = *moments,
                                 .target = target,
                                 .snapshot = true,
                                 .state_bytes = state_bytes,
                                 .episodes = 1024,
                                 .hogwild = o->consistency == CONSISTENCY_HOGWILD,
                                 .patience = o->patience,
                                 .direct = o->relay == RELAY_OFF,
                                 .combine = combines[o->combine],
                                 .combine_most = (int)o->combine_most,
                                 .combine_age = o->combine_age,
                                 .wire = wires[o->wire],
                                 .mailboxes = several ? MAILBOXES : 1};
}

struct share_room share_room(const struct share_config *c, int actors, int here, int nodes, bool master)
{
    const size_t all = (size_t)(master ? actors : here);
    struct share_config one = *c;
    one.mailboxes = 1;
    if (nodes > 1) c = &one;
    const int copies = !master ? 0 : nodes > 1 ? map_copies(nodes) : here < actors ? MAP_COPIED : 0;
    if (!master && c->direct) return (struct share_room){.actor = (double)c->params * sizeof(float)};
    const struct map whole = map_draw(c, all, here, copies), least = map_draw(c, all, 0, copies ? copies : MAP_COPIED);
    return (struct share_room){.window = (double)whole.bytes,
                               .least = (double)least.bytes,
                               .relay = master ? 0 : (double)messages_bytes(c, &whole, here)};
}
