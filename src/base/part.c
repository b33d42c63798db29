/* part.c -- see part.h. */
#include "base/part.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof *SIGNALS };
static struct sigaction before[SIGNAL_COUNT];
static char part_now[PATH_MAX]; /* what the handler removes */

static void remove_and_end(int signal)
{
    unlink(part_now);
    _exit(128 + signal);
}

static void guard(const char *part)
{
    const struct sigaction end = {.sa_handler = remove_and_end};
    snprintf(part_now, sizeof part_now, "%s", part);
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        sigaction(SIGNALS[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) sigaction(SIGNALS[i], &end, NULL);
    }
}

int part_create(const char *path, char part[PATH_MAX])
{
    char end[32];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int room = NAME_MAX - snprintf(end, sizeof end, ".part-%ld", (long)getpid());
    /* found out here and not by the rename, which comes when the work is done */
    if (strlen(name) > NAME_MAX ||
        snprintf(part, PATH_MAX, "%.*s%.*s%s", (int)(name - path), path, room, name, end) >= PATH_MAX)
        return error_set("%.200s...: cannot be written: the name is too long", path);
    const int fd = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (fd >= 0) {
        guard(part);
        return fd;
    }
    return error_set("%.400s: cannot be written: %s%s", path, strerror(errno),
                     errno == ENOENT ? "; give a folder that exists" : "");
}

int part_end(const char *part, const char *path, bool keep)
{
    int rc = 0;
    if (keep && rename(part, path)) rc = error_set("%.400s: cannot be written: %s", path, strerror(errno));
    if (!keep || rc) unlink(part);
    for (int i = 0; i < SIGNAL_COUNT; i++) sigaction(SIGNALS[i], &before[i], NULL);
    return rc;
}
