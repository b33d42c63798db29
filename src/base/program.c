/* program.c -- see program.h. */
#include "base/program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool program_beside(const char *below, char *path, size_t size)
{
    char program[PATH_MAX - 64];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    path[0] = '\0';
    if (n <= 0) return false;
    program[n] = '\0';
    char *slash = strrchr(program, '/');
    if (slash) *slash = '\0';
    snprintf(path, size, "%s/%s", program, below);
    return true;
}

bool program_folder(const struct program_folders *f, int i, char *path, size_t size)
{
    path[0] = '\0';
    if (i == 0) {
        const char *set = getenv(f->variable);
        if (set) snprintf(path, size, "%s", set);
        return true;
    }
    if (!f->beside[i - 1]) return false;
    program_beside(f->beside[i - 1], path, size);
    return true;
}

const char *program_folders_text(const struct program_folders *f, const char *below, char *text, size_t size)
{
    char path[PATH_MAX];
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; program_folder(f, i, path, sizeof path); i++) {
        if (!path[0] || used + 1 >= size) continue;
        const int n = snprintf(text + used, size - used, "%s%s%s", used ? ", " : "", path, below);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}
