/* runfile.c -- run.h5 while it is written; making it is runfile_make.c, reading it runfile_read.c.
 *
 * Rows wait in memory until runfile_gather() hands them to HDF5; what that writes waits in the driver (spool.h) until
 * runfile_write() has brought it to the disk, and until then further rows stay here (queue.h); where a disk stays full
 * so long that some must go, an event says how many rows that were.
 *
 * A file is made as run.h5.new, opened for single writer, multiple readers, and then renamed: whoever finds run.h5
 * finds it complete and marked as live.
 */
#include "store/runfile.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/guard.h"
#include "store/queue.h"
#include "store/runfile_make.h"
#include "store/seal.h"
#include "store/spool.h"
#include "store/tables.h"
#include "store/tensorboard.h"

enum { MAX_DAMAGED = 10000 };
enum { MANY_CHUNKS = 8 }; /* 330 KB: compressing them takes rank 0 some 3 ms */

struct runfile {
    hid_t file;
    struct spool *spool;
    char path[PATH_MAX];
    struct queue queues[RUN_TABLE_COUNT];
    int ranks;
    struct run_actor *actors; /* (ranks) */
    struct run_lag lag[RUN_LAG_ROWS];
    int64_t lag_before[RUN_LAG_ROWS]; /* counted by earlier sessions */
    bool actors_changed, lag_changed;
    struct tensorboard *board; /* NULL: none are asked for, or they were taken */
};

static void release(struct runfile *f)
{
    for (int t = 0; t < RUN_TABLE_COUNT; t++) queue_free(&f->queues[t]);
    free(f->actors);
    tensorboard_free(&f->board);
    free(f);
}

static int open_live(struct runfile *f, const char *path)
{
    H5_AUTO hid_t access = H5I_INVALID_HID;
    H5_CHECK(access = run_access(), path, "open for live writing");
    H5_CHECK(spool_use(access), path, "open for live writing");
    H5_CHECK(f->file = H5Fopen(path, H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access), path, "open for live writing");
    H5_CHECK((f->spool = spool_of(f->file)) ? 0 : -1, path, "open for live writing");
    for (int t = 0; t < RUN_TABLE_COUNT; t++)
        if (queue_open(&f->queues[t], f->file, path)) return -1;
    const struct queue *lag = &f->queues[RUN_TABLE_LAG];
    if (table_read(lag->set, lag->type, 0, RUN_LAG_ROWS, f->lag, path)) return -1;
    for (int i = 0; i < RUN_LAG_ROWS; i++) {
        f->lag_before[i] = f->lag[i].count;
        f->lag[i].lag = i;
    }
    for (int r = 0; r < f->ranks; r++) f->actors[r].rank = r;
    f->actors_changed = f->lag_changed = true;
    return 0;
}

/* Gives the file f->path, which cannot be read, the name run-damaged-N.h5. */
static int set_aside(const struct runfile *f, const char *why)
{
    char aside[PATH_MAX];
    const int folder = (int)(strrchr(f->path, '/') - f->path);
    for (int n = 1; n < MAX_DAMAGED; n++) {
        if ((size_t)snprintf(aside, sizeof aside, "%.*s/run-damaged-%d.h5", folder, f->path, n) >= sizeof aside) break;
        if (!access(aside, F_OK)) continue;
        if (rename(f->path, aside)) return error_set("%s: cannot rename it: %s", f->path, strerror(errno));
        log_root("%s; set aside as run-damaged-%d.h5, a new run.h5 begins", why, n);
        return 0;
    }
    return error_set("%s: %s, and there is no free name to set it aside", f->path, why);
}

/* Opens fresh and gives it the name f->path. Only once it is whole on the disk does a damaged file make place for it;
 * why it is one, damage says. */
static int go_live(struct runfile *f, const char *fresh, const char *damage)
{
    if (open_live(f, fresh) || runfile_flush(f) || runfile_sync(f)) return -1;
    if (damage && set_aside(f, damage)) return -1;
    if (rename(fresh, f->path)) return error_set("%s: cannot rename it: %s", fresh, strerror(errno));
    char *dir = f->path; /* for as long as it takes */
    char *slash = strrchr(dir, '/');
    *slash = '\0';
    file_sync_folder(dir);
    *slash = '/';
    return 0;
}

