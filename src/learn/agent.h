/* agent.h -- an actor-learner without its cluster: plays its environments, keeps the rollout, makes the gradient.
 *
 * agent_play() goes on for up to t_max steps in each of E environments (one environment: also to the end of its
 * episode, as in the paper; several: ends fall inside the rollout). agent_gradient() then differentiates the sum of
 * losses over the rollout (mean over environments). An algorithm with replay plays the same steps, over ends too, keeps
 * them, and differentiates the loss of a minibatch. Knows nothing of MPI or HDF5; the actor loop puts fetch and push
 * around it.
 */
#ifndef DUNLIN_LEARN_AGENT_H
#define DUNLIN_LEARN_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "learn/algo.h"
#include "learn/instance.h"
#include "learn/world.h"
#include "nn/net.h"

enum { AGENT_ENVS_MOST = 1024 }; /* of an actor */

struct agent_config {
    const struct algo_ops *algo;
    int t_max; /* 0: one rollout is one episode (one environment, with a limit) */
    int envs;  /* E */
    double gamma, lambda, entropy, value_coef;
    bool norm_adv;   /* advantages are standardised over the rollout; a3c */
    double ppo_clip; /* of agent_gradient_again(); 0: none */
    double td_clip;  /* of Huber's loss, Q methods; 0: none */
    bool no_target;  /* s' is asked of the theta that played, whatever the algorithm has */
    double reward_scale;
    bool reward_norm;   /* over the running standard deviation of the discounted return, within 10; then clipped */
    bool reward_clip;   /* to [-1, 1], after scaling; learning only */
    int64_t eps_frames; /* epsilon goes from 1 to its final value over so many global frames */
    double eps_final[8], eps_prob[8]; /* each environment draws its final epsilon from these */
    int eps_count;
    bool factors; /* gradients may hold factors: net_backward_factors() */
    /* an algorithm with replay: */
    int64_t memory;       /* steps that the actors of the run keep, all together */
    int64_t replay_start; /* so many of them come before the first gradient */
    int batch;            /* steps of a gradient */
    int actors;           /* of the run; 0 counts as 1 */
    uint64_t seed;
    int rank; /* names the random streams */
};

static inline bool agent_config_target(const struct agent_config *c) /* is there a target network */
{
    return c->algo->has_target && !c->no_target;
}

struct agent_stats {                         /* of one rollout: sums over its steps, mean over its environments */
    int64_t steps, frames;                   /* of all environments together */
    double policy_loss, value_loss, entropy; /* policy loss without the entropy term; value loss without value_coef */
    double norm;                             /* of the gradient; NaN or Inf where an entry is no number */
    int factors;                             /* rank of the gradient's factors, or 0 */
    double epsilon;                          /* of the first environment, now */
    bool none;                               /* no gradient yet, dtheta was not written: a memory is being filled */
};

struct agent_episode {
    int64_t frames, steps;
    double ret; /* raw */
};

struct agent;

/* Do they go together, and does a rollout fit into memory: what agent_new() asks first. 0, or -1 after error_set(). */
int agent_check(const struct agent_config *config, const struct world *world, const struct net *net);
/* The world is opened by the caller (world_open); it and the network outlive the agent. NULL after error_set(). Owner:
 * agent_free(). */
struct agent *agent_new(const struct agent_config *config, const struct world *world, const struct net *net);
void agent_free(struct agent **agent);

/* Bytes that the longest rollout of an actor takes, which are taken before the first: observations, what the network
 * computes of them, and what the loss is made of. */
double agent_rollout_bytes(const struct agent_config *config, const struct world *world, const struct net *net);
/* Bytes that the memories of all actors of an algorithm with replay take together, once they are full. */
double agent_replay_bytes(const struct agent_config *config, const struct world *world);
/* Steps that each of them plays before its first gradient: its share of replay_start, or what a first draw needs. */
int64_t agent_replay_start(const struct agent_config *config, const struct world *world);

/* Frames that the actors of the run together play before that. */
int64_t agent_replay_fill(const struct agent_config *config, const struct world *world);

/* The final epsilon that environment e of such an agent has drawn, or will draw; 0 where there is none. */
double agent_eps_final(const struct agent_config *config, int e);
/* Its epsilon at global frame T; with replay it is 1 until the run's memories have been filled, and falls then. */
double agent_epsilon(const struct agent_config *config, const struct world *world, double eps_final, int64_t T);

/* Plays one rollout with theta; T is the global frame counter for epsilon. Returns 0, or -1 after error_set() where an
 * environment answered a reward or an observation that is no number: then the rollout is none (agent_gradient() must
 * not follow), that environment has begun a new episode, the others go on, and the agent may play on. */
int agent_play(struct agent *agent, const float *theta, int64_t T);
/* What the last agent_play() that failed met. */
enum instance_fault agent_fault(const struct agent *agent);
/* Steps of the last agent_play(), of all environments together, those of a failed one included. */
int64_t agent_steps(const struct agent *agent);

/* The gradient of the last rollout to dtheta (facts->params floats, overwritten), its numbers to *stats. theta is the
 * one it was played with; theta_target is read where agent_config_target(). dtheta is the same block in every call, to
 * which nobody else writes (share_begin() gives such a one), where facts->wide.in is not 0: zeros of the call before
 * are not written again. */
void agent_gradient(struct agent *agent, const float *theta, const float *theta_target, float *dtheta,
                    struct agent_stats *stats);

/* The gradient of the same rollout once more, at another theta (a later epoch): returns, advantages and the policy that
 * played are those of agent_gradient(), which came before. Of *stats the counts and losses are 0: they have been told,
 * as have moments. */
void agent_gradient_again(struct agent *agent, const float *theta, float *dtheta, struct agent_stats *stats);

/* Episodes finished since the last call, oldest first, at most max. Of more than a thousand untaken ones the oldest are
 * forgotten. */
int agent_take_episodes(struct agent *agent, struct agent_episode *out, int max);

/* Everything that must survive to go on as if nothing had happened, between two rollouts: random streams, exploration,
 * environment states where the environment can save (*whole says so), stacked planes, recurrent state, open returns.
 * But not the memory of an algorithm with replay, which is as large as a hundred checkpoints: it is filled anew. */
size_t agent_state_size(const struct agent *agent);
size_t agent_save(const struct agent *agent, void *bytes, bool *whole);
/* How many environments could not go back to where they were and have begun new episodes, or -1 after error_set() where
 * the bytes are not of such an agent. */
int agent_load(struct agent *agent, const void *bytes, size_t n);
/* In its place, of an agent that is new, where a run goes on and nothing was kept of it: other streams for each `start`
 * of the run, so that it does not play again what it played at an earlier one (0: the first). 0, or -1 after
 * error_set(). */
int agent_start_afresh(struct agent *agent, int64_t start);

#endif
