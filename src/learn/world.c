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
#include "learn/foreign.h"

#define ENV(id) extern const struct env_ops env_##id;
#include "../../env/list.h"
#undef ENV

static const struct env_ops *const table[] = {
#define ENV(id) &env_##id,
#include "../../env/list.h"
#undef ENV
};

enum { ENVS = sizeof table / sizeof table[0], PATH_SIZE = 4096 };

static const char LIBRARY[] = "lib:";

const struct env_ops *world_env(int index)
{
    return index >= 0 && index < ENVS ? table[index] : NULL;
}

/* What must hold before any function of it is called. */
static int check_ops(const char *name, const struct env_ops *ops)
{
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

const char *world_library(const char *name)
{
    if (strncmp(name, LIBRARY, sizeof LIBRARY - 1)) return NULL;
    const char *path = name + sizeof LIBRARY - 1, *end = path + path_length(path), *file = path;
    for (const char *p = path; p < end; p++)
        if (*p == '/') file = p + 1;
    return file;
}

static bool there(const char *folder, const char *file)
{
    char path[2 * PATH_SIZE];
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)path_length(file), file);
    return !access(path, F_OK);
}

int world_whole_name(const char *name, char *whole, size_t size)
{
    const char *file = world_library(name), *path = name + sizeof LIBRARY - 1;
    char folder[PATH_SIZE], real[PATH_MAX];
    int n = snprintf(whole, size, "%s", name);
    if (file) {
        snprintf(folder, sizeof folder, "%.*s", file > path ? (int)(file - path) : 1, file > path ? path : ".");
        if (realpath(folder, real) && there(real, file))
            n = snprintf(whole, size, "%s%s/%s", LIBRARY, strcmp(real, "/") ? real : "", file);
    }
    if (n >= 0 && (size_t)n < size) return 0;
    return error_set("environment \"%.80s...\": its whole path has %d bytes, at most %zu are allowed", name, n,
                     size - 1);
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
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    foreign_end(&before);
    if (!library) {
        error_set("environment \"lib:%s\": cannot be loaded: %s", path, dlerror());
        return NULL;
    }
    const struct env_ops *ops = dlsym(library, "dunlin_env");
    if (!ops) error_set("environment \"lib:%s\": it has no symbol `dunlin_env` (const struct env_ops)", path);
    if (!ops || check_ops(path, ops)) {
        dlclose(library);
        return NULL;
    }
    return ops;
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
    char known[512];
    size_t used = 0;
    known[0] = '\0';
    for (int i = 0; i < ENVS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s, ", table[i]->name);
    error_set("unknown environment \"%.80s\"; known are %sor lib:PATH.so for one of your own", name, known);
    return NULL;
}

/* NULL, or what is wrong with the sizes. */
static const char *spec_fault(const struct env_spec *s, const struct env_ops *ops)
{
    if (s->obs_kind == ENV_OBS_FLOATS) {
        if (s->obs_dim <= 0) return "obs_dim must be positive";
        if (s->stack != 1) return "stack must be 1 with ENV_OBS_FLOATS";
        for (int i = 0; i < s->obs_dim; i++)
            if ((s->obs_scale && (!isfinite(s->obs_scale[i]) || s->obs_scale[i] == 0)) ||
                (s->obs_centre && !isfinite(s->obs_centre[i])))
                return "obs_centre and obs_scale must be finite, and obs_scale not 0";
    } else if (s->obs_kind == ENV_OBS_PLANE) {
        if (s->height <= 0 || s->width <= 0 || s->stack <= 0) return "height, width and stack must be positive";
        if (s->obs_centre || s->obs_scale) return "obs_centre and obs_scale must be NULL with ENV_OBS_PLANE";
    } else {
        return "obs_kind must be ENV_OBS_FLOATS or ENV_OBS_PLANE";
    }
    if (s->num_actions < 0 || s->action_dim < 0 || (s->num_actions > 0) == (s->action_dim > 0))
        return "exactly one of num_actions and action_dim must be positive, the other 0";
    if (s->action_dim > 0 && !(isfinite(s->action_low) && isfinite(s->action_high) && s->action_low < s->action_high))
        return "action_low must lie below action_high, both finite";
    if (s->action_repeat < 1) return "action_repeat must be at least 1";
    if (s->max_steps < 0) return "max_steps must not be negative";
    if (s->state_size == 0) return "state_size must be positive";
    if ((ops->save != NULL) != (s->save_size > 0)) return "save_size must be positive with `save` and 0 without";
    if (ops->render ? s->render_height <= 0 || s->render_width <= 0 : s->render_height != 0 || s->render_width != 0)
        return "render_height and render_width must be positive with `render` and 0 without";
    return NULL;
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
    world->foreign = world_library(name) != NULL;
    char err[768] = "it gives no reason";
    struct foreign before;
    foreign_begin(&before, true);
    const int refused = ops->open(&world->spec, &world->args, err, sizeof err);
    foreign_end(&before);
    if (refused) return error_set("environment \"%s\" cannot be opened: %s", name, err);
    const char *fault = spec_fault(&world->spec, ops);
    if (fault) return error_set("environment \"%s\": what its `open` answers cannot be used: %s", name, fault);
    world->policy = policy_for(&world->spec);
    return 0;
}

struct net_input world_input(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    if (s->obs_kind == ENV_OBS_FLOATS) return (struct net_input){.dim = s->obs_dim};
    return (struct net_input){.C = s->stack, .height = s->height, .width = s->width};
}

size_t world_obs_bytes(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    if (s->obs_kind == ENV_OBS_FLOATS) return (size_t)s->obs_dim * sizeof(float);
    return (size_t)s->height * (size_t)s->width;
}
