/* bridge.c -- what a step of a Python environment costs beyond the same step in a plain loop of Python: processor time
 * of both processes, so that it does not matter who else runs here. The same actions are played both ways in turn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../env/bridge.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/figures.h"
#include "measure/probe.h"

static double python_seconds(const struct bridge *b)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(b->pid, &clock) || clock_gettime(clock, &t)) return NAN;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *row(const struct bridge *b, int64_t at, int64_t size, int slot)
{
    return b->map + at + size * slot;
}

static int reset(struct bridge *b, uint16_t slot, int64_t seed)
{
    memcpy(row(b, b->head.seed_at, sizeof seed, slot), &seed, sizeof seed);
    return bridge_call(b, BRIDGE_RESET, &slot, 1);
}

/* Steps of E environments that take turns, BRIDGE_LOOP_STEPS at least. */
static int steps_of(int E)
{
    return (BRIDGE_LOOP_STEPS + E - 1) / E * E;
}

/* So many through the bridge. 0, or -1 with b->fault. */
static int play(struct bridge *b, int E, const uint16_t *slots, void *obs)
{
    const struct bridge_head *h = &b->head;
    for (int i = 0; i < steps_of(E); i += E) {
        for (int e = 0; e < E && h->num_actions; e++) {
            const int64_t action = (int64_t)((uint32_t)(i + e) * BRIDGE_LOOP_MIX >> 16) % h->num_actions;
            memcpy(row(b, h->action_at, h->action_bytes, e), &action, sizeof action);
        }
        if (bridge_call(b, BRIDGE_STEP, slots, E)) return -1;
        for (int e = 0; e < E; e++) {
            memcpy(obs, row(b, h->obs_at, h->obs_bytes, e), (size_t)h->obs_bytes);
            if (*(const uint8_t *)row(b, h->flags_at, 1, e) && reset(b, slots[e], i + e)) return -1;
        }
    }
    return 0;
}

/* us of the processor a step, of slices that take turns: in a plain loop; through the bridge here, and in Python. 0, or
 * -1 with b->fault. */
static int measure(struct bridge *b, int E, double seconds, struct series us[3])
{
    static uint16_t slots[BRIDGE_SLOTS];
    void *obs = memory_new((size_t)b->head.obs_bytes, 1);
    int rc = 0;
    for (int e = 0; e < E && !rc; e++) {
        slots[e] = (uint16_t)e;
        rc = bridge_call(b, BRIDGE_MAKE, &slots[e], 1) || reset(b, slots[e], e) ? -1 : 0;
    }
    const double end = clock_seconds() + seconds, alone = 1e6 / BRIDGE_LOOP_STEPS, each = 1e6 / steps_of(E);
    for (int slice = 0; !rc && (slice < 3 || clock_seconds() < end); slice++) {
        const double python = python_seconds(b);
        rc = bridge_call(b, BRIDGE_LOOP, slots, 1) || reset(b, slots[0], slice) ? -1 : 0;
        if (rc) break;
        const double here = probe_cpu_seconds(), between = python_seconds(b);
        if ((rc = play(b, E, slots, obs)) || !slice) continue; /* the first warms up */
        series_add(&us[0], alone * (between - python));
        series_add(&us[1], each * (probe_cpu_seconds() - here));
        series_add(&us[2], each * (python_seconds(b) - between));
    }
    free(obs);
    return rc;
}

int bench_bridge(const struct setup *setup, double seconds)
{
    const struct options *o = setup->options;
    const int E = (int)o->envs_per_actor;
    struct series us[3] = {{0}};
    struct bridge b = {.order = {.python = *o->python ? o->python : "python3",
                                 .name = setup->world.arg,
                                 .frame_skip = (int)o->frame_skip,
                                 .timeout = o->env_timeout}};
    if (bridge_start(&b) || measure(&b, E, seconds, us)) {
        for (int k = 0; k < 3; k++) series_free(&us[k]);
        bridge_stop(&b);
        return error_set("%s", b.fault);
    }
    bridge_stop(&b);
    const double loop = series_median(&us[0]), here = series_median(&us[1]), python = series_median(&us[2]);
    log_rank("%s, %d environments: a step takes %.1f us of the processor in a plain loop of Python; through the bridge "
             "%.1f us in Python and %.1f us here: %.1f us more",
             o->env, E, loop, python, here, python + here - loop);
    probe_print("actor-bridge", python + here, loop, "us");
    for (int k = 0; k < 3; k++) series_free(&us[k]);
    return 0;
}
