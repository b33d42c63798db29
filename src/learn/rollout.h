/* rollout.h -- what one rollout leaves for its loss. T steps in E environments; row t * E + e, in time order. */
#ifndef DUNLIN_LEARN_ROLLOUT_H
#define DUNLIN_LEARN_ROLLOUT_H

#include <stdint.h>

/* What followed the step, for learning. */
enum rollout_end {
    ROLLOUT_GOES_ON,  /* s' is the next row's state, or the state after the rollout */
    ROLLOUT_TERMINAL, /* the game or a life is over: the return after it is 0 */
    ROLLOUT_CUT,      /* a time limit: the return after it is the value of s', the observation before the reset */
};

struct rollout {
    int T, E;               /* steps played, environments */
    int N;                  /* floats of one action */
    float *action;          /* (T * E, N)  a, what the policy drew; a discrete action is its index */
    float *reward;          /* (T * E)  r, scaled and clipped */
    uint8_t *end;           /* (T * E)  enum rollout_end */
    float *next_action;     /* (T * E)  the index of a' taken (or drawn) in s'; Sarsa only */
    const float **next_out; /* (T * E)  the network's output row for s', NULL where it was not asked */
    float *next_value;      /* (T * E)  the bootstrap value of s', written by the losses where they read it */
    float *target;          /* (T * E)  R or y, written by the losses */
    const float **out;      /* (T * E)  the network's output row for s */
    float **dout;           /* (T * E)  where dL/d out goes */
    float *adv, *log_prob;  /* (T * E)  a3c's: adv and log pi(a) under the policy that played, for later epochs */
};

/* Sums over the steps, means over the environments. */
struct loss_sums {
    double policy, value, entropy;
};

#endif
