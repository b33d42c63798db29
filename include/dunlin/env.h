/* env.h -- what an environment is: sizes and functions. All that the author of one includes; C11 or C++17.
 *
 * A new environment is one file in env/ and one line in env/list.h. Or a shared library of its own, named by
 * --env lib:PATH.so (lib:PATH.so:ARG): it defines `const struct env_ops dunlin_env`, in C++ too as an unmangled name
 * outside of namespaces, and is built by `cc -O2 -shared -fPIC -I include mine.c -o mine.so -lm`. `dunlin check ENV`
 * plays it and names what is wrong.
 *
 * The environment answers for:
 * - its state: nothing of an instance is kept outside of it, except what `init` opens and `free` closes (an emulator);
 * - chance: only from the stream that is passed in, so that the same stream plays the same episode again;
 * - ends: `step` never resets, and also the last step writes its observation.
 *
 * The trainer answers for:
 * - memory: it takes state_size bytes for each instance, zeroed, and the observations' buffers. Behind a library's
 *   state, observation and each `save` lie 32 KiB of guard bytes, the nearest 64 looked at after every call, all where
 *   an episode begins or ends: who writes there is named and its rollout dropped, or refused at the start;
 * - order: one thread; after an end, or a failure, comes `reset` and no `step`;
 * - actions: an index lies below its number of actions; entries of a vector lie within their bounds: the sample that
 *   learning sees is not clipped, what the environment gets is;
 * - numbers: a NaN or Inf in reward or observation drops the rollout, and the episode is given up;
 * - time: it counts steps, and an episode that goes on at max_steps is truncated there, with a line, once a process;
 * - its process: what a library's functions do to locale, folder, umask, signal handlers, timers, limits and
 *   floating-point modes is put back; processes that it leaves end with the trainer's.
 */
#ifndef DUNLIN_ENV_H
#define DUNLIN_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dunlin/rng.h"
#include "dunlin/version.h"

enum env_obs_kind {
    /* `obs` is float[obs_dim]: also small integers, grids of few cells, several parts one behind the other. */
    ENV_OBS_FLOATS,
    /* `obs` is uint8_t[height][width][planes], the newest picture alone; the network sees 1/255 of it. */
    ENV_OBS_PICTURE
};

enum { ENV_PICTURE_SIDE_LEAST = 32, ENV_PLANES_MOST = 4, ENV_STACK_MOST = 16 };
enum { ENV_INPUT_MOST = 100000000 }; /* numbers of a network input, `stack` observations */

/* How the run asks for the environment; the same for all instances of a process. */
struct env_args {
    const char *arg; /* what follows the colon of --env NAME:ARG; "" without one */
    bool training;   /* false when evaluating or recording: no lost life ends anything, raw rewards all the same */
    int no_op_max;   /* at most so many no-op actions at a reset, where the environment knows them */
    double sticky;   /* chance that the last action is repeated instead, where the environment knows it */
    bool life_loss;  /* report a lost life as `life_lost` while training */
    /* the next ones are of `gym` */
    const char *python; /* what runs it; NULL or "": python3 */
    double timeout;     /* s that a step may take */
    int frame_skip;     /* times that it plays an action, at least 1 */
    bool grey;          /* pictures without their colours */
    bool draws;         /* `render` will be called */
};

/* What `open` answers: sizes, fixed for the life of the process. It comes zeroed: what does not concern an environment
 * need not be written. What it points to stays the environment's, where it is and as it is. */
struct env_spec {
    enum env_obs_kind obs_kind;
    int obs_dim;       /* floats of an observation, ENV_OBS_FLOATS */
    int height, width; /* of a picture, both at least 32, ENV_OBS_PICTURE */
    int planes;        /* of a picture: 1 to 4, grey, RGB, ...; 0 counts as 1 */
    int stack;         /* the newest so many observations make one network input: 1 to 16; 0 counts as 1 */

    /* Actions are of one of three kinds: exactly one of these numbers is positive. */
    int num_actions;                       /* one index, 0 .. num_actions - 1 */
    int num_components;                    /* so many indices at once, */
    const int *component_actions;          /* (num_components) that of component c in 0 .. component_actions[c] - 1 */
    int action_dim;                        /* so many floats, */
    const float *action_low, *action_high; /* (action_dim) each within its own bounds */

    int action_repeat;               /* emulated frames of one step; 0 counts as 1 */
    int max_steps;                   /* an episode is truncated after so many steps; 0: no limit */
    size_t state_size;               /* bytes of one instance */
    size_t save_size;                /* the most bytes that `save` writes; 0 where there is no `save` */
    int render_height, render_width; /* of the picture that `render` draws; 0: it draws none */
    /* The network sees (obs - obs_centre) * obs_scale, obs_dim numbers each, best of about unit size; the trainer does
     * it, `reset` and `step` write raw observations. ENV_OBS_FLOATS only; NULL: 0 and 1. */
    const float *obs_centre, *obs_scale;
    const char *library; /* what plays it, with a version, as in "MuJoCo 3.3.7", for /provenance; NULL: it needs none */
};

/* One action; what it points to is borrowed for the call. */
struct env_action {
    int index;           /* num_actions */
    const int *indices;  /* num_components of them */
    const float *vector; /* action_dim of them */
};

struct env_step {
    double reward;   /* raw; the trainer scales and clips for learning and keeps the raw sum as the score */
    bool terminated; /* the game is over: the return after it is 0 */
    bool truncated;  /* a time limit cut it: the return after it is V(s') */
    bool life_lost;  /* over for learning, yet the game goes on and no reset follows */
};

/* One default of this environment: `algo` NULL means every algorithm; a later row wins over an earlier one.
 * Keys and values are those of the command line; a key "ARG:KEY" counts where the environment was asked for as NAME:ARG
 * alone. The list ends with a row whose key is NULL. Without a default for "net" floats get mlp and pictures small. */
struct env_default {
    const char *algo, *key, *value;
};

struct env_ops {
    int api; /* DUNLIN_ENV_API: another version is refused */
    /* What it is called in lines and files; saved states of another name are not taken back. Where it is built in, also
     * what is typed after --env, up to a colon; a library is typed by its path, and need not be named as its file. */
    const char *name;
    const char *help; /* one line for `dunlin list` */
    const struct env_default *defaults;
    bool plain_state; /* the state holds no pointers: copying its bytes saves it, `save` and `load` may be NULL */

    /* Fills *spec, for training and for evaluation once a process each. Required. Returns 0, or -1 with one line for
     * the user in err (err_size bytes). */
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
    /* Draws the present state as rgb[render_height][render_width][3]. Optional: recordings show observations then. */
    void (*render)(const void *state, uint8_t *rgb);
    /* Which algorithms do not learn it with its defaults, or were not tried: "one-step-q, a3c"; `dunlin list` says so.
     * NULL: none. */
    const char *not_learned_by;
    /* The action of the `step` that comes next. An actor tells all its instances theirs before the first of them steps,
     * so that an environment which plays in another process plays them at the same time. Optional. */
    void (*post)(void *state, struct env_action action);
    /* Asked after each `reset` and `step`: NULL, or one line that says why it could not be done. What it wrote is then
     * not read, the rollout is dropped, and `reset` follows. Optional: for what may die, as another process. */
    const char *(*failure)(void *state);
};

/* What a library exports, from C and from C++. */
#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
__attribute__((visibility("default")))
#endif
extern const struct env_ops dunlin_env;
#ifdef __cplusplus
}
#endif

#endif
