/* runs.c -- see runs.h. */
#include "view/runs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/process.h"
#include "store/run_folders.h"
#include "store/runfile.h"
#include "store/status.h"

int runs_find(const char *what, char *path, size_t size, bool *folder)
{
    struct stat st;
    if (stat(what, &st)) return error_set("%.400s: %s; give a run's folder or its run.h5", what, strerror(errno));
    *folder = S_ISDIR(st.st_mode);
    snprintf(path, size, "%s%s", what, *folder ? "/run.h5" : "");
    char runs[512];
    if (*folder && stat(path, &st))
        return error_set("%.400s: no run.h5 in this folder; give a run's folder%s", what,
                         run_folders_advice(what, runs, sizeof runs));
    return runfile_found(path) ? error_set("%.800s; give a run's folder or its run.h5", error_text()) : 0;
}

bool runs_any(const struct runs *r)
{
    char path[PATH_MAX];
    bool any = false, folder;
    for (int i = 0; i < r->count && !any; i++) any = !runs_find(r->what[i], path, sizeof path, &folder);
    return any;
}

void runs_name(const char *run, bool folder, char *name, size_t size)
{
    char path[PATH_MAX], whole[PATH_MAX];
    snprintf(path, sizeof path, "%s", run);
    if (!folder) {
        char *slash = strrchr(path, '/');
        if (slash && slash != path) *slash = 0;
        if (!slash) memcpy(path, ".", 2);
    }
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) path[n - 1] = 0;
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    if (!strcmp(last, ".") || !strcmp(last, "..")) { /* these name no run */
        slash = realpath(path, whole) ? strrchr(whole, '/') : NULL;
        last = slash && slash[1] ? slash + 1 : path;
    }
    snprintf(name, size, "%.*s", (int)size - 1, last);
}

const char *runs_state(const char *folder)
{
    struct status status;
    struct run_actor *actors;
    if (status_read(folder, &status, &actors)) return "";
    free(actors);
    return status.state == RUN_RUNNING && process_ended(&status.master) ? "gone" : run_state_name(status.state);
}

static void add(struct runs *r, const char *what)
{
    if (r->count == r->room) {
        char **more = memory_new((size_t)(r->room = 2 * r->room + 64), sizeof *more);
        if (r->count) memcpy(more, r->what, (size_t)r->count * sizeof *more);
        free(r->what);
        r->what = more;
    }
    const size_t n = strlen(what) + 1;
    memcpy(r->what[r->count++] = memory_new(n, 1), what, n);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The runs in a folder, and in its folders; a link may be a run, but is no way further down. */
static void add_folder(struct runs *r, const char *folder, int deep)
{
    char path[PATH_MAX];
    struct dirent **entries = NULL;
    struct stat st;
    if ((size_t)snprintf(path, sizeof path, "%s/run.h5", folder) >= sizeof path) return;
    if (!stat(path, &st)) {
        add(r, folder);
        return;
    }
    const int n = deep ? scandir(folder, &entries, visible, versionsort) : 0;
    for (int i = 0; i < n; i++) {
        const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
        const bool fits =
            (size_t)snprintf(path, sizeof path, "%s%s%s", folder, slash, entries[i]->d_name) < sizeof path;
        if (fits && !lstat(path, &st) && (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)))
            add_folder(r, path, S_ISDIR(st.st_mode) ? deep - 1 : 0);
        free(entries[i]);
    }
    free(entries);
}

void runs_gather(struct runs *r, const char *const *words, int count)
{
    struct stat st;
    *r = (struct runs){0};
    for (int i = 0; i < count; i++) {
        const int before = r->count;
        if (*words[i] && !stat(words[i], &st) && S_ISDIR(st.st_mode)) add_folder(r, words[i], RUNS_DEEPEST);
        if (r->count == before) add(r, words[i]);
    }
}

void runs_free(struct runs *r)
{
    for (int i = 0; i < r->count; i++) free(r->what[i]);
    free(r->what);
    *r = (struct runs){0};
}

void runs_common_name(const char *const *names, int count, char *name, size_t size)
{
    size_t n = strlen(names[0]);
    bool same = true;
    for (int i = 1; i < count; i++) {
        size_t m = 0;
        while (m < n && names[i][m] == names[0][m]) m++;
        same &= m == n && !names[i][m];
        n = m;
    }
    while (!same && n && ((unsigned char)names[0][n] & 0xC0) == 0x80) n--; /* no half characters */
    snprintf(name, size, "%.*s%s", (int)n, names[0], same || !n ? "" : "*");
}
