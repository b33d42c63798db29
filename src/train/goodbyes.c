/* goodbyes.c -- see goodbyes.h. */
#include "train/goodbyes.h"

#include "base/clock.h"
#include "job/ending.h"
#include "train/episodes.h"
#include "train/events.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"

/* What was dropped at the end, since no checkpoint can have it any more. */
struct late {
    long long rollouts, frames;
};

/* A relay that sums gradients sends the next sum once this one is answered, and its actors' goodbyes behind it: whether
 * it is still applied, or not, it is answered. Rounds know no sums, and acknowledge whole ones only. */
static void answer(struct run *run, struct late *late)
{
    struct share_ready ready[SHARE_DRAIN_MOST];
    if (run->options->deterministic) return;
    while (!late && turn_master_serve(&run->turn)) {}
    for (int n; late && (n = share_drain(run->share, ready, SHARE_DRAIN_MOST));) {
        for (int i = 0; i < n; i++) {
            late->rollouts += 1 + (long long)ready[i].push.more;
            late->frames += (long long)ready[i].push.frames;
        }
        share_ack(run->share, ready, n);
    }
}

/* late: NULL, and gradients are applied, and the silent waited for. */
static int await(struct run *run, struct ranks *ranks, struct sums *sums, double seconds, struct late *late)
{
    const double until = clock_seconds() + seconds;
    for (;;) {
        const int missing = share_wait_bye(run->share, 0.1);
        episodes_take(run, ranks, sums);
        ranks_watch(ranks);
        answer(run, late);
        int dead = 0, lost = 0;
        for (int a = 0; a < run->actors; a++) {
            dead += ranks_dead(ranks, a);
            lost += ranks_lost(ranks, a) && share_silence(run->share, a) >= 0;
        }
        if (missing <= (late ? lost : dead) || clock_seconds() >= until) return missing;
    }
}

int goodbyes_await(struct run *run, struct ranks *ranks, struct sums *sums, double seconds)
{
    return await(run, ranks, sums, seconds, NULL);
}

void goodbyes_finish(struct run *run, struct ranks *ranks, struct sums *sums, int missing)
{
    struct late late = {0};
    if (missing) missing = await(run, ranks, sums, ENDING_MISSING, &late);
    if (late.rollouts)
        run_event(run, 0, "late",
                  "rollouts that came after the last checkpoint, and were dropped: %lld, of %lld frames", late.rollouts,
                  late.frames);
    if (missing) ranks->anyone_lost = true;
    for (int a = 0; a < run->actors && missing; a++)
        if (share_silence(run->share, a) >= 0 && !ranks_dead(ranks, a))
            run_event(run, a + 1, "no-goodbye", "it did not answer the stop: it hangs, or is gone");
}
