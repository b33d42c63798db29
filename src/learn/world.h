/* world.h -- environments as the agent sees them: found by name, opened once a process, instances in vectors,
 * pictures stacked. */
#ifndef DUNLIN_LEARN_WORLD_H
#define DUNLIN_LEARN_WORLD_H

#include "dunlin/env.h"
#include "learn/policy.h"
#include "nn/net.h"

/* The environments of env/list.h, in its order; NULL behind the last. */
const struct env_ops *world_env(int index);

/* Splits NAME or NAME:ARG and finds the environment; *arg points behind the colon or to "". NULL after error_set(),
 * whose line lists the known names. lib:PATH.so and lib:PATH.so:ARG load the library PATH.so, and nothing outside a
 * path the user typed; it stays loaded until the process ends. */
const struct env_ops *world_find(const char *name, const char **arg);

/* NAME with the whole real path of the folder of its library or Python file, so that it names the same file from any
 * folder; other names, and libraries that are not there, as they are. The file's own name stays: it may be a link that
 * is moved on. 0, or -1 after error_set() where that is longer than size. */
int world_whole_name(const char *name, char *whole, size_t size);

/* Code that the user brings: a library, or Python beyond an id that Gymnasium itself knows. What comes behind the last
 * folder of lib:PATH.so[:ARG] or gym:FILE.py:FUNCTION, by which it is known wherever it lies; all behind the colon of
 * gym:MODULE:ID and gym:ID?key=value. NULL: none. */
const char *world_library(const char *name);
bool world_python(const char *name);   /* is it gym:... */
bool world_library_loaded(void);       /* has this process loaded one */
bool world_is_there(const char *name); /* false where its file is not */

struct world {
    const struct env_ops *ops;
    struct env_args args;
    struct env_spec spec;
    struct policy policy; /* over its actions: whoever plays draws from it, and learning differentiates it */
    char arg[512];        /* as long as --env may be */
    bool foreign;         /* of a library: nobody here has looked at what it does */
};

/* Opens the environment `name` in this process and checks the sizes it answers; those that count as 1 where they are 0
 * are 1 then. args->arg is not read: it comes from the name. *world must stay where it is (its args point into it);
 * nothing needs closing. 0, or -1 with error_set(). */
int world_open(struct world *world, const char *name, const struct env_args *args);

/* The network's input: the planes or floats of `stack` observations; and how many pointers it is given as. */
struct net_input world_input(const struct world *world);
int world_pointers(const struct world *world);

/* One observation: its numbers, and its bytes as the environment writes it. */
size_t world_obs_floats(const struct world *world);
size_t world_obs_bytes(const struct world *world);

/* The environment draws an instance's state into rgb[render_height][render_width][3]; where these are not 0. What a
 * library changes meanwhile is put back. */
void world_render(const struct world *world, const void *state, uint8_t *rgb);

/* Draws an action with every choice alike: each index, each number within its bounds. room: for policy.size numbers,
 * to which the answer may point. */
struct env_action world_random_action(const struct world *world, struct rng *rng, void *room);

#endif
