/* status_read.c -- reading RUN/status, which another machine may be replacing meanwhile: opened once, read whole. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/seal.h"
#include "store/status.h"

enum { BYTES_MOST = 64 << 20, PATH_BYTES = 4096 };

/* The lines `key VALUE`; frames, state and reason are read apart. */
enum kind { WHOLE, REAL };
struct key {
    const char *word;
    enum kind kind;
    size_t offset;
};
#define AT(field) offsetof(struct status, field)
static const struct key KEYS[] = {
    {"steps", WHOLE, AT(steps)},
    {"updates", WHOLE, AT(updates)},
    {"episodes", WHOLE, AT(episodes)},
    {"seconds", REAL, AT(seconds)},
    {"frames-per-s", REAL, AT(frames_per_s)},
    {"updates-per-s", REAL, AT(updates_per_s)},
    {"return-mean", REAL, AT(return_mean)},
    {"return-max", REAL, AT(return_max)},
    {"eval-mean", REAL, AT(eval_mean)},
    {"eval-best", REAL, AT(eval_best)},
    {"lag-mean", REAL, AT(lag_mean)},
    {"lag-max", WHOLE, AT(lag_max)},
    {"seconds-left", REAL, AT(seconds_left)},
};
#undef AT
#define AT(field) offsetof(struct run_actor, field)
static const struct key ACTOR_KEYS[] = {
    {"frames", WHOLE, AT(frames)},      {"updates", WHOLE, AT(updates)}, {"episodes", WHOLE, AT(episodes)},
    {"last-seen", REAL, AT(last_seen)}, {"epsilon", REAL, AT(epsilon)},
};
#undef AT
enum { KEY_COUNT = sizeof KEYS / sizeof *KEYS, ACTOR_KEY_COUNT = sizeof ACTOR_KEYS / sizeof *ACTOR_KEYS };
enum { FOUND_STATE = KEY_COUNT, FOUND_FRAMES, FOUND_COUNT };

static int read_int(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return isspace((unsigned char)*text) || end == text || *end || errno ? -1 : 0;
}

static int read_value(const char *text, enum kind kind, void *to)
{
    char *end;
    if (kind == WHOLE) return read_int(text, to);
    *(double *)to = strtod(text, &end);
    return isspace((unsigned char)*text) || end == text || *end ? -1 : 0;
}

static int read_state(const char *text, enum run_state *state)
{
    for (int s = RUN_RUNNING; s <= RUN_LOST_ACTORS; s++)
        if (!strcmp(text, run_state_name((enum run_state)s))) {
            *state = (enum run_state)s;
            return 0;
        }
    return -1;
}

/* What a terminal would obey becomes "?". */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t i = 0;
    for (; from[i] && i + 1 < size; i++) to[i] = iscntrl((unsigned char)from[i]) ? '?' : from[i];
    to[i] = '\0';
}

