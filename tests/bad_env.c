/* bad_env.c -- an environment plug-in for tests of `dunlin check`: a walk of 5 to 20 steps; lib:PATH.so:ARG says
 * what is bad about it, as the names below do. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dunlin/env.h"

enum { SIDE = 32 };

struct walk {
    int t, length, place;
    int *elsewhere;
};

static char bad[32];
static int outside;
static const float low[] = {-1, 0}, high[] = {1, 4};

static bool is(const char *name)
{
    return !strcmp(bad, name);
}

static int begin(struct env_spec *spec, const struct env_args *args, char *err, size_t size)
{
    (void)err, (void)size;
    snprintf(bad, sizeof bad, "%s", args->arg);
    spec->obs_dim = is("sizes") && !args->training ? 4 : is("huge") ? 2000000000 : 3;
    if (is("huge-stack")) spec->obs_dim = 268435456, spec->stack = 16; /* 2^32 numbers, as an int 0 */
    spec->num_actions = 2;
    spec->max_steps = is("endless") ? 0 : is("limit") ? 4 : 20;
    spec->state_size = sizeof(struct walk);
    spec->save_size = sizeof(struct walk);
    spec->render_height = spec->render_width = 8;
    if (!strncmp(bad, "picture", 7)) {
        spec->obs_kind = ENV_OBS_PICTURE;
        spec->height = spec->width = is("picture-small") ? 5 : SIDE;
        spec->planes = 3;
    }
    if (is("corners")) {
        spec->num_actions = 0;
        spec->action_dim = 2;
        spec->action_low = low, spec->action_high = high;
    }
    return 0;
}

static int init(void *state, const struct env_args *args, char *err, size_t size)
{
    (void)state, (void)args;
    if (!is("init")) return 0;
    snprintf(err, size, "no emulator here");
    return -1;
}

static void show(struct walk *w, struct rng *rng, void *obs, bool last)
{
    float *x = obs;
    uint8_t *pixel = obs;
    if (is("unwritten") || (is("unwritten-last") && last)) return;
    if (!strncmp(bad, "picture", 7)) {
        for (int i = is("picture-part") ? 100 : 0; i < SIDE * SIDE * 3; i++)
            pixel[i] = (uint8_t)((i + w->t) % 2 * (is("picture-dark") ? 1 : 200));
        return;
    }
    x[0] = is("still") ? 1 : (float)w->place;
    if (!is("part")) x[1] = is("still") ? 1 : is("infinite") && w->t == 3 ? INFINITY : (float)rng_uniform(rng);
    x[2] = is("wide") ? 4000 + (float)w->place : is("rand") ? (float)rand() : 1;
    if (is("infinite-first")) x[0] = INFINITY;
    if (is("observation") && w->t == 3) memset(obs, 0, 3 * sizeof *x + 8);
}

static void reset(void *state, struct rng *rng, void *obs)
{
    struct walk *w = state;
    if (is("exit")) exit(3);
    if (!w->elsewhere || !is("pointer")) w->elsewhere = is("pointer") ? calloc(1, sizeof(int)) : NULL;
    w->t = w->place = outside = 0;
    w->length = 5 + rng_below(rng, 15);
    if (is("state")) memset(state, 0, sizeof *w + 8);
    show(w, rng, obs, false);
}

static double reward_of(struct walk *w, int to)
{
    if (is("poor")) return 0;
    if (is("rich")) return to ? 500 : -300;
    if (is("nan") && w->t == 4) return NAN;
    return is("outside") ? outside++ % 7 : is("pointer") ? ++*w->elsewhere % 7 : to;
}

static struct env_step step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct walk *w = state;
    int to = action.index;
    if (is("corners")) {
        if (action.vector[0] < -1 || action.vector[0] > 1 || action.vector[1] < 0 || action.vector[1] > 4) abort();
        to = action.vector[0] > 0;
    }
    w->t++;
    w->place += to ? 1 : -1;
    if (is("crash") && w->t == 4) *(volatile int *)NULL = 1;
    while (is("hang") && w->t == 4) {}
    if (is("slow")) usleep(12000);
    if (is("leak") && !malloc(400)) abort();
    struct env_step s = {.reward = reward_of(w, to), .terminated = w->t >= w->length};
    if (is("endless") || is("limit")) s.terminated = false;
    if (is("both")) s.truncated = s.terminated;
    if (is("at-limit")) s.terminated = w->t == 20;
    show(w, rng, obs, s.terminated);
    return s;
}

static size_t save(const void *state, void *bytes)
{
    memcpy(bytes, state, sizeof(struct walk));
    if (is("save")) memset(bytes, 0, sizeof(struct walk) + 16);
    return sizeof(struct walk);
}

static int load(void *state, const void *bytes, size_t n)
{
    struct walk *w = state;
    if (is("refuse")) return -1;
    memcpy(state, bytes, n);
    if (is("load")) w->place = 0;
    return 0;
}

static void render(const void *state, uint8_t *rgb)
{
    (void)state;
    memset(rgb, 100, (is("render") ? 9 : 8) * 8 * 3);
}

static const char *failure(void *state)
{
    return is("failure") && ((struct walk *)state)->t == 2 ? "the game is gone" : NULL;
}

#ifndef KEY
#define KEY "eval-every"
#endif
static const struct env_default defaults[] = {{NULL, KEY, "0"}, {NULL, NULL, NULL}};
const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API,
                                   .name = "bad",
                                   .help = "for tests",
                                   .defaults = defaults,
                                   .open = begin,
                                   .init = init,
                                   .reset = reset,
                                   .step = step,
                                   .save = save,
                                   .load = load,
                                   .render = render,
                                   .failure = failure};
