/* setup.h -- from options to an opened environment and a network that fits it: the same for the master, the actors,
 * eval and record. Local; knows nothing of MPI. */
#ifndef DUNLIN_SETUP_SETUP_H
#define DUNLIN_SETUP_SETUP_H

#include <stdint.h>

#include "base/options.h"
#include "learn/agent.h"
#include "learn/world.h"
#include "nn/model.h"
#include "nn/net.h"
#include "optim/optim.h"

struct setup {
    const struct options *options; /* borrowed */
    const struct algo_ops *algo;
    struct world world;
    struct net *net;
    const struct net_facts *facts;
    int actors; /* of the run, where it is known: the caller's to set; 0 counts as 1 */
};

/* Is there a target network: where the algorithm has one and --target-every is not 0. */
static inline bool setup_target(const struct setup *setup)
{
    return setup->algo->has_target && setup->options->target_every > 0;
}

/* Tells the options which names --algo and --optimizer take; once, before any is read. */
void setup_names(void);

/* options_check(), and what asks the tables of algorithms and optimisers. 0, or -1 after error_set(). */
int setup_check(const struct option_set *set);

/* The library of --env lib:PATH.so, or the file of gym:FILE.py:FUNCTION, by its whole path, before anything of it is
 * called: so it is stored. 0, or -1 after error_set(). */
int setup_whole_env(struct option_set *set);

/* Of what lies in `where` with environment `stored`: whose code runs here says the command line alone, by `named`. 0;
 * -1 after error_set() where stored is a library and named is NULL. */
int setup_library_named(const char *where, const char *stored, const char *named);

/* setup_whole_env(), then completes options with the environment's defaults and checks what concerns several of them.
 * 0, or -1 after error_set(). */
int setup_complete(struct option_set *set);

/* Puts the network that suits the environment in the place of --net auto. */
void setup_choose_net(const struct world *world, struct options *options);

/* How these options open their environment; borrows their texts. */
struct env_args setup_env_args(const struct options *options, bool training);

/* Opens environment and network, which setup_choose_net() names; training false opens the environment as evaluation
 * sees it. 0, or -1 after error_set(). Owner: setup_close(). */
int setup_open(struct setup *setup, struct options *options, bool training);
/* Opens the same environment once more, as evaluation sees it, with the setup's policy; *world must stay where it is.
 * 0, or -1 after error_set(). */
int setup_open_evaluation(const struct setup *setup, struct world *world);
void setup_close(struct setup *setup);

/* What its weights are weights of, and how a network of that model is asked for, with the options it was made by. The
 * model borrows the environment's arrays. */
struct model setup_model(const struct setup *setup);
struct net_config setup_net_config(const struct options *options, const struct model *model);

/* What agent_new() and optim_new() are told. */
struct agent_config setup_agent_config(const struct setup *setup, int rank);
struct optim_config setup_optim_config(const struct setup *setup);

#endif
