/* runs.c -- see runs.h. */
#include "view/runs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/run_folders.h"

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
    return 0;
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