static struct runfile *start(const char *path, const char *fresh, int ranks, const char *damage)
{
    struct runfile *f = memory_new(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "%s", path);
    f->ranks = ranks;
    f->actors = memory_new((size_t)ranks, sizeof *f->actors);
    f->file = H5I_INVALID_HID;
    for (int t = 0; t < RUN_TABLE_COUNT; t++) queue_init(&f->queues[t], &RUN_TABLES[t]);
    if (!go_live(f, fresh, damage)) return f;
    hid_t file = f->file;
    release(f);
    h5_release(&file);
    unlink(fresh);
    return NULL;
}

static int names(const char *dir, char path[PATH_MAX], char fresh[PATH_MAX])
{
    if ((size_t)snprintf(path, PATH_MAX, "%s/run.h5", dir) >= PATH_MAX ||
        (size_t)snprintf(fresh, PATH_MAX, "%s/run.h5.new", dir) >= PATH_MAX)
        return error_set("%.200s...: the name is too long", dir);
    return 0;
}

struct runfile *runfile_create(const char *dir, const struct option_set *options, const struct provenance *prov,
                               int ranks)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    if (names(dir, path, fresh)) return NULL;
    if (!access(path, F_OK)) {
        error_set("%s: is there already: give another --out, or resume that run", path);
        return NULL;
    }
    const struct run_recipe recipe = {.path = fresh, .options = options, .prov = prov, .ranks = ranks};
    if (run_make(&recipe)) {
        unlink(fresh);
        return NULL;
    }
    return start(path, fresh, ranks, NULL);
}

static int make_in_child(void *recipe, FILE *out)
{
    (void)out;
    return run_make(recipe);
}

/* After a failure: is it the old file itself, which is read once more, in memory, where no write can fail? false: after
 * error_set(), nothing is wrong with it. */
static bool is_damaged(const struct run_recipe *recipe)
{
    struct run_recipe alone = *recipe;
    alone.in_memory = true;
    const int rc = guard_run(make_in_child, &alone, recipe->old, NULL, NULL);
    if (!rc) error_set("%s: cannot be made: the HDF5 library gave it up, for lack of room or memory", recipe->path);
    return rc == RUN_MAKE_OLD_BAD || rc == GUARD_DIED;
}

struct runfile *runfile_resume(const char *dir, const struct option_set *options, const struct provenance *prov,
                               int ranks, int64_t frames, int session)
{
    char path[PATH_MAX], fresh[PATH_MAX], damage[512];
    if (names(dir, path, fresh)) return NULL;
    if (access(path, F_OK)) {
        log_root("%s: is missing: a new one begins", path);
        return runfile_create(dir, options, prov, ranks);
    }
    h5_init();
    struct run_recipe recipe = {fresh, options, prov, ranks, path, frames, session, false};
    int rc = guard_run(make_in_child, &recipe, path, NULL, NULL);
    if (rc == 0) return start(path, fresh, ranks, NULL);
    unlink(fresh);
    if ((rc != RUN_MAKE_OLD_BAD && rc != GUARD_DIED) || !is_damaged(&recipe)) return NULL;
    snprintf(damage, sizeof damage, "%s", error_text());
    recipe.old = NULL;
    rc = run_make(&recipe);
    if (!rc) return start(path, fresh, ranks, damage);
    unlink(fresh);
    return NULL;
}

int runfile_tensorboard(struct runfile *f, const char *dir, int64_t frames)
{
    f->board = tensorboard_open(dir, frames);
    return f->board ? 0 : -1;
}

struct tensorboard *runfile_curves(const struct runfile *f)
{
    return f->board;
}

struct tensorboard *runfile_curves_take(struct runfile *f)
{
    struct tensorboard *const board = f->board;
    f->board = NULL;
    return board;
}

void runfile_train(struct runfile *f, const struct run_train *row)
{
    queue_add(&f->queues[RUN_TABLE_TRAIN], row);
    tensorboard_train(f->board, row);
}
void runfile_episode(struct runfile *f, const struct run_episode *row)
{
    queue_add(&f->queues[RUN_TABLE_EPISODES], row);
}
void runfile_eval(struct runfile *f, const struct run_eval *row)
{
    queue_add(&f->queues[RUN_TABLE_EVAL], row);
    tensorboard_eval(f->board, row);
}

/* Zero behind the text: the same event is the same bytes. */
static void pad(char *text, size_t size)
{
    const size_t n = strnlen(text, size);
    memset(text + n, 0, size - n);
}

