/* status.h -- RUN/status: a short text, rewritten whole (temporary file, rename). `key value` lines, then one line a
 * rank (status.c has all):
 *   state running
 *   frames 123456 / 1000000
 *   ...
 *   actor 1 host node7 frames 4711 updates 12 last-seen 0.3 state running
 */
#ifndef DUNLIN_STORE_STATUS_H
#define DUNLIN_STORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/process.h"
#include "store/rows.h"

enum run_state { RUN_RUNNING, RUN_DONE, RUN_STOPPED, RUN_FAILED, RUN_LOST_ACTORS };
const char *run_state_name(enum run_state state);

struct status {
    enum run_state state;
    char reason[256]; /* why it ended, or what cannot be written while it goes on, or "" */
    int64_t frames, frames_total, steps, updates, episodes;
    double seconds, frames_per_s, updates_per_s, return_mean, return_max, eval_mean, eval_best, lag_mean, seconds_left;
    int64_t lag_max;
    int rank_count;
    const struct run_actor *actors; /* rank_count rows; row 0 is the master */
    struct process_id master;       /* rank 0's; pid 0: not told */
};

/* Rewrites dir/status. 0, or -1 after error_set(). Where no new file can be made (a full disk), the old one is written
 * over; where that fails too, it still stands. Local. */
int status_write(const char *dir, const struct status *status);
/* The same in two steps, of which the second may run in another thread (writer.h): the text, malloc'd, and dir/status
 * from it, flushed to disk where asked. 0, or -1 after error_set(). Local. */
int status_text(const struct status *status, char **bytes, size_t *n);
int status_put(const char *dir, const char *bytes, size_t n, bool to_disk);
/* The state of a run; -1 after error_set() where there is no status or it does not parse. */
int status_read_state(const char *dir, enum run_state *state, char *reason, int reason_size);
/* The whole of it. The actors' rows are malloc'd to *rows, where status->actors points; NULL where there are none.
 * Texts come without control characters. 0, or -1 after error_set(), which names file and line: no file, a figure that
 * does not parse, one that is missing, a last line without its end. Lines with words that are not known are passed
 * over. */
int status_read(const char *dir, struct status *status, struct run_actor **rows);

#endif
