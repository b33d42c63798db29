/* checkpoint_list.c -- the checkpoints of a folder: which there are, which of them can be opened, and which are too
 * many. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "store/checkpoint.h"
#include "store/run_folders.h"

/* FRAMES of checkpoint-FRAMES.h5, or -1. */
static int64_t frames_of(const char *name)
{
    int64_t frames;
    int end = 0;
    if (sscanf(name, "checkpoint-%*[0-9].h5%n", &end) != 0 || !end || name[end] || strlen(name) > 11 + 18 + 3)
        return -1;
    return sscanf(name, "checkpoint-%" SCNd64, &frames) == 1 ? frames : -1;
}

struct found {
    int64_t frames;
    char name[64];
};

static int newest_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return (x->frames < y->frames) - (x->frames > y->frames);
}

/* All checkpoint-FRAMES.h5 of a folder, newest first, malloc'd; the count, or -1 after error_set(). halves: removes
 * what was left half written. */
static int list(const char *dir, struct found **found, bool remove_halves)
{
    DIR *folder = opendir(dir);
    int n = 0, room = 0;
    *found = NULL;
    if (!folder) return error_set("%s: cannot read the folder: %s", dir, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const size_t length = strlen(entry->d_name);
        if (remove_halves && length > 4 && !strncmp(entry->d_name, "checkpoint-", 11) &&
            !strcmp(entry->d_name + length - 4, ".new"))
            unlinkat(dirfd(folder), entry->d_name, 0);
        const int64_t frames = frames_of(entry->d_name);
        if (frames < 0) continue;
        if (n == room) {
            struct found *more = realloc(*found, (size_t)(room = 2 * room + 16) * sizeof *more);
            if (!more) {
                closedir(folder);
                free(*found);
                return error_set("%s: no memory to list it", dir);
            }
            *found = more;
        }
        (*found)[n].frames = frames;
        snprintf((*found)[n++].name, sizeof(*found)->name, "%.63s", entry->d_name);
    }
    closedir(folder);
    if (n) qsort(*found, (size_t)n, sizeof **found, newest_first);
    return n;
}

/* Files that this process has written, or opened and found to be of its run: pruning counts these alone, since a seal
 * tells only that nobody has changed what is behind it. */
static struct good {
    dev_t device;
    ino_t file;
    off_t size;
    struct timespec changed;
} * good;
static int good_count, good_room;
static pthread_mutex_t good_lock = PTHREAD_MUTEX_INITIALIZER; /* of the three */

static bool same_file(const struct good *a, const struct stat *b)
{
    return a->file == b->st_ino && a->device == b->st_dev && a->size == b->st_size &&
           a->changed.tv_sec == b->st_mtim.tv_sec && a->changed.tv_nsec == b->st_mtim.tv_nsec;
}

void checkpoint_vouch(const struct stat *file)
{
    pthread_mutex_lock(&good_lock);
    if (good_count == good_room) {
        struct good *more = realloc(good, (size_t)(2 * good_room + 16) * sizeof *more);
        if (more) good = more, good_room = 2 * good_room + 16;
    }
    if (good_count < good_room) /* else it is not counted: more are kept */
        good[good_count++] = (struct good){file->st_dev, file->st_ino, file->st_size, file->st_mtim};
    pthread_mutex_unlock(&good_lock);
}

/* forget: it is about to be removed. */
static bool is_good(const char *path, bool forget)
{
    struct stat file;
    bool found = false;
    if (lstat(path, &file)) return false;
    pthread_mutex_lock(&good_lock);
    for (int i = 0; i < good_count && !found; i++) {
        found = same_file(&good[i], &file);
        if (found && forget) good[i] = good[--good_count];
    }
    pthread_mutex_unlock(&good_lock);
    return found;
}

