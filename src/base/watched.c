/* watched.c -- see watched.h. */
#include "base/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

static const double STOP_WITHIN = 1; /* s that the child has for a stop signal */
static const int STOPS[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOP_COUNT = sizeof STOPS / sizeof *STOPS, LINE = 1024, REFUSED = 2 };

/* What parent and child share. */
struct shared {
    int rc;
    bool back, failed; /* work came back; watched_fail() was called */
    char line[LINE];   /* why */
    _Alignas(64) unsigned char arg[];
};
static struct shared *mine; /* of a child; NULL in any other process */

static volatile sig_atomic_t stop, child_pid;

static void pass_on(int sig)
{
    stop = sig;
    if (child_pid > 0) kill((pid_t)child_pid, sig);
}

static _Noreturn void be_child(struct shared *shared, int (*work)(void *), pid_t parent, const sigset_t *before)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    for (int i = 0; i < STOP_COUNT; i++) {
        struct sigaction now;
        if (!sigaction(STOPS[i], NULL, &now) && now.sa_handler != SIG_IGN) signal(STOPS[i], SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, before, NULL);
    mine = shared;
    dup2(STDERR_FILENO, STDOUT_FILENO); /* a library's chatter is none of the answer, which the parent prints */
    const int rc = work(shared->arg);
    if (rc) snprintf(shared->line, LINE, "%s", error_text());
    fflush(NULL);
    shared->rc = rc;
    shared->back = true;
    _exit(0); /* what a library does at exit is not waited for */
}

static _Noreturn void end_with(bool refused, const char *fmt, va_list ap)
{
    char line[LINE];
    vsnprintf(line, sizeof line, fmt, ap);
    if (!mine) {
        log_rank("%s", line);
    } else {
        memcpy(mine->line, line, sizeof line);
        mine->rc = REFUSED;
        mine->back = refused;
        mine->failed = !refused;
    }
    _exit(1);
}

void watched_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    end_with(false, fmt, ap);
}

void watched_refuse(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    end_with(true, fmt, ap);
}

/* The child's wait status. Its end of the pipe closes with it, unless a library closes that or hands it on. */
static int await(const struct watched *w, int end, bool *late)
{
    double stopped = 0, spent = 0, last = clock_seconds(); /* spent looking: not while a Ctrl-Z lasts */
    bool told = false;
    int status;
    struct pollfd p = {.fd = end, .events = POLLIN};
    for (;;) {
        if (poll(&p, 1, p.fd < 0 ? 10 : 100) > 0) p.fd = -1;
        if (waitpid((pid_t)child_pid, &status, WNOHANG) == (pid_t)child_pid) return status;
        if (w->meanwhile) w->meanwhile((pid_t)child_pid);
        const double now = clock_seconds();
        spent += fmin(now - last, 1);
        last = now;
        if (w->tell > 0 && !told && spent > w->tell) {
            log_root("  %s has taken %g s so far: it is waited for, Ctrl-C ends it", w->what, w->tell);
            told = true;
        }
        if (stop && stopped <= 0) stopped = now;
        *late = !stop && w->most > 0 && spent > w->most;
        if (*late || (stopped > 0 && now - stopped > STOP_WITHIN)) kill((pid_t)child_pid, SIGKILL);
    }
}

/* -1 after error_set(), of a child that has not come back. */
static int why(const struct watched *w, const struct shared *shared, int status, bool late)
{
    if (shared->failed) return error_set("%s", shared->line);
    if (late)
        return error_set("%s has not come back within %g s: a call of the environment hangs, and was ended", w->what,
                         w->most);
    if (WIFEXITED(status))
        return error_set("%s ended by exit(%d): a library has called it, or _exit or quick_exit, the environment's if "
                         "it is one: it must not end the process",
                         w->what, WEXITSTATUS(status));
    return error_set("%s ended by a signal (%s): a library has crashed or given up, the environment's if it is one%s",
                     w->what, strsignal(WTERMSIG(status)),
                     WTERMSIG(status) == SIGKILL ? "; or there was too little memory" : "");
}

static void catch_stops(struct sigaction before[STOP_COUNT])
{
    const struct sigaction act = {.sa_handler = pass_on};
    child_pid = stop = 0;
    for (int i = 0; i < STOP_COUNT; i++) {
        sigaction(STOPS[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_DFL) sigaction(STOPS[i], &act, NULL);
    }
}

static void release_stops(const struct sigaction before[STOP_COUNT])
{
    for (int i = 0; i < STOP_COUNT; i++) sigaction(STOPS[i], &before[i], NULL);
}

/* The child of a terminal's process group may have seen the signal first. */
static int stop_of(int status)
{
    for (int i = 0; i < STOP_COUNT; i++)
        if (WIFSIGNALED(status) && WTERMSIG(status) == STOPS[i]) return STOPS[i];
    return stop;
}

/* The child runs between two calls of sigprocmask(), so that a stop finds it or is found by it. */
static int start(struct shared *shared, int (*work)(void *), const int ends[2])
{
    sigset_t all, before;
    const pid_t self = getpid();
    fflush(NULL);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_child(shared, work, self, &before);
    }
    const int no_fork = errno;
    child_pid = pid > 0 ? pid : 0;
    if (pid > 0 && stop) kill(pid, stop); /* it came before there was a child */
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    return pid > 0 ? 0 : error_set("a process cannot be started: %s", strerror(no_fork));
}

int watched_run(const struct watched *w, int (*work)(void *arg), void *arg, size_t bytes)
{
    struct sigaction before[STOP_COUNT];
    int ends[2], status = 0, rc;
    bool late = false;
    struct shared *shared =
        mmap(NULL, sizeof *shared + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return error_set("no memory for %s", w->what);
    memcpy(shared->arg, arg, bytes);
    if (pipe2(ends, O_CLOEXEC)) {
        rc = error_set("no pipe for %s: %s", w->what, strerror(errno));
    } else {
        catch_stops(before);
        rc = start(shared, work, ends);
        if (!rc) status = await(w, ends[0], &late);
        release_stops(before);
        close(ends[0]);
        if (!rc && !shared->back) {
            const int sig = stop_of(status);
            if (sig) raise(sig);
            rc = why(w, shared, status, late);
        } else if (!rc) {
            memcpy(arg, shared->arg, bytes);
            rc = shared->rc;
            if (rc) error_set("%s", shared->line);
        }
    }
    munmap(shared, sizeof *shared + bytes);
    return rc;
}
