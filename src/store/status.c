/* status.c -- RUN/status. The lines, in this order; a figure that is not known yet is "nan":
 *
 *   state running|done|stopped|failed|lost-actors      reason TEXT (only where there is one)
 *   process PID began TICKS at PLACE  (of rank 0, where it is known: base/process.h)
 *   frames N / TOTAL  steps N  updates N  episodes N  seconds S  frames-per-s F  updates-per-s F
 *   return-mean R  return-max R  eval-mean R  eval-best R  lag-mean L  lag-max N  seconds-left S  (each on its line)
 *   actor RANK host NAME frames N updates N episodes N last-seen S epsilon E state WORD  (one a rank; rank 0: master)
 */
#include "store/status.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/seal.h"

static const char *const STATES[] = {"running", "done", "stopped", "failed", "lost-actors"};
enum { STATE_COUNT = sizeof STATES / sizeof *STATES };

const char *run_state_name(enum run_state state)
{
    return STATES[state];
}

/* printf may write a NaN as "-nan". */
static void real(FILE *out, const char *key, double value, const char *end)
{
    if (isnan(value))
        fprintf(out, "%s nan%s", key, end);
    else
        fprintf(out, "%s %.10g%s", key, value, end);
}

/* A word or a line of n bytes at most; what would break the line into several becomes "_". */
static void text(FILE *out, const char *key, const char *value, size_t n, bool word, const char *end)
{
    fprintf(out, "%s ", key);
    for (size_t i = 0; i < n && value[i]; i++) {
        const unsigned char c = (unsigned char)value[i];
        fputc(c < 32 || c == 127 || (word && c == ' ') ? '_' : c, out);
    }
    if (word && (!n || !*value)) fputc('-', out);
    fputs(end, out);
}

static void actor_line(FILE *out, const struct run_actor *a)
{
    fprintf(out, "actor %" PRId64 " ", a->rank);
    text(out, "host", a->host, sizeof a->host, true, " ");
    fprintf(out, "frames %" PRId64 " updates %" PRId64 " episodes %" PRId64 " ", a->frames, a->updates, a->episodes);
    real(out, "last-seen", a->last_seen, " ");
    real(out, "epsilon", a->epsilon, " ");
    text(out, "state", a->state, sizeof a->state, true, "\n");
}

int status_text(const struct status *s, char **bytes, size_t *n)
{
    *bytes = NULL;
    *n = 0;
    FILE *out = open_memstream(bytes, n);
    if (!out) return error_set("no memory to write RUN/status");
    fprintf(out, "state %s\n", run_state_name(s->state));
    if (*s->reason) text(out, "reason", s->reason, sizeof s->reason, false, "\n");
    if (s->master.pid)
        fprintf(out, "process %" PRId64 " began %" PRIu64 " at %" PRIx64 "\n", s->master.pid, s->master.birth,
                s->master.place);
    fprintf(out, "frames %" PRId64 " / %" PRId64 "\nsteps %" PRId64 "\nupdates %" PRId64 "\nepisodes %" PRId64 "\n",
            s->frames, s->frames_total, s->steps, s->updates, s->episodes);
    real(out, "seconds", s->seconds, "\n");
    real(out, "frames-per-s", s->frames_per_s, "\n");
    real(out, "updates-per-s", s->updates_per_s, "\n");
    real(out, "return-mean", s->return_mean, "\n");
    real(out, "return-max", s->return_max, "\n");
    real(out, "eval-mean", s->eval_mean, "\n");
    real(out, "eval-best", s->eval_best, "\n");
    real(out, "lag-mean", s->lag_mean, "\n");
    fprintf(out, "lag-max %" PRId64 "\n", s->lag_max);
    real(out, "seconds-left", s->seconds_left, "\n");
    for (int r = 0; r < s->rank_count; r++) actor_line(out, &s->actors[r]);
    const int failed = ferror(out);
    if (!fclose(out) && !failed) return 0;
    free(*bytes);
    *bytes = NULL;
    return error_set("no memory to write RUN/status");
}

/* Over the old one, as far as its blocks go: they are there on a full disk too, and a folder that takes no new file may
 * hold one that may be changed. A reader may see a mix for a moment, and says so. */
static int overwrite(const char *dir, const char *bytes, size_t n)
{
    char path[4096];
    struct stat st;
    if ((size_t)snprintf(path, sizeof path, "%s/status", dir) >= sizeof path) return -1;
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return -1;
    const bool whole =
        !fstat(fd, &st) && S_ISREG(st.st_mode) && pwrite(fd, bytes, n, 0) == (ssize_t)n && !ftruncate(fd, (off_t)n);
    return close(fd) || !whole ? -1 : 0;
}

int status_put(const char *dir, const char *bytes, size_t n, bool to_disk)
{
    if (!file_replace(dir, "status", &(struct file_part){bytes, n}, 1, to_disk)) return 0;
    return overwrite(dir, bytes, n);
}

int status_write(const char *dir, const struct status *s)
{
    char *bytes;
    size_t n;
    if (status_text(s, &bytes, &n)) return -1;
    /* what the run ended with must be on disk; a line of progress need not wait for it */
    const int rc = status_put(dir, bytes, n, s->state != RUN_RUNNING);
    free(bytes);
    return rc;
}
