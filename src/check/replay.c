/* replay.c -- see replay.h. */
#include "check/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "check/game.h"
#include "check/say.h"
#include "check/watch.h"
#include "learn/instance.h"

enum { GUARD = 4096, GUARD_BYTE = 0xA5, SAVES = 3, TRIES = 100 };

/* Plays with an action stream of its own. */
struct player {
    struct instance in;
    struct rng policy;
    void *room;
    bool over; /* the next step is a reset */
};

static int player_open(struct player *p, const struct world *world, uint64_t seed, int stream)
{
    *p = (struct player){.policy = rng_make(seed, 1, RNG_POLICY, stream), .over = true};
    p->room = check_room(world);
    check_calls(CHECK_IN_INIT);
    return instance_open(&p->in, world, rng_make(seed, 1, RNG_ENV, stream), world->spec.stack + 1);
}

static void player_close(struct player *p)
{
    check_calls(CHECK_IN_FREE);
    if (p->in.world) instance_close(&p->in);
    check_calls(CHECK_IN_NONE);
    free(p->room);
    *p = (struct player){0};
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    for (uint64_t word; n; at += sizeof word) {
        const size_t some = n < sizeof word ? n : sizeof word;
        word = 0;
        memcpy(&word, at, some);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
        hash ^= hash >> 29;
        n -= some;
    }
    return hash;
}

/* A reset or a step; what came of it as one number. */
static uint64_t play_on(struct player *p)
{
    const struct world *w = p->in.world;
    struct env_step s = {0};
    int rc;
    if (p->over) {
        check_calls(CHECK_IN_RESET);
        rc = instance_reset(&p->in);
    } else {
        const struct env_action action = check_action(w, &p->policy, false, p->room);
        check_calls(CHECK_IN_STEP);
        instance_post(&p->in, action);
        rc = instance_step(&p->in, action, &s);
    }
    p->over = rc || s.terminated || s.truncated;
    const struct frames *f = &p->in.frames;
    const double facts[] = {s.reward, s.terminated, s.truncated, s.life_lost, rc};
    const uint64_t hash = mix(0xCBF29CE484222325ULL, facts, sizeof facts);
    return rc ? hash : mix(hash, frames_newest(f), f->size * sizeof(float));
}

/* Plays `trace` again; beside: another instance, which takes a step before each. The first step that differs, or -1. */
static int first_other(struct player *p, struct player *beside, const uint64_t *trace, int steps)
{
    for (int i = 0; i < steps; i++) {
        if (beside) play_on(beside);
        if (play_on(p) != trace[i]) return i;
    }
    return -1;
}

int check_replay(const struct world *world, uint64_t seed, int steps, bool *repeats)
{
    struct player once = {0}, again = {0}, third = {0}, beside = {0};
    uint64_t *trace = memory_new((size_t)steps, sizeof *trace);
    int rc = player_open(&once, world, seed, 0);
    for (int i = 0; !rc && i < steps; i++) trace[i] = play_on(&once);
    player_close(&once);
    if (!rc) rc = player_open(&again, world, seed, 0);
    const int differs = rc ? -1 : first_other(&again, NULL, trace, steps);
    player_close(&again);
    if (!rc) rc = player_open(&beside, world, seed, 1);
    if (!rc) rc = player_open(&third, world, seed, 0);
    const int disturbed = rc || differs >= 0 ? -1 : first_other(&third, &beside, trace, steps);
    player_close(&third);
    player_close(&beside);
    free(trace);
    if (rc) return -1;
    *repeats = differs < 0 && disturbed < 0;
    if (differs >= 0)
        check_say(CHECK_DOUBTFUL, "same seed",
                  "another episode, from call %d on: chance comes from elsewhere than its stream, and no run can be "
                  "repeated",
                  differs);
    else
        check_say(CHECK_OK, "same seed", "the same %d calls again", steps);
    if (disturbed >= 0)
        check_say(CHECK_WRONG, "instances",
                  "two disturb each other, from call %d on: something is kept outside of their states", disturbed);
    else if (differs < 0)
        check_say(CHECK_OK, "instances", "two at once do not disturb each other");
    return 0;
}

