/* world.c -- environments found by name: those of env/list.h, and those of shared libraries (lib:PATH.so), which the
 * user wrote and no one but the user can vouch for: what they answer is checked before anyone builds on it. */
#include "learn/world.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/library.h"
#include "base/resume_words.h"
#include "learn/foreign.h"
#include "learn/world_names.h"
#include "nn/model.h"

#define ENV(id) extern const struct env_ops env_##id;
#include "../../env/list.h"
#undef ENV

static const struct env_ops *const table[] = {
#define ENV(id) &env_##id,
#include "../../env/list.h"
#undef ENV
};

enum { ENVS = sizeof table / sizeof table[0], PATH_SIZE = 4096 };

static const char LIBRARY[] = "lib:", PYTHON[] = "gym:"; /* of one length */

const struct env_ops *world_env(int index)
{
    return index >= 0 && index < ENVS ? table[index] : NULL;
}

/* What must hold before any function of it is called. */
static int check_ops(const char *name, const struct env_ops *ops)
{
    if (ops->api == 1)
        return error_set(
            "environment \"%s\": it was built for version 1 of dunlin/env.h, this program has version %d: write "
            "ENV_OBS_PICTURE for ENV_OBS_PLANE, point action_low and action_high at arrays of action_dim floats, and "
            "build it again with this program's include folder",
            name, DUNLIN_ENV_API);
    if (ops->api != DUNLIN_ENV_API)
        return error_set(
            "environment \"%s\": it was built for version %d of dunlin/env.h, this program has version %d; "
            "build it again with this program's include folder",
            name, ops->api, DUNLIN_ENV_API);
    const char *missing = !ops->name    ? "name"
                          : !ops->open  ? "open"
                          : !ops->reset ? "reset"
                          : !ops->step  ? "step"
                                        : NULL;
    if (missing) return error_set("environment \"%s\": its env_ops has no `%s`, which is required", name, missing);
    if (!ops->save != !ops->load)
        return error_set("environment \"%s\": its env_ops must have both `save` and `load`, or neither", name);
    return 0;
}

/* Bytes of PATH.so in PATH.so or PATH.so:ARG. */
static size_t path_length(const char *path_arg)
{
    const char *colon = strstr(path_arg, ".so:");
    return colon ? (size_t)(colon - path_arg) + 3 : strlen(path_arg);
}

bool world_python(const char *name)
{
    return !strncmp(name, PYTHON, sizeof PYTHON - 1);
}

/* The path in lib:PATH.so[:ARG] or gym:FILE.py:FUNCTION and its bytes; 0 bytes where the name holds none. */
static const char *path_in(const char *name, size_t *length)
{
    const char *rest = name + sizeof LIBRARY - 1;
    *length = 0;
    if (!strncmp(name, LIBRARY, sizeof LIBRARY - 1)) {
        *length = path_length(rest);
    } else if (world_python(name)) {
        const char *colon = strstr(rest, ".py:");
        if (colon && colon < rest + strcspn(rest, "?")) *length = (size_t)(colon - rest) + 3;
    }
    return rest;
}

const char *world_library(const char *name)
{
    size_t length;
    const char *path = path_in(name, &length), *file = path;
    if (!resume_names_code(name)) return NULL;
    for (const char *p = path; p < path + length; p++)
        if (*p == '/') file = p + 1;
    return file;
}

/* Is the file that `file` begins with, of so many bytes, in folder? */
static bool there(const char *folder, const char *file, size_t length)
{
    char path[2 * PATH_SIZE];
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)length, file);
    return !access(path, F_OK);
}

bool world_is_there(const char *name)
{
    char path[PATH_SIZE];
    size_t length;
    const char *at = path_in(name, &length);
    snprintf(path, sizeof path, "%.*s", (int)length, at);
    return !length || !access(path, F_OK);
}

int world_whole_name(const char *name, char *whole, size_t size)
{
    size_t length;
    const char *path = path_in(name, &length), *file = world_library(name);
    char folder[PATH_SIZE], real[PATH_MAX];
    int n = snprintf(whole, size, "%s", name);
    if (length) {
        snprintf(folder, sizeof folder, "%.*s", file > path ? (int)(file - path) : 1, file > path ? path : ".");
        if (realpath(folder, real) && there(real, file, length - (size_t)(file - path)))
            n = snprintf(whole, size, "%.4s%s/%s", name, strcmp(real, "/") ? real : "", file);
    }
    if (n >= 0 && (size_t)n < size) return 0;
    return error_set("environment \"%.80s...\": its whole path has %d bytes, at most %zu are allowed", name, n,
                     size - 1);
}

static bool loaded;

bool world_library_loaded(void)
{
    return loaded;
}

