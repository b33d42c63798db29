/* mujoco.c -- MuJoCo's tasks, `mujoco:TASK`. What plays them lies in mujoco.so (sources in env/mujoco/), which
 * run/fetch-mujoco.sh puts into a folder together with the library and the models; here it is found, loaded and asked.
 * Most machines lack it, so nothing of it is linked. Todorov, Erez and Tassa 2012, "MuJoCo: a physics engine for
 * model-based control". */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/library.h"
#include "base/log.h"
#include "base/program.h"
#include "dunlin/env.h"
#include "mujoco_host.h"

#define FETCH "run/fetch-mujoco.sh brings MuJoCo"
#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)

static const struct env_ops *physics; /* NULL until it has been loaded */

static const struct program_folders folders = {
    .variable = "DUNLIN_MUJOCO_DIR",
    .beside = (const char *const[]){"mujoco", "../mujoco", "../lib/dunlin/mujoco", NULL}};

enum { FILE_MOST = PATH_MAX + 16 };

static void file_of(const char dir[PATH_MAX], char path[FILE_MOST])
{
    snprintf(path, FILE_MOST, "%s/mujoco.so", dir);
}

/* The first folder that has the library's file. False with a line in err: a folder that the user names and that lacks
 * it is not passed over for another. */
static bool find(char dir[PATH_MAX], char *err, size_t err_size)
{
    char looked[600], path[FILE_MOST];
    for (int i = 0; program_folder(&folders, i, dir, PATH_MAX); i++) {
        struct stat st;
        if (!dir[0]) continue;
        file_of(dir, path);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) return true;
        if (i == 0) {
            snprintf(err, err_size, "DUNLIN_MUJOCO_DIR is \"%.300s\", where no mujoco.so lies; " FETCH " there", dir);
            return false;
        }
    }
    snprintf(err, err_size, "no mujoco.so in %s; " FETCH " to build/mujoco; for another folder set DUNLIN_MUJOCO_DIR",
             program_folders_text(&folders, "", looked, sizeof looked));
    return false;
}

static void say(const char *line)
{
    log_rank("%s", line);
}

/* MuJoCo's own library in that folder, libmujoco.so.VERSION, which the loader takes along: why it cannot be used, or
 * NULL. Static text. */
static const char *cut_beside(const char *dir)
{
    static char line[PATH_MAX];
    char other[2 * PATH_MAX];
    const char *why = NULL;
    DIR *const d = opendir(dir);
    for (const struct dirent *e; d && !why && (e = readdir(d));) {
        static const char start[] = "libmujoco.so.";
        const char *const version = e->d_name + sizeof start - 1;
        if (strncmp(e->d_name, start, sizeof start - 1) != 0 || version[strspn(version, "0123456789.")]) continue;
        snprintf(other, sizeof other, "%s/%s", dir, e->d_name);
        why = library_cut(other);
        if (why) snprintf(line, sizeof line, "%.64s beside it: %s", e->d_name, why);
    }
    if (d) closedir(d);
    return why ? line : NULL;
}

/* Loads it once a process. 0, or -1 with a line in err. */
static int load(char *err, size_t err_size)
{
    char dir[PATH_MAX], path[FILE_MOST];
    if (physics) return 0;
    if (!find(dir, err, err_size)) return -1;
    file_of(dir, path);
    const char *reason = cut_beside(dir);
    void *library = reason ? NULL : library_open(path, &reason);
    const struct env_ops *ops = library ? dlsym(library, "dunlin_env") : NULL;
    void *const symbol = ops ? dlsym(library, NAME_OF(MUJOCO_HOST)) : NULL;
    if (!symbol || ops->api != DUNLIN_ENV_API) {
        const char *why = !library ? reason : symbol ? "it was built for another version of Dunlin" : dlerror();
        snprintf(err, err_size, "%s cannot be used: %s; " FETCH " anew, once that folder is removed", path,
                 why ? why : "it is another library");
        return -1;
    }
    mujoco_host *host;
    memcpy(&host, &symbol, sizeof symbol); /* ISO C has no cast from an object's to a function's pointer */
    host(say);
    physics = ops;
    return 0;
}

static int mujoco_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    return load(err, err_size) ? -1 : physics->open(spec, args, err, err_size);
}

static int mujoco_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    return physics->init(state, args, err, err_size);
}

static void mujoco_free(void *state)
{
    physics->free(state);
}

static void mujoco_reset(void *state, struct rng *rng, void *obs)
{
    physics->reset(state, rng, obs);
}

static struct env_step mujoco_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    return physics->step(state, rng, action, obs);
}

static size_t mujoco_save(const void *state, void *bytes)
{
    return physics->save(state, bytes);
}

static int mujoco_load(void *state, const void *bytes, size_t n)
{
    return physics->load(state, bytes, n);
}

static void mujoco_render(const void *state, uint8_t *rgb)
{
    physics->render(state, rgb);
}

static const char *mujoco_failure(void *state)
{
    return physics->failure(state);
}

static const struct env_default defaults[] = {
    {NULL, "net", "mlp:64,64"},
    {NULL, "activation", "tanh"},
    {NULL, "critic", "separate"},
    {NULL, "init", "orthogonal"},
    {NULL, "obs-norm", "true"},
    {NULL, "reward-norm", "true"},
    {NULL, "optimizer", "adam"},
    {NULL, "lr", "5e-4"},
    {NULL, "clip", "0.5"},
    {NULL, "gamma", "0.99"},
    {NULL, "gae", "0.95"},
    {NULL, "entropy", "0"},
    {NULL, "envs-per-actor", "4"},
    {NULL, "t-max", "128"},
    {"a3c", "epochs", "10"},
    {"a3c", "ppo-clip", "0.2"},
    {NULL, "frames", "1000000"},
    {NULL, "eval-every", "100000"},
    {NULL, "eval-episodes", "10"},
    {NULL, "checkpoint-every", "100000"},
    /* it goes on wherever it lies, and a gait found in wide noise leads no further */
    {NULL, "halfcheetah:log-sigma", "-1"},
    /* what it does pays late: whole episodes, few environments, looking far */
    {NULL, "swimmer:gamma", "0.999"},
    {NULL, "swimmer:gae", "0.995"},
    {NULL, "swimmer:lr", "1e-3"},
    {NULL, "swimmer:envs-per-actor", "1"},
    {NULL, "swimmer:t-max", "1000"},
    {"a3c", "swimmer:epochs", "20"},
    {NULL, NULL, NULL},
};

const struct env_ops env_mujoco = {
    .api = DUNLIN_ENV_API,
    .name = "mujoco",
    .help = "MuJoCo's tasks as in Gymnasium: mujoco:hopper, walker2d, halfcheetah, ... (see run/fetch-mujoco.sh)",
    .defaults = defaults,
    .not_learned_by = "n-step-q, one-step-q, one-step-sarsa, dqn",
    .open = mujoco_open,
    .init = mujoco_init,
    .free = mujoco_free,
    .reset = mujoco_reset,
    .step = mujoco_step,
    .save = mujoco_save,
    .load = mujoco_load,
    .render = mujoco_render,
    .failure = mujoco_failure,
};
