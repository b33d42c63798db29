/* home.c -- see home.h. */
#include "base/home.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the user whose name has n bytes; of this one where n is 0. NULL: nobody. */
static const char *home_of(const char *name, size_t n)
{
    char user[64];
    const char *home = n ? NULL : getenv("HOME");
    if (home && *home) return home;
    snprintf(user, sizeof user, "%.*s", (int)n, name);
    const struct passwd *entry = n >= sizeof user ? NULL : n ? getpwnam(user) : getpwuid(getuid());
    return entry ? entry->pw_dir : NULL;
}

const char *home_path(const char *path, char *text, size_t size)
{
    const size_t scheme = !strncmp(path, "lib:", 4) || !strncmp(path, "gym:", 4) ? 4 : 0;
    const char *tilde = path + scheme;
    if (*tilde != '~') return path;
    const size_t name = strcspn(tilde + 1, "/");
    const char *home = home_of(tilde + 1, name);
    if (!home) return path;
    const int n = snprintf(text, size, "%.*s%s%s", (int)scheme, path, home, tilde + 1 + name);
    return n >= 0 && (size_t)n < size ? text : path;
}