/* path_arg is PATH.so or PATH.so:ARG. The library stays open until the process ends: instances use its code. */
static const struct env_ops *find_library(const char *path_arg, const char **arg)
{
    const size_t length = path_length(path_arg);
    if (length == 0 || length > PATH_SIZE - 3) {
        error_set("environment \"lib:%.80s\": give the path of a shared library, lib:PATH.so", path_arg);
        return NULL;
    }
    *arg = path_arg[length] ? path_arg + length + 1 : "";
    char path[PATH_SIZE];
    /* a bare file name would be looked for in the system's library folders, which nobody named */
    snprintf(path, sizeof path, "%s%.*s", memchr(path_arg, '/', length) ? "" : "./", (int)length, path_arg);
    struct foreign before;
    foreign_begin(&before, true); /* its constructors run */
    const char *why;
    void *library = library_open(path, &why);
    foreign_end(&before);
    loaded |= library != NULL;
    if (!library) {
        error_set("environment \"lib:%s\": cannot be loaded: %s", path, why);
        return NULL;
    }
    const struct env_ops *ops = dlsym(library, "dunlin_env");
    if (!ops)
        error_set(
            "environment \"lib:%s\": it exports no `dunlin_env`, which was looked for by dlsym(), as an unmangled "
            "name among those that `nm -D` lists: define `const struct env_ops dunlin_env`, not static and in no "
            "namespace, in a file that includes dunlin/env.h",
            path);
    if (!ops || check_ops(path, ops)) {
        dlclose(library);
        return NULL;
    }
    return ops;
}

static const char *name_at(int i)
{
    return world_env(i) ? world_env(i)->name : NULL;
}

