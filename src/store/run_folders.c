/* run_folders.c -- see run_folders.h. */
#include "store/run_folders.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 4, MOST = 4096, DEEPEST = 4 };

struct folder {
    char path[512];
    struct timespec written;
};

/* Is dir a run's folder; when was its run.h5 written last. */
static bool is_run(const char *dir, struct timespec *written)
{
    char file[PATH_MAX];
    struct stat st;
    if ((size_t)snprintf(file, sizeof file, "%s/run.h5", dir) >= sizeof file || stat(file, &st)) return false;
    if (written) *written = st.st_mtim;
    return S_ISREG(st.st_mode);
}

static int newest_first(const void *a, const void *b)
{
    const struct folder *x = a, *y = b;
    if (x->written.tv_sec != y->written.tv_sec) return x->written.tv_sec < y->written.tv_sec ? 1 : -1;
    if (x->written.tv_nsec != y->written.tv_nsec) return x->written.tv_nsec < y->written.tv_nsec ? 1 : -1;
    return strcmp(x->path, y->path);
}

struct folders {
    struct folder *list;
    int count, room;
};

static bool keep(struct folders *found, const struct folder *f)
{
    if (found->count == found->room) {
        struct folder *more = realloc(found->list, (size_t)(found->room = 2 * found->room + 16) * sizeof *more);
        if (!more) return false;
        found->list = more;
    }
    found->list[found->count++] = *f;
    return true;
}

/* The runs in the folders of dir, and `deep` - 1 folders further down: a link is no way down, but may be a run. */
static void look(const char *dir, int deep, struct folders *found)
{
    DIR *d = opendir(dir);
    const char *slash = *dir && dir[strlen(dir) - 1] == '/' ? "" : "/";
    if (!d) return;
    for (const struct dirent *e; found->count < MOST && (e = readdir(d));) {
        struct folder f;
        struct stat st;
        if (e->d_name[0] == '.') continue;
        if ((size_t)snprintf(f.path, sizeof f.path, "%s%s%s", dir, slash, e->d_name) >= sizeof f.path) continue;
        if (is_run(f.path, &f.written)) {
            if (!keep(found, &f)) break;
        } else if (deep > 1 && !lstat(f.path, &st) && S_ISDIR(st.st_mode)) {
            look(f.path, deep - 1, found);
        }
    }
    closedir(d);
}

const char *run_folders_advice(const char *path, char *text, size_t size)
{
    struct stat st;
    text[0] = '\0';
    if (stat(path, &st)) return text;
    if (!S_ISDIR(st.st_mode)) {
        char dir[PATH_MAX];
        const char *slash = strrchr(path, '/');
        snprintf(dir, sizeof dir, "%.*s", slash ? slash > path ? (int)(slash - path) : 1 : 1, slash ? path : ".");
        if (is_run(dir, NULL)) snprintf(text, size, "; its run is %s", dir);
        return text;
    }
    struct folders found = {0};
    look(path, DEEPEST, &found);
    const int n = found.count;
    if (n) qsort(found.list, (size_t)n, sizeof *found.list, newest_first);
    for (int i = 0; i < n && i < SHOWN && strlen(text) < size; i++)
        snprintf(text + strlen(text), size - strlen(text), "%s%s",
                 i       ? ", "
                 : n > 1 ? "; in it are the runs "
                         : "; in it is the run ",
                 found.list[i].path);
    if (n > SHOWN) snprintf(text + strlen(text), size - strlen(text), " and %d more", n - SHOWN);
    free(found.list);
    return text;
}
