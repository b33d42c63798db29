/* instance.h -- one environment being played: its state, its random stream, its stacked observations, its open
 * episode. */
#ifndef DUNLIN_LEARN_INSTANCE_H
#define DUNLIN_LEARN_INSTANCE_H

#include <stdbool.h>

#include "dunlin/env.h"
#include "learn/frames.h"
#include "learn/world.h"

/* What spoilt a rollout: a number that is none, or an environment that could not play on (its `failure`). */
enum instance_fault { INSTANCE_FINE, INSTANCE_BAD_REWARD, INSTANCE_BAD_OBSERVATION, INSTANCE_FAILED };

struct instance {
    const struct world *world; /* borrowed */
    void *state;               /* spec.state_size bytes, and of a library guard bytes behind */
    bool opened, was_reset;
    bool began; /* an episode, which has not been given up */
    struct rng rng;
    struct frames frames;
    uint8_t *picture;          /* (height, width, planes) as the environment drew it; NULL for float observations */
    float *raw;                /* (obs_dim) as a library wrote it, guard bytes behind; NULL: written in its place */
    double ret;                /* raw return of the open episode */
    int64_t steps;             /* of the open episode */
    enum instance_fault fault; /* of the last failure of instance_reset() or instance_step() */
};

/* Opens an instance that keeps N observations; rng is its stream. Not yet reset. 0, or -1 after error_set(). Owner:
 * instance_close(), also after a failure. */
int instance_open(struct instance *in, const struct world *world, struct rng rng, int N);
void instance_close(struct instance *in);

/* Starts an episode. 0, or -1 after error_set() where the observation holds a NaN or Inf, or the environment says that
 * it has failed, or its library has written behind observation or state, or at first behind what `save` may fill. */
int instance_reset(struct instance *in);

/* Tells the environment the action of the instance_step() to come, where it wants to know. */
void instance_post(struct instance *in, struct env_action action);

/* One step; its observation is the newest of the stack, also at an end, and no reset follows by itself. Rewards are
 * raw. An episode that the environment does not end within the limit that it declares is truncated there; a line says
 * so, once a process. 0, or -1 after error_set() as above, or where the reward is a NaN or Inf. */
int instance_step(struct instance *in, struct env_action action, struct env_step *step);

/* For checkpoints: at most instance_state_size() bytes. instance_save() tells in *whole whether the environment's
 * state is among them. instance_load() goes back to them, or, where it is not, starts a new episode (*fresh); returns
 * the bytes read, or -1 after error_set(). */
size_t instance_state_size(const struct instance *in);
size_t instance_save(const struct instance *in, void *bytes, bool *whole);
long instance_load(struct instance *in, const void *bytes, size_t n, bool *fresh);

#endif