void runfile_event(struct runfile *f, const struct run_event *row)
{
    struct run_event clean = *row;
    pad(clean.kind, sizeof clean.kind);
    pad(clean.text, sizeof clean.text);
    queue_add(&f->queues[RUN_TABLE_EVENTS], &clean);
}

void runfile_lag(struct runfile *f, const int64_t count[RUN_LAG_ROWS])
{
    for (int i = 0; i < RUN_LAG_ROWS; i++) f->lag[i].count = f->lag_before[i] + count[i];
    f->lag_changed = true;
}

void runfile_lag_before(struct runfile *f, const int64_t count[RUN_LAG_ROWS])
{
    memcpy(f->lag_before, count, sizeof f->lag_before);
}

void runfile_actors(struct runfile *f, const struct run_actor *rows)
{
    for (int r = 0; r < f->ranks; r++) {
        f->actors[r] = rows[r];
        pad(f->actors[r].host, sizeof f->actors[r].host);
        pad(f->actors[r].state, sizeof f->actors[r].state);
    }
    f->actors_changed = true;
}

static int rewrite(struct runfile *f, enum runfile_table table, const void *rows, bool *changed)
{
    const struct queue *q = &f->queues[table];
    if (!*changed) return 0;
    H5_CHECK(H5Dwrite(q->set, q->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows), f->path, "write");
    H5_CHECK(H5Dflush(q->set), f->path, "write");
    *changed = false;
    return 0;
}

/* What had to go while nothing could be written. */
static void tell_dropped(struct runfile *f)
{
    for (int t = 0; t < RUN_TABLE_COUNT; t++) {
        struct run_event event = {.kind = "rows-dropped"};
        if (!f->queues[t].dropped) continue;
        snprintf(event.text, sizeof event.text, "%" PRId64 " rows of /%s could not be written", f->queues[t].dropped,
                 RUN_TABLES[t].name);
        f->queues[t].dropped = 0;
        runfile_event(f, &event);
    }
}

static int flush_tables(struct runfile *f)
{
    static const enum runfile_table GROWING[] = {RUN_TABLE_TRAIN, RUN_TABLE_EPISODES, RUN_TABLE_EVAL};
    for (size_t i = 0; i < sizeof GROWING / sizeof *GROWING; i++)
        if (queue_write(&f->queues[GROWING[i]], true, f->path)) return -1;
    tell_dropped(f);
    if (queue_write(&f->queues[RUN_TABLE_EVENTS], true, f->path)) return -1;
    if (rewrite(f, RUN_TABLE_LAG, f->lag, &f->lag_changed)) return -1;
    return rewrite(f, RUN_TABLE_ACTORS, f->actors, &f->actors_changed);
}

int runfile_gather(struct runfile *f)
{
    return spool_waits(f->spool) ? 0 : flush_tables(f);
}

bool runfile_many_wait(const struct runfile *f)
{
    const struct queue *q = &f->queues[RUN_TABLE_EPISODES];
    return queue_whole(q) >= MANY_CHUNKS * q->table->chunk && !spool_waits(f->spool);
}

int runfile_gather_many(struct runfile *f)
{
    return queue_write(&f->queues[RUN_TABLE_EPISODES], false, f->path);
}

int runfile_write(struct runfile *f)
{
    const int why = spool_drain(f->spool);
    return why ? error_set("%s: cannot write: %s", f->path, strerror(why)) : 0;
}

int runfile_sync(struct runfile *f)
{
    const int why = spool_sync(f->spool);
    return why ? error_set("%s: cannot write: %s", f->path, strerror(why)) : 0;
}

int runfile_flush(struct runfile *f)
{
    return runfile_write(f) || runfile_gather(f) || runfile_write(f) ? -1 : 0;
}

int runfile_close(struct runfile **f)
{
    if (!*f) return 0;
    char path[PATH_MAX];
    const hid_t file = (*f)->file;
    int rc = runfile_flush(*f);
    snprintf(path, sizeof path, "%s", (*f)->path);
    release(*f);
    *f = NULL;
    if (H5Fclose(file) < 0 && !rc) rc = h5_fail(path, "close");
    if (spool_lost() && !rc) rc = error_set("%s: cannot write its end: %s", path, strerror(spool_lost()));
    return rc;
}
