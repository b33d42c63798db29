/* instance.c -- see instance.h. A NaN that enters here would reach theta and through it every actor, so every number
 * the environment answers is looked at. */
#include "learn/instance.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "learn/foreign.h"

/* Behind what a library writes: room for the usual mistake (a picture of floats where bytes were declared), so that it
 * is named before it meets the allocator's own bytes. The nearest are looked at in each step, all of them where an
 * episode begins or ends. */
enum { GUARD = 32768, GUARD_NEAR = 64, GUARD_BYTE = 0xA5 };

/* n zeroed bytes, and guard bytes behind them where a library writes there. */
static void *guarded(const struct world *world, size_t n)
{
    uint8_t *at = memory_new(1, n + (world->foreign ? GUARD : 0));
    if (world->foreign) memset(at + n, GUARD_BYTE, GUARD);
    return at;
}

static bool overrun(const void *at, size_t n, size_t look)
{
    const uint8_t *guard = (const uint8_t *)at + n;
    return guard[0] != GUARD_BYTE || memcmp(guard, guard + 1, look - 1) != 0;
}

/* 0, or -1 after error_set() where the library wrote beyond the sizes that its `open` answered. */
static int check_guards(struct instance *in, const char *when, bool whole)
{
    const struct world *w = in->world;
    if (!w->foreign) return 0;
    const size_t look = whole ? GUARD : GUARD_NEAR;
    const void *obs = in->picture ? (const void *)in->picture : in->raw;
    const bool state = overrun(in->state, w->spec.state_size, look);
    if (!state && !overrun(obs, world_obs_bytes(w), look)) return 0;
    in->fault = INSTANCE_BAD_OBSERVATION;
    if (state)
        return error_set("environment %s: it has written behind its state %s: state_size says %zu bytes, and it needs "
                         "more",
                         w->ops->name, when, w->spec.state_size);
    return error_set("environment %s: it has written behind its observation %s: %s %zu bytes, and it wrote more",
                     w->ops->name, when, in->picture ? "height, width and planes say" : "obs_dim says",
                     world_obs_bytes(w));
}

/* Around a call of the environment; whole: as in foreign_begin(). */
static void enter(const struct instance *in, struct foreign *before, bool whole)
{
    if (in->world->foreign) foreign_begin(before, whole);
}

static void leave(const struct instance *in, const struct foreign *before)
{
    if (in->world->foreign) foreign_end(before);
}

static int init(struct instance *in, char *err, size_t err_size)
{
    const struct world *w = in->world;
    struct foreign before;
    if (!w->ops->init) return 0;
    enter(in, &before, true);
    const int rc = w->ops->init(in->state, &w->args, err, err_size);
    leave(in, &before);
    return rc;
}

int instance_open(struct instance *in, const struct world *world, struct rng rng, int N)
{
    const struct env_spec *spec = &world->spec;
    *in = (struct instance){.world = world, .rng = rng};
    in->state = guarded(world, spec->state_size);
    frames_new(&in->frames, world_obs_floats(world), spec->planes, spec->stack, N);
    if (spec->obs_kind == ENV_OBS_PICTURE)
        in->picture = guarded(world, world_obs_floats(world));
    else if (world->foreign)
        in->raw = guarded(world, world_obs_bytes(world));
    char err[512] = "";
    if (init(in, err, sizeof err)) return error_set("environment %s: %s", world->ops->name, err);
    in->opened = true;
    return 0;
}

void instance_close(struct instance *in)
{
    struct foreign before;
    if (in->opened && in->world->ops->free) {
        enter(in, &before, false);
        in->world->ops->free(in->state);
        leave(in, &before);
    }
    free(in->state);
    free(in->picture);
    free(in->raw);
    frames_free(&in->frames);
    *in = (struct instance){0};
}

/* Takes in what the environment wrote to obs, where a picture still has to become floats; checks and scales floats.
 * edge: an episode begins or ends. */
static int take_in(struct instance *in, float *obs, const char *when, bool edge)
{
    const size_t n = in->frames.size;
    if (check_guards(in, when, edge)) return -1;
    if (in->raw) memcpy(obs, in->raw, n * sizeof *obs);
    if (in->picture) {
        frames_split(in->picture, in->frames.planes, obs, n / (size_t)in->frames.planes);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(obs[i])) {
            in->fault = INSTANCE_BAD_OBSERVATION;
            return error_set("environment %s: observation %zu of %zu is %g %s, step %lld of its episode; "
                             "observations must be finite",
                             in->world->ops->name, i, n, (double)obs[i], when, (long long)in->steps);
        }
    const float *centre = in->world->spec.obs_centre, *scale = in->world->spec.obs_scale;
    for (size_t i = 0; centre && i < n; i++) obs[i] -= centre[i];
    for (size_t i = 0; scale && i < n; i++) obs[i] *= scale[i];
    return 0;
}

