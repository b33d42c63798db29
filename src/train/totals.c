/* totals.c -- see totals.h. The histogram of lags, then one struct of numbers and text, then three numbers of each
 * actor. Nothing here is a time, so that with --deterministic a run and its repetition write the same bytes. */
#include "train/totals.h"

#include <string.h>

#include "base/log.h"
#include "train/evaluations.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"

/* Eight-byte fields and whole multiples of eight bytes of text: no padding whose bytes would be anyone's. */
struct saved {
    int64_t lag[RUN_LAG_ROWS]; /* of all sessions; alone in checkpoints of older programs */
    int64_t ranks;
    struct interval row;
    double eval_mean;
    char machine[TOTALS_MACHINE];
};
struct rank_counts {
    int64_t frames, updates, episodes;
};
_Static_assert(sizeof(struct interval) % 8 == 0 && TOTALS_MACHINE % 8 == 0, "no padding");
_Static_assert(sizeof(struct saved) ==
                   (RUN_LAG_ROWS + 1) * sizeof(int64_t) + sizeof(struct interval) + sizeof(double) + TOTALS_MACHINE,
               "no padding");

size_t totals_size(const struct totals *t)
{
    return sizeof(struct saved) + (size_t)t->run->actors * sizeof(struct rank_counts);
}

void totals_save(const struct totals *t, void *bytes)
{
    struct saved saved;
    memset(&saved, 0, sizeof saved);
    for (int i = 0; i < RUN_LAG_ROWS; i++) saved.lag[i] = t->sums->lag_before[i] + t->sums->lag[i];
    saved.ranks = t->run->actors + 1;
    saved.row = t->sums->row;
    saved.row.start = 0;
    saved.eval_mean = t->evaluations->mean;
    memcpy(saved.machine, t->machine, strlen(t->machine));
    memcpy(bytes, &saved, sizeof saved);
    uint8_t *at = (uint8_t *)bytes + sizeof saved;
    for (int r = 1; r <= t->run->actors; r++, at += sizeof(struct rank_counts)) {
        const struct run_actor *row = &t->ranks->rows[r];
        const struct rank_counts mine = {row->frames, row->updates, row->episodes};
        memcpy(at, &mine, sizeof mine);
    }
}

void totals_load(struct totals *t, const void *bytes, size_t n)
{
    struct saved saved;
    memset(&saved, 0, sizeof saved);
    if (n >= sizeof saved.lag) memcpy(t->sums->lag_before, bytes, sizeof t->sums->lag_before);
    if (n < sizeof saved) return;
    memcpy(&saved, bytes, sizeof saved);
    t->evaluations->mean = saved.eval_mean;
    if (t->run->options->deterministic) {
        const double start = t->sums->row.start;
        t->sums->row = saved.row;
        t->sums->row.start = start;
        saved.machine[TOTALS_MACHINE - 1] = 0;
        if (strcmp(saved.machine, t->machine))
            log_root(
                "  warning: this run was on \"%s\" before: the bits may no longer be those of a run without a stop",
                saved.machine);
    }
    const uint8_t *at = (const uint8_t *)bytes + sizeof saved;
    for (int r = 1;
         r < saved.ranks && r <= t->run->actors && (size_t)r * sizeof(struct rank_counts) <= n - sizeof saved; r++) {
        struct rank_counts theirs;
        memcpy(&theirs, at + (size_t)(r - 1) * sizeof theirs, sizeof theirs);
        t->ranks->rows[r].frames = theirs.frames;
        t->ranks->rows[r].updates = theirs.updates;
        t->ranks->rows[r].episodes = theirs.episodes;
    }
}
