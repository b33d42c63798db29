/* strange_env.c -- an environment plug-in for tests of what a library may do to the trainer; lib:PATH.so:ARG says
 * what: "spoil-open" and "spoil-reset" set locale, folder, handlers, rounding and umask there; "observation",
 * "state", "save" and "step" write more than was declared; "limit" declares max_steps 7 and does not keep it; "vast"
 * declares 2,000,000,000; "far" writes 4,000 bytes behind its observation in a step, and ends after 20; "dies" is
 * rank 0's death in a step; "in-leaves" starts a process in the third reset that outlives its parent, "in-dies" is
 * an actor's death besides; "near" prints, rounds, goes away and writes too far in each call but `open` and `reset`,
 * and hangs at exit; "loud" prints much in `open`; "in-alarm" sets a timer there, "in-alarm-first" in the first reset;
 * "in-limit" lets no file grow from there on, "in-limit-third" from the third, "in-limit-hard" for good; without ARG no
 * episode ends. With STRANGE_MARK that file is made once the library is loaded. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dunlin/env.h"
static char arg[64];
static int resets;
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
/* Holds what it has inherited for 15 s, and leaves a mark where nobody has ended it. */
static void leave_a_process(void)
{
    if (fork()) return;
    setsid();
    if (fork()) _exit(0);
    sleep(15);
    close(creat("slept", 0600));
    _exit(0);
}
static bool near(void)
{
    if (strcmp(arg, "near") != 0) return false;
    if (fegetround() != FE_TONEAREST) abort(); /* it was not put back */
    fesetround(FE_UPWARD);
    printf("chatter\n");
    return true;
}
static void hang(void)
{
    for (;;) pause();
}
static int rank(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return rank ? atoi(rank) : -1;
}
static void in_reset(int n)
{
    const char *what = strncmp(arg, "in-", 3) ? "" : arg + 3;
    if (n == 3 && (!strcmp(what, "leaves") || !strcmp(what, "dies"))) leave_a_process();
    if (n == 3 && !strcmp(what, "dies") && rank() == 1) raise(SIGKILL);
    if (n == 3 && !strcmp(what, "alarm")) ualarm(1000, 0);
    if (n == 1 && !strcmp(what, "alarm-first")) ualarm(200000, 0);
    if (n == 1 && !strcmp(what, "limit")) setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
    if (n == 3 && !strcmp(what, "limit-third")) setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
    if (n == 1 && !strcmp(what, "limit-hard")) setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
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
    if (!strcmp(arg, "near")) atexit(hang);
    for (int i = 0; i < 5000 && !strcmp(arg, "loud"); i++) printf("chatter as long as a line of findings\n");
    spec->render_height = spec->render_width = 8;
    return 0;
}
static void reset(void *state, struct rng *rng, void *obs)
{
    (void)rng;
    memset(state, 0, !strcmp(arg, "state") ? 4000 : 8);
    memset(obs, 0, !strcmp(arg, "observation") ? 4000 : 8);
    if (!strcmp(arg, "spoil-reset")) spoil();
    in_reset(++resets);
}
static struct env_step step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    (void)rng;
    memset(obs, 0, !strcmp(arg, "step") ? 12 : 8);
    near();
    if (!strcmp(arg, "dies") && rank() == 0) raise(SIGKILL);
    const int n = ++*(int *)state;
    const bool far = !strcmp(arg, "far"),
               ends = far || !strncmp(arg, "spoil", 5) || !strncmp(arg, "in-", 3) || !strcmp(arg, "near");
    if (far) ((char *)obs)[4000] = 0;
    return (struct env_step){.reward = action.index, .terminated = n == 20 && ends};
}
static size_t save(const void *state, void *bytes)
{
    static int saves;
    memset(bytes, 0, !strcmp(arg, "save") || (near() && ++saves > 1) ? 4000 : 8);
    memcpy(bytes, state, 8);
    return 8;
}
static int load(void *state, const void *bytes, size_t n)
{
    memcpy(state, bytes, n);
    near();
    return 0;
}
static void render(const void *state, uint8_t *rgb)
{
    (void)state;
    memset(rgb, 100, 192);
    if (near() && chdir("/")) abort();
}
static const struct env_default defaults[] = {
    {NULL, "net", "mlp:8"}, {NULL, "eval-every", "0"}, {NULL, "lr", "0.0015"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API,
                                   .name = "strange",
                                   .help = "for tests",
                                   .defaults = defaults,
                                   .save = save,
                                   .load = load,
                                   .render = render,
                                   .open = begin,
                                   .reset = reset,
                                   .step = step};