/* The file's bytes, malloc'd, with a zero behind them; NULL after error_set(). */
static char *read_file(const char *path, size_t most, size_t *n)
{
    const int fd = file_open(path);
    if (fd < 0) return NULL;
    size_t room = 4096;
    char *bytes = malloc(room);
    ssize_t got = 0;
    for (*n = 0; bytes && *n < most;) {
        if (room - *n < 2) {
            char *more = realloc(bytes, room * 2);
            if (!more) break;
            bytes = more, room *= 2;
        }
        got = read(fd, bytes + *n, room - *n - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        *n += (size_t)got;
    }
    const int why = bytes ? errno : ENOMEM;
    close(fd);
    if (!bytes || got < 0) {
        free(bytes);
        return error_set("%s: cannot read: %s", path, strerror(why)), NULL;
    }
    bytes[*n] = '\0';
    return bytes;
}

static char *read_status(const char *dir, char path[PATH_BYTES], size_t most, size_t *n)
{
    if ((size_t)snprintf(path, PATH_BYTES, "%s/status", dir) >= PATH_BYTES)
        return error_set("%.200s...: the name is too long", path), NULL;
    return read_file(path, most, n);
}

int status_read_state(const char *dir, enum run_state *state, char *reason, int reason_size)
{
    char path[PATH_BYTES], *line;
    size_t n;
    int found = -1;
    if (reason_size > 0) *reason = '\0';
    char *bytes = read_status(dir, path, 1, &n), *rest = bytes; /* the first block holds the lines before the actors' */
    if (!bytes) return -1;
    while ((line = strsep(&rest, "\n"))) {
        if (!strncmp(line, "reason ", 7) && reason_size > 0) snprintf(reason, (size_t)reason_size, "%s", line + 7);
        if (!strncmp(line, "state ", 6) && !read_state(line + 6, state)) found = 0;
    }
    free(bytes);
    return found ? error_set("%s: no line 'state WORD' with running, done, stopped, failed or lost-actors", path) : 0;
}

/* `RANK host NAME key value ... state WORD`: 0 or -1. */
static int read_actor(char *line, struct run_actor *a)
{
    unsigned found = 0;
    char *word = strsep(&line, " "), *value;
    if (read_int(word, &a->rank)) return -1;
    while ((word = strsep(&line, " "))) {
        if (!(value = strsep(&line, " ")) || !*value) return -1;
        if (!strcmp(word, "host")) {
            copy_text(a->host, sizeof a->host, value);
            found |= 1u << ACTOR_KEY_COUNT;
        } else if (!strcmp(word, "state")) {
            copy_text(a->state, sizeof a->state, value);
            found |= 2u << ACTOR_KEY_COUNT;
        }
        for (int k = 0; k < ACTOR_KEY_COUNT; k++) {
            if (strcmp(word, ACTOR_KEYS[k].word) != 0) continue;
            if (read_value(value, ACTOR_KEYS[k].kind, (char *)a + ACTOR_KEYS[k].offset)) return -1;
            found |= 1u << k;
        }
    }
    return found == (4u << ACTOR_KEY_COUNT) - 1 ? 0 : -1;
}

/* `N / TOTAL` */
static int read_frames(char *value, struct status *s)
{
    char *total = strstr(value, " / ");
    if (!total) return -1;
    *total = '\0';
    return read_int(value, &s->frames) || read_int(total + 3, &s->frames_total) ? -1 : 0;
}

/* One line of the head, taken apart into word and value: 0 or -1; sets its bit in *found. */
static int read_line(const char *word, char *value, struct status *s, unsigned *found)
{
    if (!strcmp(word, "reason")) {
        copy_text(s->reason, sizeof s->reason, value);
    } else if (!strcmp(word, "state")) {
        *found |= 1u << FOUND_STATE;
        return read_state(value, &s->state);
    } else if (!strcmp(word, "process")) {
        struct process_id *m = &s->master;
        return sscanf(value, "%" SCNd64 " began %" SCNu64 " at %" SCNx64, &m->pid, &m->birth, &m->place) == 3 ? 0 : -1;
    } else if (!strcmp(word, "frames")) {
        *found |= 1u << FOUND_FRAMES;
        return read_frames(value, s);
    }
    for (int k = 0; k < KEY_COUNT; k++)
        if (!strcmp(word, KEYS[k].word)) {
            *found |= 1u << k;
            return read_value(value, KEYS[k].kind, (char *)s + KEYS[k].offset);
        }
    return 0;
}

static const char *missing(unsigned found)
{
    for (int k = 0; k < KEY_COUNT; k++)
        if (!(found >> k & 1)) return KEYS[k].word;
    return found >> FOUND_STATE & 1 ? "frames" : "state";
}

/* bytes is cut to pieces; rows has room for an actor a line. 0, or -1 after error_set(). */
static int parse(const char *path, char *bytes, size_t n, struct status *s, struct run_actor *rows)
{
    unsigned found = 0;
    int at = 0;
    char *line, *rest = bytes;
    if (strlen(bytes) != n) return error_set("%s: this is no status of a run: it holds a zero byte", path);
    if (!n || bytes[n - 1] != '\n')
        return error_set("%s: this is no whole status of a run: its last line has no end", path);
    bytes[n - 1] = '\0';
    while ((line = strsep(&rest, "\n"))) {
        char shown[80], *value = line;
        at++;
        copy_text(shown, sizeof shown, line);
        const char *word = strsep(&value, " ");
        int bad = 0;
        if (value && !strcmp(word, "actor"))
            bad = read_actor(value, &rows[s->rank_count++]);
        else if (value)
            bad = read_line(word, value, s, &found);
        if (bad) return error_set("%s: line %d is damaged: '%s'", path, at, shown);
    }
    if (found != (1u << FOUND_COUNT) - 1)
        return error_set("%s: this is no whole status of a run: it has no line '%s'", path, missing(found));
    return 0;
}

int status_read(const char *dir, struct status *status, struct run_actor **rows)
{
    char path[PATH_BYTES];
    size_t n, lines = 1;
    memset(status, 0, sizeof *status);
    *rows = NULL;
    char *bytes = read_status(dir, path, BYTES_MOST, &n);
    if (!bytes) return -1;
    for (size_t i = 0; i < n; i++) lines += bytes[i] == '\n';
    struct run_actor *actors = calloc(lines, sizeof *actors);
    int rc = actors ? parse(path, bytes, n, status, actors) : error_set("%s: no memory to read it", path);
    free(bytes);
    if (rc || !status->rank_count) free(actors), actors = NULL;
    status->actors = *rows = actors;
    return rc ? -1 : 0;
}
