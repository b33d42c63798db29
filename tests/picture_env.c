/* picture_env.c -- an environment plug-in for tests of networks over pictures of any size: lib:PATH.so:HEIGHTxWIDTH.
 *
 * A dot begins in the middle of a row and goes left or right; it has won at the right edge and lost at the left one. */
#include <stdio.h>
#include <string.h>

#include "dunlin/env.h"

struct dot {
    int y, x;
};

static int height, width;

static int picture_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    if (sscanf(args->arg, "%dx%d", &height, &width) != 2 || height < 1 || width < 3) {
        snprintf(err, err_size, "its argument is HEIGHTxWIDTH, as in 32x40");
        return -1;
    }
    *spec = (struct env_spec){.obs_kind = ENV_OBS_PICTURE,
                              .height = height,
                              .width = width,
                              .stack = 2,
                              .num_actions = 2,
                              .action_repeat = 1,
                              .max_steps = 4 * width,
                              .state_size = sizeof(struct dot)};
    return 0;
}

static void draw(const struct dot *d, uint8_t *picture)
{
    memset(picture, 0, (size_t)height * (size_t)width);
    picture[d->y * width + d->x] = 255;
}

static void picture_reset(void *state, struct rng *rng, void *obs)
{
    struct dot *d = state;
    *d = (struct dot){rng_below(rng, height), width / 2};
    draw(d, obs);
}

static struct env_step picture_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct dot *d = state;
    (void)rng;
    d->x += action.index ? 1 : -1;
    draw(d, obs);
    const bool won = d->x == width - 1, lost = d->x == 0;
    return (struct env_step){.reward = won ? 1 : lost ? -1 : 0, .terminated = won || lost};
}

static const struct env_default defaults[] = {{NULL, "eval-every", "0"}, {NULL, "lr", "0.003"}, {NULL, NULL, NULL}};

const struct env_ops dunlin_env = {.api = DUNLIN_ENV_API,
                                   .name = "picture",
                                   .help = "for tests",
                                   .defaults = defaults,
                                   .plain_state = true,
                                   .open = picture_open,
                                   .reset = picture_reset,
                                   .step = picture_step};
