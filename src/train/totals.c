/* books.c -- what rank 0 counts beside weights and counters, as bytes: the "state" of rank 0 in a checkpoint.
 *
 * The histogram of lags, then one struct of numbers and text, then three numbers of each actor. Nothing here is a time,
 * so that with --deterministic a run and its repetition write the same bytes. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "train/master.h"

/* Eight-byte fields and whole multiples of eight bytes of text: no padding whose bytes would be anyone's. */
struct books {
    int64_t lag[RUN_LAG_ROWS]; /* of all sessions; alone in checkpoints of older programs */
    int64_t ranks;
    struct interval row;
    double eval_mean;
    char machine[BOOKS_MACHINE];
};
struct rank_books {
    int64_t frames, updates, episodes;
};
_Static_assert(sizeof(struct interval) % 8 == 0 && BOOKS_MACHINE % 8 == 0, "no padding");
_Static_assert(sizeof(struct books) ==
                   (RUN_LAG_ROWS + 1) * sizeof(int64_t) + sizeof(struct interval) + sizeof(double) + BOOKS_MACHINE,
               "no padding");

size_t books_size(const struct master *m)
{
    return sizeof(struct books) + (size_t)m->actors * sizeof(struct rank_books);
}

void books_save(const struct master *m, void *bytes)
{
    struct books b;
    memset(&b, 0, sizeof b);
    for (int i = 0; i < RUN_LAG_ROWS; i++) b.lag[i] = m->lag_before[i] + m->lag[i];
    b.ranks = m->actors + 1;
    b.row = m->row;
    b.row.start = 0;
    b.eval_mean = m->eval_mean;
    memcpy(b.machine, m->machine, strlen(m->machine));
    memcpy(bytes, &b, sizeof b);
    uint8_t *at = (uint8_t *)bytes + sizeof b;
    for (int r = 1; r <= m->actors; r++, at += sizeof(struct rank_books)) {
        const struct run_actor *row = &m->rows[r];
        const struct rank_books mine = {row->frames, row->updates, row->episodes};
        memcpy(at, &mine, sizeof mine);
    }
}

void books_load(struct master *m, const void *bytes, size_t n)
{
    struct books b;
    memset(&b, 0, sizeof b);
    if (n >= sizeof b.lag) memcpy(m->lag_before, bytes, sizeof m->lag_before);
    if (n < sizeof b) return;
    memcpy(&b, bytes, sizeof b);
    m->eval_mean = b.eval_mean;
    if (m->options->deterministic) {
        const double start = m->row.start;
        m->row = b.row;
        m->row.start = start;
        b.machine[BOOKS_MACHINE - 1] = 0;
        if (strcmp(b.machine, m->machine))
            log_root(
                "  warning: this run was on \"%s\" before: the bits may no longer be those of a run without a stop",
                b.machine);
    }
    const uint8_t *at = (const uint8_t *)bytes + sizeof b;
    for (int r = 1; r < b.ranks && r <= m->actors && (size_t)r * sizeof(struct rank_books) <= n - sizeof b; r++) {
        struct rank_books theirs;
        memcpy(&theirs, at + (size_t)(r - 1) * sizeof theirs, sizeof theirs);
        m->rows[r].frames = theirs.frames;
        m->rows[r].updates = theirs.updates;
        m->rows[r].episodes = theirs.episodes;
    }
}
