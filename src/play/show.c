/* show.c -- see show.h. */
#include "play/show.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

static const double HOLD = 0.6; /* s that an episode's last picture stays */

void show_open(struct show *s, const struct player *player)
{
    const struct world *world = &player->setup.world;
    const struct env_spec *spec = &world->spec;
    s->player = player;
    s->sight = sight_of(world);
    if (spec->render_height)
        canvas_init(&s->canvas, spec->render_height, spec->render_width, spec->max_steps);
    else
        canvas_init(&s->canvas, s->sight.height, s->sight.width, spec->max_steps);
}

void show_close(struct show *s)
{
    canvas_free(&s->canvas);
}

/* Hands on the waiting picture; value NULL: it is an episode's last. */
static void emit(struct show *s, const double *value)
{
    const int times = value ? 1 : (int)fmax(1, round(HOLD * s->fps));
    canvas_draw(&s->canvas, s->score, s->player->setup.algo->heads == NET_HEADS_Q ? 'Q' : 'V', value);
    const int rc = s->picture(s->sink, s->canvas.rgb, times);
    s->waiting = false;
    if (rc < 0) snprintf(s->line, sizeof s->line, "%s", error_text()); /* evaluate_run() sets one of its own */
    s->failed = rc < 0;
    s->shown += times;
    s->full = rc > 0 || (s->most && s->shown >= s->most);
}

/* After a reset or a step. value belongs to the state before this step: so a picture waits for the step after it. */
static void see(void *arg, const void *state, const float *obs, double reward, double value, bool end)
{
    struct show *s = arg;
    if (s->full || s->failed) return;
    if (s->waiting) {
        emit(s, &value);
        if (s->full || s->failed) return;
        s->score += reward;
    } else { /* a reset */
        canvas_restart(&s->canvas);
        s->score = 0;
    }
    const struct world *world = &s->player->setup.world;
    if (world->spec.render_height)
        world_render(world, state, s->canvas.source);
    else
        sight_draw(&s->sight, world, obs, s->canvas.source);
    s->waiting = true;
    if (!end) return;
    emit(s, NULL);
    s->episodes++;
    s->sum += s->score;
}

/* The game has ended without a step that counts, and the next begins. */
static void leave_out(void *arg)
{
    struct show *s = arg;
    s->waiting = false;
}

/* Ends the play that nobody would see. */
static int nothing_to_see(void *arg)
{
    const struct show *s = arg;
    return s->full || s->failed;
}

int show_play(struct show *s, const struct evaluate_config *config, struct evaluate_result *result)
{
    struct evaluate_config cut = *config;
    const struct evaluate_hooks hooks = {.stop = nothing_to_see, .step = see, .left_out = leave_out, .arg = s};
    const struct setup *setup = &s->player->setup;
    if (s->most) cut.max_steps = s->most + 1;
    const int rc = evaluate_run(&cut, &setup->world, setup->net, s->player->theta, &hooks, result);
    if (!s->failed) return s->full ? 0 : rc;
    return error_set("%s", s->line);
}
