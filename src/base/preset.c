/* preset.c -- see preset.h. */
#include "base/preset.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/option_names.h"
#include "base/program.h"
#include "base/text.h"

enum { MOST = 64, NAME = 64 };

static char names[MOST][NAME];
static int count;

static const char *name_at(int i)
{
    return i < count ? names[i] : NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Fills names from folder. */
static void look_in(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d)) && count < MOST;) {
        const size_t n = strlen(e->d_name);
        if (text_ends_with(e->d_name, ".ini") && n - 4 < NAME) {
            memcpy(names[count], e->d_name, n - 4);
            names[count++][n - 4] = '\0';
        }
    }
    closedir(d);
    qsort(names, (size_t)count, sizeof *names, by_name);
}

int preset_find(const char *name, char *path, size_t size)
{
    static const char *const FOLDERS[] = {"../share/dunlin", "../run", "../../run"}; /* the last: of build/asan */
    char folder[PATH_MAX + 32], list[400] = "";
    count = 0;
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS && !count; i++)
        if (program_beside(FOLDERS[i], folder, sizeof folder)) look_in(folder);
    for (int i = 0; i < count; i++) {
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
        if (strcmp(names[i], name)) continue;
        const int length = snprintf(path, size, "%s/%s.ini", folder, name);
        return length >= 0 && (size_t)length < size ? 0 : error_set("%.200s: this path is too long", folder);
    }
    if ((size_t)snprintf(path, size, "%s/options.ini", name) < size && !access(path, R_OK))
        return error_set(
            "%.200s is the folder of a run: `dunlin resume` goes on with it; to start another one like it: "
            "dunlin train %.200s/options.ini --out FOLDER",
            name, name);
    const char *nearest = option_names_nearest(name, name_at);
    return error_set("found '%.200s'; allowed: one FILE.ini or preset (%s)%s%s%s, and --KEY VALUE, such as --env catch",
                     name, *list ? list : "none is installed", nearest ? "; the nearest is '" : "",
                     nearest ? nearest : "", nearest ? "'" : "");
}