const struct env_ops *world_find(const char *name, const char **arg)
{
    const size_t length = strcspn(name, ":");
    const char *rest = name[length] == ':' ? name + length + 1 : "";
    if (length == 3 && memcmp(name, "lib", 3) == 0) return find_library(rest, arg);
    for (int i = 0; i < ENVS; i++)
        if (strlen(table[i]->name) == length && memcmp(table[i]->name, name, length) == 0) {
            *arg = rest;
            return table[i];
        }
    char known[512], advice[256];
    size_t used = 0;
    known[0] = '\0';
    for (int i = 0; i < ENVS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s, ", table[i]->name);
    error_set("unknown environment \"%.80s\"%s; known are %sor lib:PATH.so for one of your own", name,
              world_names_advice(name, name_at, advice, sizeof advice), known);
    return NULL;
}

/* Of `stack` observations; in doubles, as the sizes are a stranger's and their product may be no int. */
static double input_numbers(const struct env_spec *s)
{
    if (s->obs_kind == ENV_OBS_FLOATS) return (double)s->stack * s->obs_dim;
    return (double)s->stack * s->planes * s->height * s->width;
}

/* NULL, or what is wrong with an observation's sizes. */
static const char *obs_fault(const struct env_spec *s)
{
    const int least = ENV_PICTURE_SIDE_LEAST;
    if (s->stack < 1 || s->stack > ENV_STACK_MOST) return "stack must be 1 to 16";
    if (input_numbers(s) > ENV_INPUT_MOST)
        return "the observation is too large: `stack` of them may have 100 million numbers together";
    if (s->obs_kind == ENV_OBS_FLOATS) {
        if (s->obs_dim <= 0) return "obs_dim must be positive";
        if (s->planes != 1) return "planes must be 0 or 1 with ENV_OBS_FLOATS";
        for (int i = 0; i < s->obs_dim; i++)
            if ((s->obs_scale && (!isfinite(s->obs_scale[i]) || s->obs_scale[i] == 0)) ||
                (s->obs_centre && !isfinite(s->obs_centre[i])))
                return "obs_centre and obs_scale must be finite, and obs_scale not 0";
        return NULL;
    }
    if (s->obs_kind != ENV_OBS_PICTURE) return "obs_kind must be ENV_OBS_FLOATS or ENV_OBS_PICTURE";
    if (s->height < least || s->width < least)
        return "height and width of a picture must be at least 32; give smaller grids as ENV_OBS_FLOATS";
    if (s->planes < 1 || s->planes > ENV_PLANES_MOST) return "planes must be 1 to 4";
    if (s->obs_centre || s->obs_scale) return "obs_centre and obs_scale must be NULL with ENV_OBS_PICTURE";
    return NULL;
}

/* That describe how an action is drawn; in doubles, for the same reason. */
static double output_numbers(const struct env_spec *s)
{
    double n = s->num_actions ? s->num_actions : 2.0 * s->action_dim;
    for (int c = 0; c < s->num_components; c++) n += s->component_actions[c];
    return n;
}

/* The same of its actions. */
static const char *action_fault(const struct env_spec *s)
{
    if (s->num_actions < 0 || s->num_components < 0 || s->action_dim < 0 ||
        (s->num_actions > 0) + (s->num_components > 0) + (s->action_dim > 0) != 1)
        return "exactly one of num_actions, num_components and action_dim must be positive, the others 0";
    if (s->num_components && !s->component_actions) return "num_components needs component_actions";
    for (int c = 0; c < s->num_components; c++)
        if (s->component_actions[c] < 1) return "each of component_actions must be at least 1";
    if (output_numbers(s) > MODEL_PARTS_MOST)
        return "too many actions: a network answers one number for each choice of an index and two for each float, 1 "
               "million together";
    if (s->action_dim && (!s->action_low || !s->action_high)) return "action_dim needs action_low and action_high";
    for (int i = 0; i < s->action_dim; i++)
        if (!(isfinite(s->action_low[i]) && isfinite(s->action_high[i]) && s->action_low[i] < s->action_high[i]))
            return "each of action_low must lie below that of action_high, both finite";
    return NULL;
}

/* NULL, or what is wrong with the sizes. */
static const char *spec_fault(const struct env_spec *s, const struct env_ops *ops)
{
    const char *fault = obs_fault(s);
    if (!fault) fault = action_fault(s);
    if (fault) return fault;
    if (s->action_repeat < 1) return "action_repeat must be at least 1";
    if (s->max_steps < 0) return "max_steps must not be negative";
    if (s->state_size == 0) return "state_size must be positive";
    if ((ops->save != NULL) != (s->save_size > 0)) return "save_size must be positive with `save` and 0 without";
    const bool draws = s->render_height > 0 && s->render_width > 0;
    if (draws ? !ops->render : s->render_height || s->render_width)
        return "render_height and render_width must both be positive, with `render`, or both 0";
    return NULL;
}

/* What counts as 1 where it is 0. */
static void fill_spec(struct env_spec *s)
{
    int *const ones[] = {&s->planes, &s->stack, &s->action_repeat};
    for (size_t i = 0; i < sizeof ones / sizeof ones[0]; i++)
        if (!*ones[i]) *ones[i] = 1;
}

int world_open(struct world *world, const char *name, const struct env_args *args)
{
    const char *arg;
    const struct env_args asked = *args; /* may be those of *world itself */
    memset(world, 0, sizeof *world);
    const struct env_ops *ops = world_find(name, &arg);
    if (!ops || check_ops(name, ops)) return -1;
    if (strlen(arg) >= sizeof world->arg)
        return error_set("environment \"%.80s...\": what follows the colon has %zu bytes, at most %zu are allowed",
                         name, strlen(arg), sizeof world->arg - 1);
    world->ops = ops;
    world->args = asked;
    memcpy(world->arg, arg, strlen(arg) + 1);
    world->args.arg = world->arg;
    world->foreign = world_library(name) && !world_python(name);
    char err[768] = "it gives no reason";
    struct foreign before;
    foreign_begin(&before, true);
    const int refused = ops->open(&world->spec, &world->args, err, sizeof err);
    foreign_end(&before);
    if (refused) return error_set("environment \"%s\" cannot be opened: %s", name, err);
    fill_spec(&world->spec);
    const char *fault = spec_fault(&world->spec, ops);
    if (fault && world->spec.obs_kind == ENV_OBS_PICTURE)
        return error_set("environment \"%s\": what its `open` answers, pictures of %dx%d, cannot be used: %s", name,
                         world->spec.height, world->spec.width, fault);
    if (fault) return error_set("environment \"%s\": what its `open` answers cannot be used: %s", name, fault);
    world->policy = policy_for(&world->spec);
    return 0;
}

struct net_input world_input(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    if (s->obs_kind == ENV_OBS_FLOATS) return (struct net_input){.dim = s->stack * s->obs_dim, .parts = s->stack};
    return (struct net_input){.C = s->stack * s->planes, .height = s->height, .width = s->width, .parts = s->stack};
}

int world_pointers(const struct world *world)
{
    return world->spec.stack * world->spec.planes;
}

size_t world_obs_floats(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    if (s->obs_kind == ENV_OBS_FLOATS) return (size_t)s->obs_dim;
    return (size_t)s->height * (size_t)s->width * (size_t)s->planes;
}

size_t world_obs_bytes(const struct world *world)
{
    return world_obs_floats(world) * (world->spec.obs_kind == ENV_OBS_FLOATS ? sizeof(float) : 1);
}

void world_render(const struct world *world, const void *state, uint8_t *rgb)
{
    struct foreign before;
    if (world->foreign) foreign_begin(&before, false);
    world->ops->render(state, rgb);
    if (world->foreign) foreign_end(&before);
}

struct env_action world_random_action(const struct world *world, struct rng *rng, void *room)
{
    const struct env_spec *s = &world->spec;
    int *indices = room;
    float *vector = room;
    if (s->num_actions) return (struct env_action){.index = rng_below(rng, s->num_actions)};
    for (int c = 0; c < s->num_components; c++) indices[c] = rng_below(rng, s->component_actions[c]);
    if (s->num_components) return (struct env_action){.indices = indices};
    for (int i = 0; i < s->action_dim; i++)
        vector[i] = (float)(s->action_low[i] + rng_uniform(rng) * ((double)s->action_high[i] - s->action_low[i]));
    return (struct env_action){.vector = vector};
}
