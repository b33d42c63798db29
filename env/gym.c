/* gym.c -- environments written in Python, of Gymnasium or alike: gym:ID, gym:MODULE:ID, gym:FILE.py:FUNCTION, with
 * ?key=value&... behind. One process of Python holds all of this process: bridge.h. It starts when the environment is
 * opened, ends with its last instance, and is started again where it has died: its episodes are lost then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area.h"
#include "base/log.h"
#include "base/memory.h"
#include "bridge.h"
#include "dunlin/env.h"

enum { STACK = 4, TEXT = 512 };

enum phase { IDLE, ASKED, ANSWERED };

struct gym {        /* an instance */
    uint64_t birth; /* of the process that holds it; 0: none does */
    uint16_t slot;
    bool failed; /* the last reset or step */
};

/* Of this process: what stands here was opened, and is opened alike for training and playing. */
static struct {
    struct bridge bridge;
    char name[TEXT], python[TEXT];
    bool grey, opened;
    int instances;
    bool used[BRIDGE_SLOTS];
    enum phase phase[BRIDGE_SLOTS];
    uint16_t asked[BRIDGE_SLOTS]; /* slots whose actions wait for the next message */
    int waiting;
    int starter; /* the slot for which no process could be started: it alone tries again; -1: none */
    float *constants;
    int *parts;
} g;

static const struct env_default defaults[] = {
    {NULL, "envs-per-actor", "8"},        {NULL, "lr", "0.003"},          {NULL, "rms-eps", "0.01"},
    {NULL, "frames", "1000000"},          {NULL, "eps-frames", "400000"}, {NULL, "target-every", "2000"},
    {NULL, "checkpoint-every", "200000"}, {NULL, "eval-every", "100000"}, {NULL, NULL, NULL},
};

static void *row(int64_t at, int64_t size, int slot)
{
    return g.bridge.map + at + size * slot;
}

/* ---- opening ---- */

static bool opened_alike(const struct env_args *args, const char *python, int frame_skip)
{
    return g.opened && !strcmp(g.name, args->arg) && !strcmp(g.python, python) && g.grey == args->grey &&
           g.bridge.order.frame_skip == frame_skip && (g.bridge.order.render || !args->draws);
}

/* What the process told of bounds, sizes and scales, kept for the life of this one. */
static void keep_constants(void)
{
    const struct bridge_head *h = &g.bridge.head;
    const size_t floats = 2 * (size_t)h->obs_dim + 2 * (size_t)h->action_dim;
    const float *from = (const float *)(const void *)(g.bridge.map + h->constants_at);
    /* those of an opening before stay: its spec may be in use */
    g.constants = memory_floats(floats);
    g.parts = memory_new(h->action_parts, sizeof *g.parts);
    if (floats) memcpy(g.constants, from, floats * sizeof *from);
    for (uint32_t c = 0; c < h->action_parts; c++) g.parts[c] = (int)from[floats + c];
}

static bool grey(void)
{
    return g.grey && g.bridge.head.coloured;
}

static void fill_spec(struct env_spec *spec)
{
    const struct bridge_head *h = &g.bridge.head;
    const float *bounds = g.constants + 2 * (size_t)h->obs_dim;
    *spec = (struct env_spec){
        .obs_kind = h->picture ? ENV_OBS_PICTURE : ENV_OBS_FLOATS,
        .num_actions = (int)h->num_actions,
        .num_components = (int)h->action_parts,
        .component_actions = h->action_parts ? g.parts : NULL,
        .action_dim = (int)h->action_dim,
        .action_low = h->action_dim ? bounds : NULL,
        .action_high = h->action_dim ? bounds + h->action_dim : NULL,
        .action_repeat = g.bridge.order.frame_skip,
        .max_steps = (int)h->max_steps,
        .state_size = sizeof(struct gym),
        .render_height = (int)h->drawn_height,
        .render_width = (int)h->drawn_width,
    };
    if (h->picture) {
        spec->height = spec->width = AREA_SIDE;
        spec->planes = grey() ? 1 : (int)h->planes;
        spec->stack = STACK;
    } else {
        spec->obs_dim = (int)h->obs_dim;
        spec->stack = 1;
        spec->obs_centre = g.constants;
        spec->obs_scale = g.constants + h->obs_dim;
    }
}

