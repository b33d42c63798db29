/* env.h -- what an environment is: sizes and functions. All that the author of one includes.
 *
 * The trainer owns every byte: it allocates and zeroes `state_size` bytes for each instance and the buffers that
 * observations are written to. An environment keeps nothing of an instance outside its state, except what `init` opens
 * and `free` closes (an emulator, say). Chance comes only from the stream that is passed in. `step` never resets: after
 * an end the trainer calls `reset`. A new environment is one file in env/ and one line in env/list.h.
 *
 * Or a shared library of its own, named by --env lib:PATH.so (lib:PATH.so:ARG): it defines `const struct env_ops
 * dunlin_env` and is built by `cc -O2 -shared -fPIC -I include mine.c -o mine.so -lm`. A library of another
 * DUNLIN_ENV_API is refused.
 */
#ifndef DUNLIN_ENV_H
#define DUNLIN_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dunlin/rng.h"
#include "dunlin/version.h"

enum env_obs_kind {
    ENV_OBS_FLOATS, /* `obs` is float[obs_dim] */
    ENV_OBS_PLANE,  /* `obs` is uint8_t[height * width], rows first: the newest picture alone; the trainer stacks */
};

/* How the run asks for the environment; the same for all instances of a process. */
struct env_args {
    const char *arg; /* what follows the colon of --env NAME:ARG; "" without one */
    bool training;   /* false when evaluating or recording: no lost life ends anything, raw rewards all the same */
    int no_op_max;   /* at most so many no-op actions at a reset, where the environment knows them */
    double sticky;   /* chance that the last action is repeated instead, where the environment knows it */
    bool life_loss;  /* report a lost life as `life_lost` while training */
};

/* What `open` answers: sizes, fixed for the life of the process. */
struct env_spec {
    enum env_obs_kind obs_kind;
    int obs_dim;                   /* floats of an observation, ENV_OBS_FLOATS */
    int height, width;             /* of the plane, ENV_OBS_PLANE */
    int stack;                     /* planes that make one network input, newest last; 1 for ENV_OBS_FLOATS */
    int num_actions;               /* discrete actions 0 .. num_actions - 1; 0 where actions are continuous */
    int action_dim;                /* length of a continuous action; 0 where they are discrete */
    float action_low, action_high; /* the range that a continuous action is clipped to by the trainer */
    int action_repeat;             /* emulated frames of one step */
    int max_steps;     /* an episode ends, one way or the other, after so many steps at the latest; 0: no limit */
    size_t state_size; /* bytes of one instance */
    size_t save_size;  /* the most bytes that `save` writes; 0 where there is no `save` */
    int render_height, render_width; /* of the picture that `render` draws; 0 without it */
    /* The network sees (obs - obs_centre) * obs_scale, obs_dim numbers each, best of about unit size; the trainer does
     * it, `reset` and `step` write raw observations. ENV_OBS_FLOATS only; NULL: 0 and 1. They stay where they are. */
    const float *obs_centre, *obs_scale;
};

struct env_action {
    int index;           /* discrete */
    const float *vector; /* continuous: action_dim floats, borrowed for the call */
};

struct env_step {
    double reward;   /* raw; the trainer scales and clips for learning and keeps the raw sum as the score */
    bool terminated; /* the game is over: the return after it is 0 */
    bool truncated;  /* a time limit cut it: the return after it is V(s') */
    bool life_lost;  /* over for learning, yet the game goes on and no reset follows */
};

/* One default of this environment: `algo` NULL means every algorithm; a later row wins over an earlier one.
 * Keys and values are those of the command line. The list ends with a row whose key is NULL. */
struct env_default {
    const char *algo, *key, *value;
};

struct env_ops {
    int api;          /* DUNLIN_ENV_API */
    const char *name; /* as typed after --env, the part before a colon */
    const char *help; /* one line for `dunlin list` */
    const struct env_default *defaults;
    bool plain_state; /* the state holds no pointers: copying its bytes saves it, `save` and `load` may be NULL */

    /* Fills *spec once per process. Required. Returns 0, or -1 with one line for the user in err (err_size bytes). */
    int (*open)(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size);
    /* Opens what an instance needs beyond its zeroed bytes. Optional. Returns as `open`. */
    int (*init)(void *state, const struct env_args *args, char *err, size_t err_size);
    /* Closes what `init` opened. Optional. */
    void (*free)(void *state);
    /* Starts an episode and writes its first observation. Required. */
    void (*reset)(void *state, struct rng *rng, void *obs);
    /* Plays one step and writes the next observation, also at an end. Required. */
    struct env_step (*step)(void *state, struct rng *rng, struct env_action action, void *obs);
    /* Writes the state to `bytes` (spec.save_size of them); returns how many were used. Optional. */
    size_t (*save)(const void *state, void *bytes);
    /* Goes back to a saved state. Optional. Returns 0, or -1 where the bytes are not such a state. */
    int (*load)(void *state, const void *bytes, size_t n);
    /* Draws the present state as rgb[render_height][render_width][3]. Optional. */
    void (*render)(const void *state, uint8_t *rgb);
    /* Which algorithms do not learn it with its defaults: "one-step-q, a3c"; `dunlin list` says so. NULL: none. */
    const char *not_learned_by;
};

#endif
