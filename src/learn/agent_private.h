/* agent_private.h -- what an agent is made of; for agent*.c alone. Sizes: E environments, T steps of a rollout (at
 * most T_max), C pointers of one input, S floats of recurrent state, D floats of an output row,
 * P of them of the first head (Q, or what describes the policy), N floats of an action. */
#ifndef DUNLIN_LEARN_AGENT_PRIVATE_H
#define DUNLIN_LEARN_AGENT_PRIVATE_H

#include "learn/agent.h"
#include "learn/instance.h"
#include "learn/policy.h"
#include "learn/replay.h"
#include "learn/rollout.h"

/* The memory of an agent with replay, and its minibatch: B rows of one step each. */
struct agent_replay {
    struct replay memory;
    struct rng rng;
    int64_t start;                     /* steps before the first gradient */
    struct rollout r;                  /* T is B, E is 1 */
    const float **x;                   /* (B, C) s */
    const float **next_x;              /* (B, C) s' */
    float *room;                       /* (B, stack + 1, floats of an observation) */
    struct net_work *work, *next_work; /* B rows */
};

struct agent {
    struct agent_config config;
    const struct world *world;
    const struct net *net;
    const struct policy *policy; /* the world's */
    int E, T_max, C, S, D, P, N;

    /* lives on between rollouts */
    struct instance *instances; /* (E) */
    struct rng *policy_rng;     /* (E) */
    double *eps_final;          /* (E) */
    int *pending;               /* (E)     Sarsa's a', drawn and not yet played; -1: none */
    float *state;               /* (E, S)  recurrent state */
    double *ret;                /* (E)     discounted sum of the episode's rewards so far, for reward_norm */
    uint8_t *fresh;             /* (E)     1: state was set to zero since the last forward */

    /* one rollout; row t * E + e */
    struct rollout r;
    int64_t T; /* global frames when it was played */
    enum instance_fault fault;
    double reward_gain;    /* 1, or what rewards are normalised with: of the theta it plays with */
    float *returns;        /* (T_max * E) ret after the row */
    float *vector;         /* (N) an action on its way to the environment */
    struct net_work *work; /* T_max * E rows; without a target network those of s' follow */
    int *before;           /* (E) for net_forward_after() */
    uint8_t *start;        /* (T_max * E)     the row's state came from zero */
    const float **x;       /* (T_max * E, C)  s */
    const float **next_x;  /* (T_max * E, C)  s', before any reset */
    float *state0;         /* (E, S)          before the first row */
    float *state_after;    /* (T_max * E, S)  after the row */

    /* values of s' */
    struct net_work *next_work; /* next_rows rows from next_row0 on; `work` itself without a target network */
    int next_row0, next_rows;
    int *rows;            /* (T_max * E)     which rows are asked for */
    const float **some_x; /* (next_rows, C) */
    float *some_state;    /* (next_rows, S) */
    float *next_out;      /* (T_max * E, D)  what r.next_out points into */

    struct agent_replay *replay; /* NULL: the algorithm has none */

    /* finished episodes, oldest first; a ring that forgets the oldest when it is full */
    struct agent_episode *episodes;
    int episodes_room, episodes_first, episodes_count;
};

/* Does a rollout end where its only environment's episode does. */
bool agent_ends_with_episode(const struct agent_config *config);
/* Observations that stay pointed to: a stack, a rollout's steps, and the resets inside it. */
int64_t agent_ring(const struct agent_config *config, const struct world *world, int T_max);
/* Steps of the longest rollout; 0: it would have no end. */
int agent_longest(const struct agent_config *config, const struct world *world);
/* Does a rollout of T_max steps fit into what memory can still be had. 0, or -1 after error_set(). */
int agent_check_memory(const struct agent_config *config, const struct world *world, const struct net *net, int T_max);

/* agent_replay.c. 0, or -1 after error_set() where such a memory does not fit into the machine's, or is too small. */
int agent_replay_check(const struct agent_config *config, const struct world *world);
/* 0, or -1 after error_set(). Owner: agent_replay_close(), also after -1; NULL is fine. */
int agent_replay_open(struct agent *a);
void agent_replay_close(struct agent *a);
/* Environment e has begun an episode; or has answered the action of row, with the reward and the end that stand there,
 * and a reset follows where it `ended`. */
void agent_replay_begin(struct agent *a, int e);
void agent_replay_add(struct agent *a, int row, int e, bool ended);
/* Nothing is remembered; the episodes go on from where they are. */
void agent_replay_forget(struct agent *a);
/* As agent_gradient(), but for moments of returns. */
void agent_replay_gradient(struct agent *a, const float *theta, const float *theta_target, float *dtheta,
                           struct agent_stats *stats);

#endif