/* Another one than before, where no instance is left of that. */
static int open_anew(const struct env_args *args, const char *python, int frame_skip, char *err, size_t err_size)
{
    if (g.instances) {
        snprintf(err, err_size, "one process plays one Python environment, and gym:%s is open", g.name);
        return -1;
    }
    bridge_stop(&g.bridge);
    g.opened = false;
    g.bridge = (struct bridge){.births = g.bridge.births};
    snprintf(g.name, sizeof g.name, "%s", args->arg);
    snprintf(g.python, sizeof g.python, "%s", python);
    g.grey = args->grey;
    g.starter = -1;
    g.bridge.order = (struct bridge_order){.python = g.python,
                                           .name = g.name,
                                           .frame_skip = frame_skip,
                                           .render = args->draws,
                                           .timeout = args->timeout > 0 ? args->timeout : 60};
    if (bridge_start(&g.bridge)) {
        snprintf(err, err_size, "%s", g.bridge.fault);
        return -1;
    }
    if (g.bridge.head.height > AREA_SIDE_MOST || g.bridge.head.width > AREA_SIDE_MOST) {
        snprintf(err, err_size, "its pictures are %ux%u; sides of at most %d are allowed", g.bridge.head.height,
                 g.bridge.head.width, AREA_SIDE_MOST);
        bridge_stop(&g.bridge);
        return -1;
    }
    keep_constants();
    g.opened = true;
    if (g.bridge.note[0]) log_root("gym:%s: %s", g.name, g.bridge.note);
    return 0;
}

static int gym_open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)
{
    const char *python = args->python && *args->python ? args->python : "python3";
    const int frame_skip = args->frame_skip > 1 ? args->frame_skip : 1;
    if (!args->arg || !*args->arg) {
        snprintf(err, err_size, "which one? gym:CartPole-v1, gym:MODULE:ID or gym:FILE.py:FUNCTION");
        return -1;
    }
    if (strlen(args->arg) >= sizeof g.name || strlen(python) >= sizeof g.python) {
        snprintf(err, err_size, "its name and --python may have %d bytes each", TEXT - 1);
        return -1;
    }
    if (!opened_alike(args, python, frame_skip) && open_anew(args, python, frame_skip, err, err_size)) return -1;
    fill_spec(spec);
    return 0;
}

/* ---- instances ---- */

/* The process has gone, and with it all that waited for it. */
static void lose_all(void)
{
    g.waiting = 0;
    memset(g.phase, 0, sizeof g.phase);
}

static int call(enum bridge_what what, const uint16_t *slots, int n)
{
    if (!bridge_call(&g.bridge, what, slots, n)) return 0;
    lose_all();
    return -1;
}

/* A process that holds this instance: 0, or -1. A start that fails may take long, so that only one instance tries. */
static int hold(struct gym *s)
{
    if (s->birth && s->birth == g.bridge.birth) return 0;
    if (!g.bridge.pid) {
        if (g.starter >= 0 && g.starter != s->slot) return -1;
        g.starter = s->slot;
        if (bridge_start(&g.bridge)) return -1;
    }
    if (call(BRIDGE_MAKE, &s->slot, 1)) return -1;
    s->birth = g.bridge.birth;
    return 0;
}

static int gym_init(void *state, const struct env_args *args, char *err, size_t err_size)
{
    struct gym *s = state;
    (void)args;
    int slot = 0;
    while (slot < BRIDGE_SLOTS && g.used[slot]) slot++;
    if (slot == BRIDGE_SLOTS) {
        snprintf(err, err_size, "a process holds at most %d Python environments", BRIDGE_SLOTS);
        return -1;
    }
    *s = (struct gym){.slot = (uint16_t)slot};
    if (hold(s)) {
        if (g.starter == slot) g.starter = -1; /* nobody has that slot: the others try themselves */
        snprintf(err, err_size, "%s", g.bridge.fault);
        return -1;
    }
    g.used[slot] = true;
    g.phase[slot] = IDLE;
    g.instances++;
    return 0;
}

