/* ranks.c -- see ranks.h. */
#include "train/ranks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "train/events.h"
#include "train/run.h"

static const double SILENT_AFTER = 5; /* s without a sign of life */
/* Who cannot be looked up is taken for lost after --patience without a sign of life; where rollouts take long, after
 * LONGER times the longest silence that one has come back from, and before the first push, whose rollout tells, after
 * AT_START times --patience. */
static const double LONGER = 10, AT_START = 5;
enum { SILENCES_MOST = 200 }; /* then they are seen in RUN/status alone */

void ranks_init(struct ranks *k, struct run *run)
{
    const size_t count = (size_t)run->actors + 1;
    *k = (struct ranks){.run = run};
    k->rows = memory_new(count, sizeof *k->rows);
    k->silent_for = memory_new(count - 1, sizeof *k->silent_for);
    for (int r = 0; r <= run->actors; r++) {
        k->rows[r].rank = r;
        snprintf(k->rows[r].host, sizeof k->rows[r].host, "%s", run->hosts[r]);
        snprintf(k->rows[r].state, sizeof k->rows[r].state, "running");
    }
}

void ranks_free(struct ranks *k)
{
    free(k->rows);
    free(k->silent_for);
}

void ranks_push(struct ranks *k, int actor, int64_t frames, bool applied)
{
    k->rows[actor + 1].frames += frames;
    k->rows[actor + 1].updates += applied;
}

bool ranks_lost(const struct ranks *k, int actor)
{
    return strcmp(k->rows[actor + 1].state, "running") != 0;
}

bool ranks_dead(const struct ranks *k, int actor)
{
    return !strcmp(k->rows[actor + 1].state, "dead");
}

bool ranks_gone(const struct ranks *k, int rank)
{
    return process_gone(share_process(k->run->share, rank));
}

static void set_state(struct ranks *k, int actor, const char *state)
{
    struct run *const run = k->run;
    struct run_actor *row = &k->rows[actor + 1];
    if (!strcmp(row->state, state) || !strcmp(row->state, "dead")) return;
    snprintf(row->state, sizeof row->state, "%s", state);
    if (!strcmp(state, "dead")) {
        k->anyone_lost = true;
        run_event(run, actor + 1, "actor-lost", "its process is gone%s",
                  run->options->deterministic ? "" : "; the others go on");
    } else if (k->silences >= SILENCES_MOST) {
        return; /* rollouts that take longer than SILENT_AFTER: no news */
    } else if (!strcmp(state, "silent")) {
        k->silences++;
        run_event(run, actor + 1, "actor-silent", "no sign of life for %.0f s; the others %s", SILENT_AFTER,
                  run->options->deterministic ? "wait for it" : "go on");
    } else if (run->state == RUN_RUNNING && !strcmp(state, "running")) {
        run_event(run, actor + 1, "actor-back", "it gives signs of life again");
    }
}

static bool any_update(const struct run *run)
{
    return run->turn.updates > run->first_update;
}

/* s that environments in a process of their own may take before their actor gives signs of life again: a step that
 * hangs, for which all of them are given their time, a start of 120 s or two time-outs, and what comes before the first
 * step. */
static double environment_patience(const struct run *run)
{
    const double timeout = run->options->env_timeout, together = (double)run->options->envs_per_actor * timeout;
    return run->setup->world.ops->failure ? together + fmax(120, 2 * timeout) + 2 * timeout : 0;
}

double ranks_patience(const struct ranks *k)
{
    const double patience = k->run->options->patience;
    return environment_patience(k->run) +
           (any_update(k->run) ? fmax(patience, LONGER * k->longest_silence) : AT_START * patience);
}

bool ranks_ended(const struct ranks *k, int actor)
{
    return !strcmp(k->rows[actor + 1].state, "ended");
}

bool ranks_overdue(const struct ranks *k, int actor)
{
    return k->silent_for[actor] > ranks_patience(k);
}

bool ranks_hopeless(const struct ranks *k, int actor)
{
    if (ranks_dead(k, actor)) return true;
    return !share_process(k->run->share, actor + 1)->pid && ranks_overdue(k, actor);
}

void ranks_watch(struct ranks *k)
{
    struct run *const run = k->run;
    int live = 0;
    bool gave_up = false;
    for (int a = 0; a < run->actors; a++) {
        const double silence = share_silence(run->share, a);
        struct run_actor *row = &k->rows[a + 1];
        if (silence < 0) { /* it said goodbye */
            if (run->state == RUN_RUNNING) set_state(k, a, "ended"), gave_up = true;
            continue;
        }
        const double before = k->silent_for[a];
        k->silent_for[a] = silence;
        if (silence < before && any_update(run)) k->longest_silence = fmax(k->longest_silence, before);
        row->last_seen = run_seconds(run) - silence;
        if (silence > 0.5 && ranks_gone(k, a + 1))
            set_state(k, a, "dead");
        else
            set_state(k, a, silence > SILENT_AFTER ? "silent" : "running");
        live += !ranks_hopeless(k, a);
    }
    if (run->state == RUN_RUNNING && !live && gave_up)
        run_end_hopeless(run, "no actor goes on");
    else if (run->state == RUN_RUNNING && !live)
        run_end(run, RUN_LOST_ACTORS, "all %d actors are gone", run->actors);
}
