/* strange_env.c -- an environment plug-in for tests of what a library may do to the trainer; lib:PATH.so:ARG says what:
 * "spoil-open" and "spoil-reset" set locale, folder, handlers, rounding and umask there; "observation", "state",
 * "save" and "step" write more than was declared; "limit" declares max_steps 7 and does not keep it; "vast" declares
 * 2,000,000,000; "far" writes 4,000 bytes behind its observation in a step, and ends after 20; "dies" is rank 0's
 * death in a step; without ARG no episode ends. With STRANGE_MARK that file is made once the library is loaded. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dunlin/env.h"
static char arg[64];
static void spoil(void)
{
    setlocale(LC_ALL, "de_DE.UTF-8");
    if (chdir("/")) abort();
    signal(SIGTERM, SIG_IGN);
    fesetround(FE_UPWARD);
    umask(0);
}
__attribute__((constructor)) static void mark(void)
{
    const char *file = getenv("STRANGE_MARK");
    if (file) close(creat(file, 0600));
}
static int begin(struct env_spec *spec, const struct env_args *args, char *err, size_t size)
{
    (void)err, (void)size;
    strncpy(arg, args->arg, sizeof arg - 1);
    *spec = (struct env_spec){
        .obs_dim = 2, .stack = 1, .num_actions = 2, .action_repeat = 1, .state_size = 8, .save_size = 8};
    if (!strcmp(arg, "limit")) spec->max_steps = 7;
    if (!strcmp(arg, "vast")) spec->max_steps = 2000000000;
    if (!strcmp(arg, "spoil-open")) spoil();
    return 0;
}
static void reset(void *state, struct rng *rng, void *obs)
{
    (void)rng;
    memset(state, 0, !strcmp(arg, "state") ? 4000 : 8);
    memset(obs, 0, !strcmp(arg, "observation") ? 4000 : 8);
    if (!strcmp(arg, "spoil-reset")) spoil();
}
static struct env_step step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    memset(obs, 0, !strcmp(arg, "step") ? 12 : 8);
    if (!strcmp(arg, "dies") && rank && !strcmp(rank, "0")) raise(SIGKILL);
    const int n = ++*(int *)state;
    const bool far = !strcmp(arg, "far");
    if (far) ((char *)obs)[4000] = 0;
    return (struct env_step){.reward = action.index, .terminated = n == 20 && (far || !strncmp(arg, "spoil", 5))};
}
static size_t save(const void *state, void *bytes)
{
    memset(bytes, 0, !strcmp(arg, "save") ? 4000 : 8);
    memcpy(bytes, state, 8);
    return 8;
}
static int load(void *state, const void *bytes, size_t n)
{
    memcpy(state, bytes, n);
    return 0;
}
static const struct env_default defaults[] = {
    {NULL, "net", "mlp:8"}, {NULL, "eval-every", "0"}, {NULL, "lr", "0.0015"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API,
                                   .name = "strange",
                                   .help = "for tests",
                                   .defaults = defaults,
                                   .save = save,
                                   .load = load,
                                   .open = begin,
                                   .reset = reset,
                                   .step = step};
