/* movie.c -- see movie.h. */
#include "play/movie.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/part.h"
#include "base/text.h"

struct movie {
    const struct movie_kind *kind;
    void *state;
    bool refused; /* a picture was not taken */
    char path[PATH_MAX], part[PATH_MAX];
};

static const struct movie_kind *const KINDS[] = {&movie_gif, &movie_ffmpeg};
enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

static struct sigaction pipe_before;

/* As part_end(); SIGPIPE is what it was before. */
static int end(const struct movie *m, bool keep)
{
    const int rc = part_end(m->part, m->path, keep);
    sigaction(SIGPIPE, &pipe_before, NULL);
    return rc;
}

const struct movie_kind *movie_kind_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (int k = 0; k < KIND_COUNT; k++)
        if (text_ends_with(name, KINDS[k]->ending)) return KINDS[k];
    error_set("--out is '%.400s'; allowed: a name that ends in .gif or .mp4", path);
    return NULL;
}

struct movie *movie_open(const char *path, int height, int width, double fps)
{
    const struct movie_kind *kind = movie_kind_of(path);
    if (!kind) return NULL;
    struct movie *m = memory_new(1, sizeof *m);
    m->kind = kind;
    const int fd = part_create(path, m->part);
    if (fd < 0) {
        free(m);
        return NULL;
    }
    snprintf(m->path, sizeof m->path, "%s", path); /* which is no longer than part */
    close(fd);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &pipe_before); /* a writer that died is an error to report */
    m->state = kind->open(m->part, height, width, fps);
    if (!m->state) {
        end(m, false);
        free(m);
        return NULL;
    }
    return m;
}

int movie_add(struct movie *m, const uint8_t *rgb, int times)
{
    const int rc = m->kind->add(m->state, rgb, times);
    if (rc) m->refused = true;
    return rc;
}

int movie_close(struct movie **movie, bool keep)
{
    struct movie *m = *movie;
    char line[1024];
    if (!m) return 0;
    snprintf(line, sizeof line, "%s", error_text());
    int rc = m->kind->close(m->state, keep);
    /* why a movie is thrown away is for the caller to say, but for a writer that failed: it knows best */
    if (!keep && !m->refused) rc = 0;
    if (!keep && !rc) error_set("%s", line);
    if (end(m, keep && !rc)) rc = -1;
    free(m);
    *movie = NULL;
    return rc;
}
