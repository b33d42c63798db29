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

int need_env(const struct setup *setup, struct need_env *env)
{
    enum { STEPS = 20 };
    struct agent_config config = setup_agent_config(setup, 1);
    *env = (struct need_env){0};
    if (agent_check(&config, &setup->world, setup->net)) return -1;
    const int envs = config.envs;
    const int64_t each = config.memory / envs;
    config.envs = 1;
    config.memory = each;
    config.replay_start = config.replay_start < each ? config.replay_start : each;
    config.t_max = config.t_max > STEPS ? STEPS : config.t_max ? config.t_max : 1;
    struct agent *agent = agent_new(&config, &setup->world, setup->net), *other = NULL;
    if (!agent) return -1;
    env->state = agent_state_size(agent) * (size_t)envs;
    if (!setup->world.ops->plain_state) { /* one of several: what all share is there already */
        const double before = memory_taken(false);
        env->beside = memory_taken(true);
        other = agent_new(&config, &setup->world, setup->net);
        env->instance = fmax(0, memory_taken(false) - before - agent_rollout_bytes(&config, &setup->world, setup->net));
    }
    agent_free(&other);
    agent_free(&agent);
    return 0;
}

/* Bytes of what a run keeps beside its actors: weights, those of the target, their average, the optimiser's state. */
static double kept_bytes(const struct setup *s, int actors)
{
    const struct optim_row *row = optim_row(optim_kind_of(s->options->optimizer));
    const double sets = row->per_actor ? actors : 1;
    return (1 + setup_target(s) + (s->options->ema > 0) + sets * optim_blocks(row)) * (double)s->facts->params *
           sizeof(float);
}

double need_checkpoint(const struct setup *s, int actors, size_t state)
{
    return kept_bytes(s, actors) + (double)actors * (double)state;
}

double need_checkpoints(const struct setup *s, int actors, size_t state)
{
    /* the first and the last, and a day of one every ten minutes; the best one and the one on its way */
    enum { BEGUN = 2, BY_CLOCK = 144, BESIDE = 2 };
    const struct options *o = s->options;
    const double written = (double)o->frames / (double)o->checkpoint_every + BEGUN + BY_CLOCK;
    return (fmin((double)o->checkpoint_keep, written) + BESIDE) * need_checkpoint(s, actors, state);
}

/* Of `actors` actors, and of rank 0 where it is among them. */
static struct need_sum sum(const struct setup *s, const struct need *n, int actors, bool master)
{
    double part[PARTS];
    const struct options *o = s->options;
    const struct agent_config config = setup_agent_config(s, 1);
    const double theta = (double)s->facts->params * sizeof(float), target = setup_target(s),
                 kept = kept_bytes(s, n->actors), E = (double)o->envs_per_actor, state = (double)n->env.state;
    part[ROLLOUTS] = actors * agent_rollout_bytes(&config, &s->world, s->net);
    part[REPLAY] = s->algo->replay ? agent_replay_bytes(&config, &s->world) * actors / n->actors : 0;
    part[INSTANCES] = actors * (E * n->env.instance + n->env.beside);
    /* actors: their own copy, and the target's; rank 0: those it trains, and of a checkpoint on its way all once more,
     * in HDF5's memory and as the file it will be */
    part[WEIGHTS] =
        actors * ((1 + target) * theta + n->staging) + (master ? 3 * kept : 0) + n->window + (actors ? n->relay : 0);
    part[STATES] = actors * state + (master ? 3 * n->actors * state : 0);
    part[RANKS] = n->begun ? 0 : (actors + master) * RANK;
    int most = 0;
    struct need_sum all = {0};
    for (int i = 0; i < PARTS; i++) {
        all.bytes += part[i];
        if (part[i] > part[most]) most = i;
    }
    all.most = part[most];
    all.what = parts[most].what;
    all.lower = most == ROLLOUTS && !o->t_max ? "--actors, or take --t-max 1 or more" : parts[most].lower;
    return all;
}

struct need_sum need_of_node(const struct setup *setup, const struct need *n)
{
    return sum(setup, n, n->here, n->master);
}

static void text(double bytes, char to[32])
{
    if (bytes >= 0x1p30)
        snprintf(to, 32, "%.1f GiB", bytes / 0x1p30);
    else
        snprintf(to, 32, "%.0f MiB", bytes / 0x1p20);
}

/* 0 where there is room. */
static int refuse(const char *who, struct need_sum need, struct memory_room room)
{
    char all[32], most[32], there[32];
    if (need.bytes <= room.bytes) return 0;
    text(need.bytes, all);
    text(need.most, most);
    text(room.bytes, there);
    return error_set("too little memory: %s would need %s, %s of it for %s, and there are %s %s; lower %s", who, all,
                     most, need.what, there, room.of, need.lower);
}

int need_check_processes(const struct setup *setup, const struct need *n)
{
    const struct memory_room process = memory_of_process();
    if (refuse("an actor", sum(setup, n, 1, false), process)) return -1;
    return n->master ? refuse("rank 0", sum(setup, n, 0, true), process) : 0;
}

int need_check(const struct setup *setup, const struct need *n)
{
    char who[128], host[65] = "";
    gethostname(host, sizeof host - 1);
    snprintf(who, sizeof who, "%s%d actor%s on %s", n->master ? "rank 0 and " : "", n->here, n->here == 1 ? "" : "s",
             host);
    if (refuse(who, need_of_node(setup, n), memory_of_node())) return -1;
    return need_check_processes(setup, n);
}