/* Where the environment writes what becomes obs. */
static void *to(const struct instance *in, float *obs)
{
    return in->picture ? (void *)in->picture : in->raw ? in->raw : obs;
}

/* A library's saves go to where they can do no harm, then to `to` unless that is NULL. The bytes, or -1 after
 * error_set() where it needs more than it said. */
static long save(const struct instance *in, void *to)
{
    const struct world *w = in->world;
    struct foreign before;
    if (!w->foreign) return (long)w->ops->save(in->state, to);
    void *bytes = guarded(w, w->spec.save_size);
    foreign_begin(&before, false);
    const size_t used = w->ops->save(in->state, bytes);
    foreign_end(&before);
    const bool more = used > w->spec.save_size || overrun(bytes, w->spec.save_size, GUARD);
    if (!more && to) memcpy(to, bytes, used);
    free(bytes);
    if (!more) return (long)used;
    return error_set("environment %s: its `save` writes more than the %zu bytes that save_size says", w->ops->name,
                     w->spec.save_size);
}

static int try_save(struct instance *in)
{
    if (!in->world->foreign || !in->world->ops->save || save(in, NULL) >= 0) return 0;
    in->fault = INSTANCE_BAD_OBSERVATION;
    return -1;
}

/* 0, or -1 after error_set() with what the environment itself says. */
static int ask_failure(struct instance *in)
{
    const struct env_ops *ops = in->world->ops;
    const char *why = ops->failure ? ops->failure(in->state) : NULL;
    if (!why) return 0;
    in->fault = INSTANCE_FAILED;
    return error_set("environment %s: %s", ops->name, why);
}

int instance_reset(struct instance *in)
{
    float *obs = frames_first(&in->frames);
    in->ret = 0;
    in->steps = 0;
    in->began = false;
    struct foreign before;
    enter(in, &before, !in->was_reset);
    in->world->ops->reset(in->state, &in->rng, to(in, obs));
    leave(in, &before);
    if (ask_failure(in) || (!in->was_reset && try_save(in))) return -1;
    in->was_reset = true;
    if (take_in(in, obs, "after reset", true)) return -1;
    in->began = true;
    return 0;
}

static void cut_off(const struct instance *in, struct env_step *step)
{
    static bool told;
    step->truncated = true;
    if (!told)
        log_rank("environment %s: it declares max_steps %d and does not end an episode there: truncated by the trainer",
                 in->world->ops->name, in->world->spec.max_steps);
    told = true;
}

void instance_post(struct instance *in, struct env_action action)
{
    if (in->world->ops->post) in->world->ops->post(in->state, action);
}

/* Nothing but floating-point modes is put back here: they would change our next sum. */
static struct env_step play(struct instance *in, struct env_action action, void *obs)
{
    femode_t modes;
    if (in->world->foreign) fegetmode(&modes);
    const struct env_step step = in->world->ops->step(in->state, &in->rng, action, obs);
    if (in->world->foreign) fesetmode(&modes);
    return step;
}

int instance_step(struct instance *in, struct env_action action, struct env_step *step)
{
    float *obs = frames_next(&in->frames);
    *step = play(in, action, to(in, obs));
    in->steps++;
    if (ask_failure(in)) return -1;
    if (in->world->spec.max_steps > 0 && in->steps >= in->world->spec.max_steps && !step->terminated &&
        !step->truncated)
        cut_off(in, step);
    if (!isfinite(step->reward)) {
        in->fault = INSTANCE_BAD_REWARD;
        return error_set("environment %s: the reward is %g at step %lld of its episode; rewards must be finite",
                         in->world->ops->name, step->reward, (long long)in->steps);
    }
    in->ret += step->reward;
    return take_in(in, obs, "after step", step->terminated || step->truncated);
}

/* What precedes the environment's bytes and the observations. */
struct head {
    struct rng rng;
    double ret;
    int64_t steps;
    uint64_t env_bytes; /* 0: not saved */
    uint64_t obs_bytes;
};

