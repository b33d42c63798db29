/* metered_env.c -- an environment plug-in for tests of what dies: DUNLIN_METER microseconds a step (default 1000)
 * whatever the machine, so that frames are as good as a clock; and it crashes or hangs on request.
 *
 * A walk of 50 steps with a reward for each step to the right. Where the folder DUNLIN_FAULTS holds a file "crash-R" or
 * "hang-R" for this process's rank R, the next step writes through a null pointer, or never returns; with "slow-R" it
 * takes DUNLIN_SLOW seconds, once; with "init-R" its environment does not come up; with DUNLIN_HANGS=open or reset that
 * function never returns. Each opening of the environment is a line "WHO environment"
 * in the file DUNLIN_OPENS, as counted_opens.c has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dunlin/env.h"

enum { STEPS = 50 };

struct walk {
    int place, t;
};

static useconds_t meter = 1000;
static char crash[512], hang[512], slow[512], no_init[512];

static void count_opening(void)
{
    const char *to = getenv("DUNLIN_OPENS"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    FILE *f = to ? fopen(to, "a") : NULL;
    if (!f) return;
    fprintf(f, "%s environment\n", rank ? rank : "launcher");
    fclose(f);
}

static void hang_in(const char *where)
{
    const char *asked = getenv("DUNLIN_HANGS");
    while (asked && !strcmp(asked, where)) {}
}

static int metered_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    const char *us = getenv("DUNLIN_METER"), *dir = getenv("DUNLIN_FAULTS"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    (void)args, (void)err, (void)err_size;
    count_opening();
    hang_in("open");
    *spec = (struct env_spec){.obs_kind = ENV_OBS_FLOATS,
                              .obs_dim = 2,
                              .stack = 1,
                              .num_actions = 2,
                              .action_repeat = 1,
                              .max_steps = STEPS,
                              .state_size = sizeof(struct walk)};
    if (us) meter = (useconds_t)atoi(us);
    if (dir && rank) {
        snprintf(crash, sizeof crash, "%.480s/crash-%.16s", dir, rank);
        snprintf(hang, sizeof hang, "%.480s/hang-%.16s", dir, rank);
        snprintf(slow, sizeof slow, "%.480s/slow-%.16s", dir, rank);
        snprintf(no_init, sizeof no_init, "%.480s/init-%.16s", dir, rank);
    }
    return 0;
}

static int metered_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    (void)state, (void)args;
    if (!*no_init || access(no_init, F_OK)) return 0;
    snprintf(err, err_size, "not on this rank");
    return -1;
}

static void observe(const struct walk *w, float *obs)
{
    obs[0] = (float)w->place / STEPS;
    obs[1] = (float)w->t / STEPS;
}

static void metered_reset(void *state, struct rng *rng, void *obs)
{
    struct walk *w = state;
    (void)rng;
    hang_in("reset");
    *w = (struct walk){0, 0};
    observe(w, obs);
}

static struct env_step metered_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct walk *w = state;
    (void)rng;
    if (meter) usleep(meter);
    if (*crash && !access(crash, F_OK)) *(volatile int *)NULL = 1;
    while (*hang && !access(hang, F_OK)) {}
    if (*slow && !unlink(slow)) sleep((unsigned)atoi(getenv("DUNLIN_SLOW")));
    w->place += action.index ? 1 : -1;
    w->t++;
    observe(w, obs);
    return (struct env_step){.reward = action.index ? 1 : 0, .terminated = w->t == STEPS};
}

static const struct env_default defaults[] = {{NULL, "net", "mlp:32"}, {NULL, "eval-every", "0"}, {NULL, NULL, NULL}};

const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API,
                                   .name = "metered",
                                   .help = "for tests",
                                   .defaults = defaults,
                                   .plain_state = true,
                                   .open = metered_open,
                                   .init = metered_init,
                                   .reset = metered_reset,
                                   .step = metered_step};