static void gym_free(void *state)
{
    struct gym *s = state;
    if (g.starter == s->slot) g.starter = -1;
    g.used[s->slot] = false;
    if (!--g.instances)
        bridge_stop(&g.bridge);
    else if (s->birth && s->birth == g.bridge.birth)
        call(BRIDGE_DROP, &s->slot, 1);
}

static void observe(const struct gym *s, void *obs)
{
    const struct bridge_head *h = &g.bridge.head;
    const void *from = row(h->obs_at, h->obs_bytes, s->slot);
    if (h->picture)
        area_resize(from, (int)h->height, (int)h->width, (int)h->planes, grey(), obs);
    else
        memcpy(obs, from, (size_t)h->obs_bytes);
}

static void gym_reset(void *state, struct rng *rng, void *obs)
{
    struct gym *s = state;
    const int64_t seed = (int64_t)(rng_bits(rng) >> 33); /* many libraries take 31 bits */
    s->failed = true;
    if (hold(s)) return;
    memcpy(row(g.bridge.head.seed_at, sizeof seed, s->slot), &seed, sizeof seed);
    if (call(BRIDGE_RESET, &s->slot, 1)) return;
    g.starter = -1;
    s->failed = false;
    g.phase[s->slot] = IDLE;
    observe(s, obs);
}

static void gym_post(void *state, struct env_action action)
{
    const struct gym *s = state;
    const struct bridge_head *h = &g.bridge.head;
    if (!s->birth || s->birth != g.bridge.birth) return;
    int64_t *to = row(h->action_at, h->action_bytes, s->slot);
    if (h->action_dim)
        memcpy(to, action.vector, h->action_dim * sizeof *action.vector);
    else if (h->action_parts)
        for (uint32_t c = 0; c < h->action_parts; c++) to[c] = action.indices[c];
    else
        *to = action.index;
    if (g.phase[s->slot] != ASKED) g.asked[g.waiting++] = s->slot;
    g.phase[s->slot] = ASKED;
}

static struct env_step gym_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct gym *s = state;
    struct env_step step = {0};
    (void)rng;
    if (g.phase[s->slot] == IDLE) gym_post(s, action);
    s->failed = true;
    if (!s->birth || s->birth != g.bridge.birth) return step;
    if (g.phase[s->slot] == ASKED) {
        if (call(BRIDGE_STEP, g.asked, g.waiting)) return step;
        for (int i = 0; i < g.waiting; i++) g.phase[g.asked[i]] = ANSWERED;
        g.waiting = 0;
    }
    const uint8_t flags = *(const uint8_t *)row(g.bridge.head.flags_at, 1, s->slot);
    memcpy(&step.reward, row(g.bridge.head.reward_at, sizeof step.reward, s->slot), sizeof step.reward);
    step.terminated = flags & BRIDGE_TERMINATED;
    step.truncated = flags & BRIDGE_TRUNCATED;
    g.phase[s->slot] = IDLE;
    s->failed = false;
    observe(s, obs);
    return step;
}

static const char *gym_failure(void *state)
{
    const struct gym *s = state;
    return s->failed ? g.bridge.fault : NULL;
}

static void gym_render(const void *state, uint8_t *rgb)
{
    const struct gym *s = state;
    const struct bridge_head *h = &g.bridge.head;
    const uint16_t slot = s->slot;
    const size_t bytes = 3 * (size_t)h->drawn_height * h->drawn_width;
    memset(rgb, 0, bytes);
    if (s->birth && s->birth == g.bridge.birth && !call(BRIDGE_DRAW, &slot, 1))
        memcpy(rgb, g.bridge.map + h->drawn_at, bytes);
}

const struct env_ops env_gym = {
    .api = DUNLIN_ENV_API,
    .name = "gym",
    .help = "a Python environment: gym:ID, gym:MODULE:ID or gym:FILE.py:FUNCTION, ?key=value behind (env/README.md)",
    .defaults = defaults,
    .open = gym_open,
    .init = gym_init,
    .free = gym_free,
    .reset = gym_reset,
    .step = gym_step,
    .render = gym_render,
    .post = gym_post,
    .failure = gym_failure,
};