/* What follows stays aligned, as an environment may expect of what it loads from. */
static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static size_t env_bytes_most(const struct world *world)
{
    if (world->ops->save && world->ops->load) return world->spec.save_size;
    return world->ops->plain_state ? world->spec.state_size : 0;
}

/* A pixel is kept as the byte it was. */
static size_t obs_bytes(const struct instance *in)
{
    return (size_t)in->frames.stack * in->frames.size * (in->picture ? 1 : sizeof(float));
}

size_t instance_state_size(const struct instance *in)
{
    return sizeof(struct head) + padded(env_bytes_most(in->world)) + padded(obs_bytes(in));
}

/* 0: not saved. */
static size_t save_or_tell(const struct instance *in, void *to)
{
    static bool told;
    const long used = save(in, to);
    if (used >= 0) return (size_t)used;
    if (!told) log_rank("%s; a resume begins its episode anew", error_text());
    told = true;
    return 0;
}

static int load(struct instance *in, const void *bytes, size_t n)
{
    struct foreign before;
    enter(in, &before, false);
    const int rc = in->world->ops->load(in->state, bytes, n);
    leave(in, &before);
    return rc;
}

size_t instance_save(const struct instance *in, void *bytes, bool *whole)
{
    const struct env_ops *ops = in->world->ops;
    const struct frames *f = &in->frames;
    uint8_t *at = (uint8_t *)bytes + sizeof(struct head);
    struct head head = {in->rng, in->ret, in->steps, 0, obs_bytes(in)};
    if (!in->began) /* a reset has failed: there is no state to go back to */
        head.env_bytes = 0;
    else if (ops->save && ops->load)
        head.env_bytes = save_or_tell(in, at);
    else if (ops->plain_state)
        memcpy(at, in->state, head.env_bytes = in->world->spec.state_size);
    *whole = head.env_bytes > 0;
    memcpy(bytes, &head, sizeof head);
    at += padded(head.env_bytes);
    for (int c = 0; c < f->stack; c++) {
        const float *obs = f->ring + (size_t)f->recent[c] * f->size;
        if (!in->picture)
            memcpy(at, obs, f->size * sizeof *obs);
        else
            for (size_t i = 0; i < f->size; i++) at[i] = (uint8_t)lrintf(obs[i] * 255.0f);
        at += head.obs_bytes / (size_t)f->stack;
    }
    return sizeof head + padded(head.env_bytes) + padded(head.obs_bytes);
}

long instance_load(struct instance *in, const void *bytes, size_t n, bool *fresh)
{
    const struct env_ops *ops = in->world->ops;
    const struct frames *f = &in->frames;
    struct head head;
    if (n < sizeof head) return error_set("environment %s: its saved state is cut short", ops->name);
    memcpy(&head, bytes, sizeof head);
    if (head.env_bytes > env_bytes_most(in->world) || head.obs_bytes != obs_bytes(in) ||
        sizeof head + padded(head.env_bytes) + padded(head.obs_bytes) > n)
        return error_set("environment %s: its saved state has %llu + %llu bytes, not at most %zu + %zu", ops->name,
                         (unsigned long long)head.env_bytes, (unsigned long long)head.obs_bytes,
                         env_bytes_most(in->world), obs_bytes(in));
    const uint8_t *at = (const uint8_t *)bytes + sizeof head;
    in->rng = head.rng;
    const long used = (long)(sizeof head + padded(head.env_bytes) + padded(head.obs_bytes));
    *fresh = head.env_bytes == 0;
    if (*fresh) return instance_reset(in) ? -1 : used;
    if (!(ops->save && ops->load)) {
        if (head.env_bytes != in->world->spec.state_size)
            return error_set("environment %s: its saved state has %llu bytes, not %zu", ops->name,
                             (unsigned long long)head.env_bytes, in->world->spec.state_size);
        memcpy(in->state, at, head.env_bytes);
    } else if (load(in, at, head.env_bytes)) {
        return error_set("environment %s does not take its saved state back", ops->name);
    }
    at += padded(head.env_bytes);
    in->began = true;
    in->ret = head.ret;
    in->steps = head.steps;
    for (int c = 0; c < f->stack; c++) {
        float *obs = frames_next(&in->frames);
        if (in->picture)
            frames_convert(at, obs, f->size);
        else
            memcpy(obs, at, f->size * sizeof *obs);
        at += head.obs_bytes / (size_t)f->stack;
    }
    return used;
}