void checkpoint_prune(const char *dir, const char *written, int keep)
{
    struct found *found;
    const int n = list(dir, &found, true);
    int kept = 1; /* `written` */
    for (int i = 0; i < n && n > keep; i++) {
        char path[PATH_MAX];
        if (!strcmp(found[i].name, written)) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, found[i].name) >= sizeof path) continue;
        if (kept < keep) {
            kept += is_good(path, false); /* a damaged one takes nobody's place */
        } else {
            is_good(path, true);
            unlink(path);
        }
    }
    if (n >= 0) free(found);
}

int checkpoint_open_before(const char *dir, int64_t *frames, const char *or_else, struct checkpoint_file **f)
{
    struct found *found;
    char path[PATH_MAX];
    const int n = list(dir, &found, false);
    int rc = 1;
    if (n < 0) return -1;
    for (int i = 0; found && i < n && rc == 1; i++) {
        if (found[i].frames >= *frames) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, found[i].name) >= sizeof path)
            rc = error_set("%s: the name is too long", dir);
        else if ((*f = checkpoint_open(path)))
            rc = 0;
        else if (!or_else || *or_else)
            log_root("%s; %s", error_text(),
                     or_else     ? or_else
                     : i + 1 < n ? "trying the one before it"
                                 : "there is none before it");
        if (!rc) *frames = found[i].frames;
    }
    free(found);
    return rc;
}

bool checkpoint_is_before(const char *dir, int64_t frames)
{
    struct found *found;
    const int n = list(dir, &found, false);
    const bool is = n > 0 && found[n - 1].frames < frames;
    if (n >= 0) free(found);
    return is;
}

static const char BEST[] = "checkpoint-best.h5";

/* A checkpoint file as it was typed, which may be a link. NULL after error_set(). */
static struct checkpoint_file *open_file(const char *typed, bool best)
{
    struct stat st;
    char path[PATH_MAX];
    const bool link = !lstat(typed, &st) && S_ISLNK(st.st_mode) && realpath(typed, path);
    const char *file = link ? path : typed, *slash = strrchr(file, '/');
    if (!best || !strcmp(slash ? slash + 1 : file, BEST)) return checkpoint_open(file);
    error_set("%s: is one checkpoint, and --best takes a run's %s; name the run's folder, or leave --best out", typed,
              BEST);
    return NULL;
}

/* Why a run has no best weights, by its newest checkpoint, to error_set(). */
static void tell_no_best(const char *run, struct checkpoint_file *newest)
{
    struct checkpoint_counters counters;
    if (checkpoint_read_counters(newest, &counters)) return;
    if (isnan(counters.best_mean))
        error_set("%s: no evaluation has been made, by which --best would choose (train --eval-every); leave --best "
                  "out to take the newest weights",
                  run);
    else
        error_set("%s: was evaluated, but its %s is gone; leave --best out to take the newest weights", run, BEST);
}

struct checkpoint_file *checkpoint_find(const char *run_or_file, bool best)
{
    struct stat st;
    struct checkpoint_file *f = NULL;
    int64_t frames = INT64_MAX;
    char path[PATH_MAX], runs[1024];
    if (stat(run_or_file, &st)) return error_set("%s: %s", run_or_file, strerror(errno)), NULL;
    if (!S_ISDIR(st.st_mode)) return open_file(run_or_file, best);
    if (best && (size_t)snprintf(path, sizeof path, "%s/%s", run_or_file, BEST) < sizeof path && !access(path, F_OK)) {
        if (!(f = checkpoint_open(path))) error_set("%s; leave --best out to take the newest weights", error_text());
        return f;
    }
    if (checkpoint_open_before(run_or_file, &frames, NULL, &f) > 0)
        error_set("%s: holds no whole checkpoint (checkpoint-FRAMES.h5)%s", run_or_file,
                  run_folders_advice(run_or_file, runs, sizeof runs));
    if (best && f) {
        tell_no_best(run_or_file, f);
        checkpoint_close(&f);
    }
    return f;
}
