/* game.c -- see game.h. */
#include "check/game.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "check/watch.h"

enum { FAULTS_MOST = 100, FAILED_MOST = 5, ENDLESS_MOST = 3, LOOKS_MOST = 5000, LOOKS_LEAST = 32 };
static const double SECONDS_LEAST = 0.5;   /* speed and memory show only then */
static const long GROWTH_LEAST = 1L << 19; /* bytes; less is the allocator's own */

/* What an observation holds before it is written. */
static const uint32_t NUMBER_FILL = 0x7FC0A5A5; /* a NaN that no computation yields */
static const uint8_t PIXEL_FILL[] = {0xA5, 0x5A};

struct run {
    struct check_game *g;
    const struct check_limits *limits;
    struct instance in;
    bool open, fill;
    int64_t looks; /* at what was written */
    uint8_t *kept; /* (bytes of a picture) has it always kept the one fill (1), the other (2) */
    int64_t rss_steps[2], rss[2], rss_next;
    bool hold; /* one action for the whole episode */
};

void *check_room(const struct world *world)
{
    return memory_floats((size_t)world->policy.size);
}

struct env_action check_action(const struct world *world, struct rng *rng, bool extreme, void *room)
{
    const struct env_spec *s = &world->spec;
    float *vector = room;
    const struct env_action action = world_random_action(world, rng, room);
    for (int i = 0; extreme && i < s->action_dim; i++)
        vector[i] = rng_below(rng, 2) ? s->action_high[i] : s->action_low[i];
    return action;
}

