/* goodbyes.c -- see goodbyes.h. */
#include "train/goodbyes.h"

#include "base/clock.h"
#include "job/ending.h"
#include "train/episodes.h"
#include "train/events.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"

int goodbyes_await(struct run *run, struct ranks *ranks, struct sums *sums, double seconds, bool silent)
{
    const double until = clock_seconds() + seconds;
    for (;;) {
        const int missing = share_wait_bye(run->share, 0.1);
        episodes_take(run, ranks, sums);
        ranks_watch(ranks);
        /* a relay that sums gradients sends the next sum once this one is answered, and its actors'
         * goodbyes behind it */
        while (silent && !run->options->deterministic && turn_master_serve(&run->turn)) {}
        int dead = 0, lost = 0;
        for (int a = 0; a < run->actors; a++) {
            dead += ranks_dead(ranks, a);
            lost += ranks_lost(ranks, a) && share_silence(run->share, a) >= 0;
        }
        if (missing <= (silent ? dead : lost) || clock_seconds() >= until) return missing;
    }
}

void goodbyes_finish(struct run *run, struct ranks *ranks, struct sums *sums, int missing)
{
    if (missing) missing = goodbyes_await(run, ranks, sums, ENDING_MISSING, false);
    if (missing) ranks->anyone_lost = true;
    for (int a = 0; a < run->actors && missing; a++)
        if (share_silence(run->share, a) >= 0 && !ranks_dead(ranks, a))
            run_event(run, a + 1, "no-goodbye", "it did not answer the stop: it hangs, or is gone");
}
