/* gnuplot.c -- see gnuplot.h. gnuplot gets the script on its standard input and writes the picture to its standard
 * output: no shell, and no name of the user's stands in the script where gnuplot would open it ('|command' would run
 * one). It does not look whether its picture could be written, so that passes through our hands. */
#include "view/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/part.h"

/* The first line that gnuplot complained with, behind its empty ones. */
static void read_complaint(FILE *from, char *line, int size)
{
    line[0] = 0;
    rewind(from);
    while (fgets(line, size, from)) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[strspn(line, " \t^")]) return;
    }
    snprintf(line, (size_t)size, "it says nothing");
}

/* All that comes, also where it cannot be written any more: 0, or the first errno. */
static int copy(int from, int to)
{
    char bytes[65536];
    int why = 0;
    for (;;) {
        const ssize_t n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 && !why ? errno : why;
        for (ssize_t at = 0, m; at < n && !why; at += m > 0 ? m : 0) {
            m = write(to, bytes + at, (size_t)(n - at));
            if (m < 0 && errno != EINTR) why = errno;
        }
    }
}

/* Runs gnuplot from script to the descriptor out; *unwritten: 0, or why that took not all. 0, or -1 after
 * error_set(). */
static int run_gnuplot(FILE *script, int out, int *unwritten)
{
    char *const argv[] = {"gnuplot", "-d", "-", NULL}; /* -d: nobody's ~/.gnuplot changes the figure */
    char complaint[300];
    FILE *err = tmpfile();
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0, ends[2];
    if (!err) return error_set("no temporary file can be made: %s", strerror(errno));
    if (pipe2(ends, O_CLOEXEC)) {
        fclose(err);
        return error_set("no pipe: %s", strerror(errno));
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(err), STDERR_FILENO);
    const int failed = posix_spawnp(&child, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *unwritten = copy(ends[0], out);
    close(ends[0]);
    if (!failed)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (failed == ENOENT)
        status = error_set("gnuplot is not on the PATH; install the package gnuplot-nox (Debian, Ubuntu) or gnuplot");
    else if (failed)
        status = error_set("gnuplot cannot be started: %s", strerror(failed));
    else if (status) {
        read_complaint(err, complaint, sizeof complaint);
        status = error_set("gnuplot failed: %s", complaint);
    }
    fclose(err);
    return status;
}

int gnuplot_draw(FILE *script, const char *to)
{
    char part[PATH_MAX] = "";
    int out = STDOUT_FILENO, status, unwritten = 0;
    if (fflush(script) || ferror(script))
        return error_set("the script for gnuplot cannot be written: %s", strerror(errno));
    rewind(script);
    if (to) {
        out = part_create(to, part);
        if (out < 0) return -1;
    }
    fflush(stdout);
    status = run_gnuplot(script, out, &unwritten);
    if (to && close(out) && !unwritten) unwritten = errno;
    if (unwritten && !status)
        status = error_set("%.400s: cannot be written: %s", to ? to : "standard output", strerror(unwritten));
    if (to && part_end(part, to, !status)) status = -1;
    return status;
}