static long resident_of(const char *process)
{
    char path[64];
    long pages = 0, all;
    snprintf(path, sizeof path, "/proc/%s/statm", process);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%ld %ld", &all, &pages) != 2) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Bytes of this process and of those that it has started: a Python environment grows in its own. */
static long resident(void)
{
    char path[64], child[16];
    long sum = resident_of("self");
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%15s", child) == 1) sum += resident_of(child);
    if (f) fclose(f);
    return sum;
}

static void fault(struct check_game *g, enum check_fault kind, const char *line)
{
    if (!g->faults[kind]++) snprintf(g->lines[kind], sizeof g->lines[kind], "%s", line);
}

static void fill(struct run *r)
{
    const size_t n = world_obs_bytes(r->g->world);
    if (!r->fill) return;
    if (r->in.picture) memset(r->in.picture, PIXEL_FILL[r->looks % 2], n);
    for (size_t i = 0; r->in.raw && i < n / sizeof(float); i++) memcpy(r->in.raw + i, &NUMBER_FILL, sizeof NUMBER_FILL);
}

static void tell_unwritten(struct run *r, const char *by, size_t left, size_t first)
{
    char line[200];
    const size_t numbers = world_obs_floats(r->g->world);
    r->fill = false; /* one finding is enough */
    if (left == numbers)
        snprintf(line, sizeof line, "%s does not write its observation", by);
    else
        snprintf(line, sizeof line, "%s leaves %zu of %zu numbers of its observation unwritten, the first at %zu", by,
                 left, numbers, first);
    fault(r->g, CHECK_UNWRITTEN, line);
}

/* Is something left of the fill? */
static bool unwritten(struct run *r, const char *by)
{
    const size_t numbers = world_obs_floats(r->g->world);
    size_t left = 0, first = 0;
    if (!r->fill) return false;
    const int which = (int)(r->looks++ % 2);
    for (size_t i = numbers; r->in.raw && i-- > 0;)
        if (!memcmp(r->in.raw + i, &NUMBER_FILL, sizeof NUMBER_FILL)) left++, first = i;
    for (size_t i = 0; r->in.picture && i < numbers; i++) {
        const bool kept = r->in.picture[i] == PIXEL_FILL[which];
        if (!kept) r->kept[i] &= (uint8_t) ~(1 << which);
        left += kept;
    }
    if (r->in.picture && left < numbers) left = 0; /* a picture may show some such pixels: see unwritten_pixels() */
    if (left)
        tell_unwritten(r, by, left, first);
    else
        r->fill = r->looks < LOOKS_MOST;
    return left > 0;
}

/* A pixel that has kept both fills whenever it was looked at. */
static void unwritten_pixels(struct run *r)
{
    size_t left = 0, first = 0;
    for (size_t i = world_obs_bytes(r->g->world); r->in.picture && r->looks >= LOOKS_LEAST && i-- > 0;)
        if (r->kept[i] == 3) left++, first = i;
    if (left && !r->g->faults[CHECK_UNWRITTEN]) tell_unwritten(r, "`step`", left, first);
}

/* The newest observation into the ranges. */
static void look_at_obs(struct run *r)
{
    const struct frames *f = &r->in.frames;
    const float *obs = frames_newest(f);
    struct check_range *range = &r->g->obs;
    for (size_t i = 0; i < range->numbers; i++) {
        if (obs[i] < range->low[i]) range->low[i] = obs[i];
        if (obs[i] > range->high[i]) range->high[i] = obs[i];
    }
}

/* An instance, anew: what lies behind its memory is whole again. 0, or -1 after error_set(). */
static int open_instance(struct run *r)
{
    struct check_game *g = r->g;
    if (r->open) instance_close(&r->in);
    r->open = true;
    check_calls(CHECK_IN_INIT);
    const struct rng rng = rng_make(r->limits->seed, 1, RNG_ENV, (int)g->episodes);
    return instance_open(&r->in, g->world, rng, g->world->spec.stack + 1);
}

/* After a call that failed: counts why. 0, or -1 after error_set() where there is no going on. */
static int take_fault(struct run *r)
{
    struct check_game *g = r->g;
    enum check_fault kind = CHECK_BOUNDS;
    if (r->in.fault == INSTANCE_FAILED) kind = CHECK_FAILED;
    if (r->in.fault == INSTANCE_BAD_REWARD) kind = CHECK_REWARD;
    for (size_t i = 0; r->in.fault == INSTANCE_BAD_OBSERVATION && r->in.raw && i < world_obs_floats(g->world); i++)
        if (!isfinite(r->in.raw[i])) kind = CHECK_NUMBER;
    fault(g, kind, error_text());
    return kind == CHECK_BOUNDS ? open_instance(r) : 0;
}

static bool begin(struct run *r)
{
    const int64_t at = clock_ns();
    fill(r);
    check_calls(CHECK_IN_RESET);
    const int rc = instance_reset(&r->in);
    r->g->seconds += 1e-9 * (double)(clock_ns() - at);
    if (rc && r->in.fault == INSTANCE_FAILED) return false; /* it has written nothing */
    if (unwritten(r, "`reset`")) return true;
    if (!rc) look_at_obs(r);
    return !rc;
}

static void end_episode(struct run *r, const struct env_step *s)
{
    struct check_game *g = r->g;
    const int64_t n = r->in.steps;
    g->terminated += s->terminated;
    g->truncated += s->truncated && !s->terminated;
    g->both += s->terminated && s->truncated;
    g->at_limit += s->terminated && n == g->max_steps;
    g->longest = n > g->longest ? n : g->longest;
    g->shortest = !g->episodes || n < g->shortest ? n : g->shortest;
    g->return_low = fmin(g->return_low, r->in.ret);
    g->return_high = fmax(g->return_high, r->in.ret);
    g->return_sum += r->in.ret;
    g->episodes++;
}

static void watch_memory(struct run *r)
{
    if (r->g->steps < r->rss_next) return;
    r->rss[0] = r->rss[1], r->rss_steps[0] = r->rss_steps[1];
    r->rss[1] = resident(), r->rss_steps[1] = r->g->steps;
    r->rss_next = 2 * r->g->steps;
}

/* One step: 1 where the episode goes on, 0 where it has ended, -1 where a fault ended it. */
static int step(struct run *r, struct env_action action)
{
    struct check_game *g = r->g;
    struct env_step s;
    const int64_t at = clock_ns();
    fill(r);
    check_calls(CHECK_IN_STEP);
    instance_post(&r->in, action);
    const int rc = instance_step(&r->in, action, &s);
    g->seconds += 1e-9 * (double)(clock_ns() - at);
    g->steps++;
    watch_memory(r);
    const bool end = s.terminated || s.truncated;
    if (rc && r->in.fault == INSTANCE_FAILED) return -1;                          /* it has written nothing */
    if (unwritten(r, end ? "the last `step` of an episode" : "`step`")) return 0; /* given up */
    if (rc) return -1;
    g->reward_low = fmin(g->reward_low, s.reward);
    g->reward_high = fmax(g->reward_high, s.reward);
    look_at_obs(r);
    const bool over = !end && g->max_steps > 0 && r->in.steps >= g->max_steps;
    const bool endless = !end && !over && r->in.steps >= CHECK_ENDLESS;
    g->over += over;
    g->endless += endless;
    if (end || over) end_episode(r, &s);
    return !(end || over || endless);
}

/* 0, or -1 after error_set() where there is no going on. */
static int episode(struct run *r, double until)
{
    struct check_game *g = r->g;
    const bool hold = g->episodes % 4 == 3, extreme = g->episodes % 2 == 1;
    if (!begin(r)) return take_fault(r);
    struct env_action action = check_action(g->world, &g->policy, extreme, g->room);
    for (;;) {
        const int goes_on = step(r, action);
        if (goes_on < 0) return take_fault(r);
        if (!goes_on) return 0;
        if (clock_seconds() > until) break;
        if (!hold) action = check_action(g->world, &g->policy, extreme, g->room);
    }
    g->late = g->episodes < r->limits->episodes;
    return 0;
}

/* Growth since there were half to three quarters of the steps. */
static void judge_memory(struct run *r)
{
    struct check_game *g = r->g;
    const int since = r->rss_steps[1] * 4 <= g->steps * 3 ? 1 : 0;
    const int64_t steps = g->steps - r->rss_steps[since], grown = resident() - r->rss[since];
    g->bytes_a_step = r->rss_steps[since] && steps > 0 && grown > GROWTH_LEAST ? (double)grown / (double)steps : 0;
}

/* Too many to go on; so many failures in a row end an actor, and each may cost the start of a process. */
static bool spoilt(const struct check_game *g)
{
    int64_t sum = 0;
    for (int k = 0; k < CHECK_FAULTS; k++) sum += g->faults[k];
    return sum >= FAULTS_MOST || g->faults[CHECK_FAILED] >= FAILED_MOST;
}

static void take_room(struct check_game *g)
{
    g->room = check_room(g->world);
    g->obs.numbers = world_obs_floats(g->world);
    g->obs.low = memory_floats(g->obs.numbers);
    g->obs.high = memory_floats(g->obs.numbers);
    for (size_t i = 0; i < g->obs.numbers; i++) g->obs.low[i] = INFINITY, g->obs.high[i] = -INFINITY;
    g->reward_low = g->return_low = INFINITY;
    g->reward_high = g->return_high = -INFINITY;
}

int check_game_play(struct check_game *g, struct world *world, const struct check_limits *limits)
{
    struct run r = {.g = g, .limits = limits, .fill = true, .rss_next = 64};
    const bool foreign = world->foreign;
    *g = (struct check_game){.world = world, .max_steps = world->spec.max_steps};
    g->policy = rng_make(limits->seed, 1, RNG_POLICY, 0);
    take_room(g);
    world->foreign = true; /* with guard bytes, whosesoever it is */
    world->spec.max_steps = 0;
    r.kept = memory_new(world_obs_bytes(world), 1);
    memset(r.kept, 3, world_obs_bytes(world));
    int rc = open_instance(&r);
    const double start = clock_seconds(); /* Python may take a while to start */
    while (!rc && !spoilt(g) && g->endless < ENDLESS_MOST) {
        const double spent = clock_seconds() - start;
        if (g->late || spent > limits->seconds) break;
        if (g->episodes >= limits->episodes && spent > SECONDS_LEAST) break;
        rc = episode(&r, start + limits->seconds);
    }
    g->spoilt = spoilt(g);
    if (!rc) judge_memory(&r);
    unwritten_pixels(&r);
    check_calls(CHECK_IN_FREE);
    instance_close(&r.in);
    free(r.kept);
    check_calls(CHECK_IN_NONE);
    world->foreign = foreign;
    world->spec.max_steps = g->max_steps;
    return rc;
}

void check_game_free(struct check_game *g)
{
    free(g->room);
    free(g->obs.low), free(g->obs.high);
    *g = (struct check_game){0};
}
