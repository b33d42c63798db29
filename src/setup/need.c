/* need.c -- see need.h. What is counted is taken for sure, so that nobody is refused who would have had room. */
#include "setup/need.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory_left.h"

static const double RANK = 8e6; /* bytes of a rank alone before it takes any of these, measured */

/* What takes memory, and the options by which it takes less. */
enum { ROLLOUTS, REPLAY, INSTANCES, WEIGHTS, STATES, RANKS, PARTS };
static const struct {
    const char *what, *lower;
} parts[PARTS] = {
    {"rollouts", "--t-max, --envs-per-actor or --actors"},
    {"the replay memory", "--memory"},
    {"environments", "--envs-per-actor or --actors"},
    {"weights, gradients and the optimizer's state", "--actors or the size of --net, or take another --optimizer"},
    {"saved states of actors", "--envs-per-actor or --actors"},
    {"the processes themselves", "--actors"}};

/* Of `actors` actors, and of rank 0 where it is among them, in bytes. */
static double sum(const struct setup *s, const struct need *n, int actors, bool master, double part[PARTS])
{
    const struct options *o = s->options;
    const struct agent_config config = setup_agent_config(s, 1);
    const struct optim_row *row = optim_row(optim_kind_of(o->optimizer));
    const double theta = (double)s->facts->params * sizeof(float), target = setup_target(s),
                 sets = row->per_actor ? n->actors : 1, kept = (1 + target + sets * optim_blocks(row)) * theta;
    const double E = (double)o->envs_per_actor;
    part[ROLLOUTS] = actors * agent_rollout_bytes(&config, &s->world, s->net);
    part[REPLAY] = s->algo->replay ? agent_replay_bytes(&config, &s->world) * actors / n->actors : 0;
    part[INSTANCES] = actors * (E * n->instance + n->beside);
    /* actors: their own copy, and the target's; rank 0: those it trains, and of a checkpoint on its way all once more,
     * in HDF5's memory and as the file it will be */
    part[WEIGHTS] = actors * (1 + target) * theta + (master ? 3 * kept : 0) + n->window;
    part[STATES] = actors * n->state + (master ? 3 * n->actors * n->state : 0);
    part[RANKS] = n->begun ? 0 : (actors + master) * RANK;
    double all = 0;
    for (int i = 0; i < PARTS; i++) all += part[i];
    return all;
}

static void text(double bytes, char to[32])
{
    if (bytes >= 0x1p30)
        snprintf(to, 32, "%.1f GiB", bytes / 0x1p30);
    else
        snprintf(to, 32, "%.0f MiB", bytes / 0x1p20);
}

static int refuse(const char *who, double bytes, const double part[PARTS], struct memory_room room)
{
    char need[32], most[32], there[32];
    int largest = 0;
    for (int i = 1; i < PARTS; i++)
        if (part[i] > part[largest]) largest = i;
    text(bytes, need);
    text(part[largest], most);
    text(room.bytes, there);
    return error_set("too little memory: %s would need %s, %s of it for %s, and there are %s %s; lower %s", who, need,
                     most, parts[largest].what, there, room.of, parts[largest].lower);
}

int need_check(const struct setup *setup, const struct need *n)
{
    double part[PARTS];
    char who[128], host[65] = "";
    const struct memory_room node = memory_of_node(), process = memory_of_process();
    gethostname(host, sizeof host - 1);
    snprintf(who, sizeof who, "%s%d actor%s on %s", n->master ? "rank 0 and " : "", n->here, n->here == 1 ? "" : "s",
             host);
    double bytes = sum(setup, n, n->here, n->master, part);
    if (bytes > node.bytes) return refuse(who, bytes, part, node);
    bytes = sum(setup, n, 1, false, part);
    if (bytes > process.bytes) return refuse("an actor", bytes, part, process);
    bytes = sum(setup, n, 0, true, part);
    return n->master && bytes > process.bytes ? refuse("rank 0", bytes, part, process) : 0;
}
