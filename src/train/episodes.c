/* episodes.c -- see episodes.h. */
#include "train/episodes.h"

#include "train/events.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"

void episodes_take(struct run *run, struct ranks *ranks, struct sums *sums)
{
    enum { MOST = 64 };
    struct share_episode e[MOST];
    for (int a = 0; a < run->actors; a++) {
        int n;
        do {
            n = share_take_episodes(run->share, a, e, MOST, &sums->episodes_lost);
            for (int i = 0; i < n; i++) {
                const struct run_episode row = {.frames = run->turn.frames,
                                                .seconds = run_seconds(run),
                                                .actor = a + 1,
                                                .ret = e[i].ret,
                                                .length = e[i].frames};
                runfile_episode(run->runfile, &row);
            }
            sums_episodes(sums, e, n);
            run->n.episodes += n;
            ranks->rows[a + 1].episodes += n;
        } while (n == MOST);
    }
}

void episodes_tell_lost(struct run *run, struct sums *sums)
{
    if (!sums->episodes_lost) return;
    run_event(run, 0, "episodes-lost", "%lld finished episodes came faster than they could be taken: in no table",
              (long long)sums->episodes_lost);
    sums->episodes_lost = 0;
}