/* Plays on from a saved state in another instance, and then in the same one. What is wrong, or NULL. */
static const char *saved_once(struct player *p, struct player *other, int steps, char *line, size_t size)
{
    const char *bad = NULL;
    bool whole, fresh = false;
    uint8_t *bytes = memory_new(instance_state_size(&p->in), 1);
    uint64_t *trace = memory_new((size_t)steps, sizeof *trace);
    check_calls(CHECK_IN_SAVE);
    const size_t n = instance_save(&p->in, bytes, &whole);
    const struct rng policy = p->policy;
    const bool over = p->over;
    for (int i = 0; i < steps; i++) trace[i] = play_on(p);
    struct player *const into[] = {other, p};
    for (int k = 0; k < 2 && !bad; k++) {
        struct player *q = into[k];
        check_calls(CHECK_IN_LOAD);
        if (instance_load(&q->in, bytes, n, &fresh) < 0) {
            snprintf(line, size, "%s", error_text());
            bad = line;
            break;
        }
        q->policy = policy, q->over = over;
        const int at = first_other(q, NULL, trace, steps);
        if (at >= 0)
            snprintf(line, size, "a loaded state plays another episode, from call %d on%s", at,
                     k ? "" : ", in another instance"),
                bad = line;
    }
    free(bytes), free(trace);
    return bad;
}

int check_saved(const struct world *world, uint64_t seed, int steps, bool repeats)
{
    struct player p = {0}, other = {0};
    char line[512];
    const char *bad = NULL;
    const bool saves = world->ops->save && world->ops->load;
    if (!saves && !world->ops->plain_state) {
        check_say(CHECK_OK, "save, load", "none: a resume begins new episodes");
        return 0;
    }
    if (!repeats) {
        check_say(CHECK_DOUBTFUL, "save, load", "cannot be told as long as that is so");
        return 0;
    }
    int rc = player_open(&p, world, seed, 2);
    if (!rc) rc = player_open(&other, world, seed, 3);
    for (int k = 0; !rc && !bad && k < SAVES; k++) {
        for (int i = 0; i < steps / (2 * SAVES); i++) play_on(&p);
        for (int tries = 0; p.over && tries < TRIES; tries++) play_on(&p); /* what is saved is an episode's middle */
        play_on(&other);
        if (p.over) continue;
        bad = saved_once(&p, &other, steps / SAVES, line, sizeof line);
    }
    player_close(&other);
    player_close(&p);
    if (rc) return -1;
    if (bad)
        check_say(CHECK_WRONG, "save, load", "%s", bad);
    else
        check_say(CHECK_OK, "save, load", "exact, by %s", saves ? "`save` and `load`" : "the state's bytes");
    return 0;
}

int check_render(const struct world *world, uint64_t seed)
{
    const struct env_spec *s = &world->spec;
    const size_t n = (size_t)s->render_height * (size_t)s->render_width * 3;
    struct player p;
    bool over = false;
    if (!s->render_height) {
        check_say(CHECK_OK, "render", "none: a recording shows the observations");
        return 0;
    }
    if (player_open(&p, world, seed, 4)) {
        player_close(&p);
        return -1;
    }
    uint8_t *rgb = memory_new(n + GUARD, 1);
    memset(rgb + n, GUARD_BYTE, GUARD);
    for (int i = 0; i < 20 && !over; i++) {
        play_on(&p);
        check_calls(CHECK_IN_RENDER);
        world_render(world, p.in.state, rgb);
        for (size_t k = 0; k < GUARD; k++) over |= rgb[n + k] != GUARD_BYTE;
    }
    player_close(&p);
    free(rgb);
    if (over)
        check_say(CHECK_WRONG, "render", "writes more than the %zu bytes of %dx%d pixels", n, s->render_height,
                  s->render_width);
    else
        check_say(CHECK_OK, "render", "%dx%d pixels", s->render_height, s->render_width);
    return 0;
}
