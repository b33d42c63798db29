/* ffmpeg.c -- MP4 by the program ffmpeg, which gets raw pictures through a pipe. No shell; the file's name is given as
 * file:NAME, so that nothing in it can be taken for an option or a protocol. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "play/movie.h"

struct encoder {
    pid_t child;
    int pipe;
    FILE *complaints; /* its stderr */
    size_t bytes;     /* of a picture */
};

/* What ffmpeg said last; its first lines name the stream. */
static void read_complaint(FILE *from, char *line, int size)
{
    char next[300];
    snprintf(line, (size_t)size, "it says nothing");
    rewind(from);
    while (fgets(next, sizeof next, from)) {
        next[strcspn(next, "\r\n")] = 0;
        if (next[strspn(next, " \t")]) snprintf(line, (size_t)size, "%s", next);
    }
}

/* Ends ffmpeg's input and waits for it: 0, or -1 after error_set(). */
static int end_child(struct encoder *e)
{
    char complaint[300];
    int status = 0, rc = 0;
    close(e->pipe);
    while (waitpid(e->child, &status, 0) < 0 && errno == EINTR) {}
    if (status) {
        read_complaint(e->complaints, complaint, sizeof complaint);
        rc = error_set("ffmpeg failed: %s", complaint);
    }
    fclose(e->complaints);
    free(e);
    return rc;
}

/* ffmpeg reading from in; 0 or an errno. */
static int start(struct encoder *e, int in, char *const argv[])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE); /* which we ignore */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(e->complaints), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(e->complaints), STDERR_FILENO);
    const int failed = posix_spawnp(&e->child, "ffmpeg", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static void *open_encoder(const char *part, int height, int width, double fps)
{
    char size[40], rate[40], out[PATH_MAX + 8];
    char *const argv[] = {"ffmpeg",  "-nostdin",  "-v",         "error", "-f",  "rawvideo", "-pix_fmt", "rgb24",
                          "-s",      size,        "-r",         rate,    "-i",  "pipe:0",   "-an",      "-pix_fmt",
                          "yuv420p", "-movflags", "+faststart", "-f",    "mp4", "-y",       out,        NULL};
    int ends[2] = {-1, -1};
    snprintf(size, sizeof size, "%dx%d", width, height);
    snprintf(rate, sizeof rate, "%.6g", fps);
    snprintf(out, sizeof out, "file:%s", part);
    struct encoder *e = memory_new(1, sizeof *e);
    e->bytes = 3 * (size_t)height * (size_t)width;
    e->complaints = tmpfile();
    int failed = e->complaints && !pipe2(ends, O_CLOEXEC) ? 0 : errno;
    if (!failed) {
        failed = start(e, ends[0], argv);
        close(ends[0]);
        e->pipe = ends[1];
        if (failed) close(ends[1]);
    }
    if (!failed) return e;
    if (failed == ENOENT)
        error_set("ffmpeg, which makes .mp4 files, is not on the PATH: install the package ffmpeg, or record a .gif");
    else
        error_set("ffmpeg cannot be started: %s", strerror(failed));
    if (e->complaints) fclose(e->complaints);
    free(e);
    return NULL;
}

/* Where this fails, close_encoder() says what ffmpeg complained of. */
static int add_picture(void *state, const uint8_t *rgb, int times)
{
    struct encoder *e = state;
    for (int i = 0; i < times; i++)
        for (size_t at = 0; at < e->bytes;) {
            const ssize_t n = write(e->pipe, rgb + at, e->bytes - at);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return error_set("ffmpeg takes no more pictures: %s", strerror(errno));
            at += (size_t)n;
        }
    return 0;
}

static int close_encoder(void *state, bool whole)
{
    struct encoder *e = state;
    if (!whole) kill(e->child, SIGTERM);
    return end_child(e);
}

const struct movie_kind movie_ffmpeg = {".mp4", 240, open_encoder, add_picture, close_encoder};
