/* checkpoint_list.c -- the checkpoints of a folder: which there are, which of them is whole, and which are too many. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
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
#include "store/seal.h"

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

/* Files that this process has written, or read and found whole or not; the oldest is forgotten first. Pruning, in the
 * thread that writes, would otherwise read them all anew at each checkpoint. */
enum { KNOWN = 32 };
static struct known {
    struct stat file;
    bool whole;
} known[KNOWN];
static int known_next;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void remember(const struct stat *file, bool whole)
{
    pthread_mutex_lock(&known_lock);
    known[known_next++ % KNOWN] = (struct known){*file, whole};
    pthread_mutex_unlock(&known_lock);
}

/* 1 whole, 0 damaged, -1 not known. */
static int recall(const struct stat *file)
{
    int whole = -1;
    pthread_mutex_lock(&known_lock);
    for (int i = 0; i < KNOWN && whole < 0; i++)
        if (same_file(file, &known[i].file)) whole = known[i].whole;
    pthread_mutex_unlock(&known_lock);
    return whole;
}

/* Looked at before it is read: who replaces it meanwhile is not taken for what was read. */
static bool is_whole(const char *path)
{
    struct stat file;
    if (lstat(path, &file)) return false;
    int whole = recall(&file);
    if (whole < 0) remember(&file, (whole = !checkpoint_verify(path)));
    return whole;
}

static unsigned char *read_and_remember(const char *path, size_t *size)
{
    struct stat file;
    const bool there = !lstat(path, &file);
    unsigned char *bytes = seal_read(path, size);
    if (there) remember(&file, bytes != NULL);
    return bytes;
}

void checkpoint_prune(const char *dir, const char *written, int keep)
{
    struct found *found;
    const int n = list(dir, &found, true);
    int kept = 1; /* `written` */
    struct stat own;
    char path_of_own[PATH_MAX];
    if ((size_t)snprintf(path_of_own, sizeof path_of_own, "%s/%s", dir, written) < sizeof path_of_own &&
        !lstat(path_of_own, &own))
        remember(&own, true);
    for (int i = 0; i < n && n > keep; i++) {
        char path[PATH_MAX];
        if (!strcmp(found[i].name, written)) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, found[i].name) >= sizeof path) continue;
        if (kept >= keep)
            unlink(path);
        else if (is_whole(path)) /* a damaged one takes nobody's place */
            kept++;
    }
    if (n >= 0) free(found);
}

/* The newest whole one with fewer than *frames, read: its path and bytes, and *frames becomes its number. A damaged one
 * is a line of log. 0; 1 where there is none; -1 after error_set(). */
static int read_before(const char *dir, int64_t *frames, char *path, size_t path_size, unsigned char **bytes,
                       size_t *size)
{
    struct found *found;
    const int n = list(dir, &found, false);
    if (n < 0) return -1;
    int rc = 1;
    for (int i = 0; found && i < n && rc == 1; i++) {
        if (found[i].frames >= *frames) continue;
        if ((size_t)snprintf(path, path_size, "%s/%s", dir, found[i].name) >= path_size)
            rc = error_set("%s: the name is too long", dir);
        else if ((*bytes = read_and_remember(path, size)))
            rc = 0;
        else
            log_root("%s; %s", error_text(), i + 1 < n ? "trying the one before it" : "there is none before it");
        if (!rc) *frames = found[i].frames;
    }
    free(found);
    return rc;
}

int checkpoint_newest(const char *dir, char *path, size_t size)
{
    unsigned char *bytes = NULL;
    size_t n;
    int64_t frames = INT64_MAX;
    const int rc = read_before(dir, &frames, path, size, &bytes, &n);
    if (!rc) free(bytes);
    return rc;
}

int checkpoint_open_before(const char *dir, int64_t *frames, struct checkpoint_file **f)
{
    char path[PATH_MAX];
    unsigned char *bytes;
    size_t size;
    for (;;) {
        const int rc = read_before(dir, frames, path, sizeof path, &bytes, &size);
        if (rc) return rc;
        if ((*f = checkpoint_open_bytes(path, bytes, size))) return 0;
        log_root("%s; trying the one before it", error_text());
    }
}

int checkpoint_verify(const char *path)
{
    size_t size;
    unsigned char *bytes = seal_read(path, &size);
    free(bytes);
    return bytes ? 0 : -1;
}

/* The file itself, or checkpoint-best.h5 of a folder: its bytes, NULL after error_set(). */
static unsigned char *read_named(const char *named, const char *name, char path[PATH_MAX], size_t *size)
{
    if ((size_t)snprintf(path, PATH_MAX, "%s%s", named, name) < PATH_MAX) return seal_read(path, size);
    error_set("%.200s...: the name is too long", named);
    return NULL;
}

int checkpoint_find(const char *run_or_file, bool best, struct checkpoint_found *found)
{
    struct stat st;
    int64_t frames = INT64_MAX;
    char *path = found->path;
    found->bytes = NULL;
    if (stat(run_or_file, &st)) return error_set("%s: %s", run_or_file, strerror(errno));
    if (!S_ISDIR(st.st_mode)) {
        char real[PATH_MAX]; /* the user's own word may be a link */
        const bool link = !lstat(run_or_file, &st) && S_ISLNK(st.st_mode) && realpath(run_or_file, real);
        found->bytes = read_named(link ? real : run_or_file, "", path, &found->size);
        return found->bytes ? 0 : -1;
    }
    if (best && (size_t)snprintf(path, PATH_MAX, "%s/checkpoint-best.h5", run_or_file) < PATH_MAX &&
        !access(path, F_OK)) {
        found->bytes = read_named(run_or_file, "/checkpoint-best.h5", path, &found->size);
        if (found->bytes) return 0;
        log_root("%s; taking the newest", error_text());
    }
    const int rc = read_before(run_or_file, &frames, path, PATH_MAX, &found->bytes, &found->size);
    if (rc <= 0) return rc;
    char runs[1024];
    return error_set("%s: holds no whole checkpoint (checkpoint-FRAMES.h5)%s", run_or_file,
                     run_folders_advice(run_or_file, runs, sizeof runs));
}
