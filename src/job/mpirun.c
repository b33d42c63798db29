/* mpirun.c -- see mpirun.h. */
#include "job/mpirun.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "job/family.h"
#include "job/keeper.h"

int mpirun_check_root(void)
{
    const char *const *needed = family_get()->root;
    char words[256] = "";
    bool all = true;
    if (geteuid() || !needed) return 0;
    for (size_t at = 0; *needed; needed++, at = strlen(words)) {
        all &= getenv(*needed) != NULL;
        snprintf(words + at, sizeof words - at, " %s=1", *needed);
    }
    return all ? 0 : error_set("mpirun refuses root: say that you mean it with  export%s", words);
}

/* Of words NAME=VALUE with blanks between; the environment keeps the copy. */
static void put_all(const char *extra)
{
    for (char *at = extra ? strdup(extra) : NULL; at && *at;) {
        char *next = at + strcspn(at, " ");
        if (*next) *next++ = 0;
        putenv(at);
        at = next;
    }
}

/* A signal sent to mpirun before it listens must end it, not be swallowed by our handler; what is ignored stays so:
 * nohup's wish. */
static void drop_handlers(void)
{
    struct sigaction now;
    sigset_t none;
    for (int sig = 1; sig < NSIG; sig++)
        if (!sigaction(sig, NULL, &now) && now.sa_handler != SIG_IGN && now.sa_handler != SIG_DFL) signal(sig, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the family wants there, where nobody has said otherwise. mpirun's daemons are a step of Slurm's: within one,
 * such as an interactive shell, it would wait for that one's cores for ever. */
static void put_settings(void)
{
    const char *const *s = family_get()->settings;
    for (; s && *s; s += 2) setenv(s[0], s[1], 0);
    if (getenv("SLURM_STEP_ID")) setenv("SLURM_OVERLAP", "1", 0);
}

/* A mpirun that was found beside its library may be a script that looks for its own parts on the PATH. */
static void put_path(const char *program)
{
    const char *slash = strrchr(program, '/'), *path = getenv("PATH");
    static char words[2 * PATH_MAX];
    if (!slash) return;
    snprintf(words, sizeof words, "%.*s:%s", (int)(slash - program), program, path ? path : "/usr/bin:/bin");
    setenv("PATH", words, 1);
}

/* Between fork and exec, signals blocked. start: see keeper.h; out: where stdout goes; -1: where ours goes. */
static _Noreturn void become(const struct mpirun *m, const char **line, pid_t parent, const char *start, int out)
{
    drop_handlers();
    if (m->own_group) setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, m->on_our_death);
    if (getppid() != parent) _exit(1);
    const int null = open("/dev/null", O_RDWR);
    if (null >= 0) dup2(null, STDIN_FILENO);
    if (null >= 0 && m->quiet) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    if (out >= 0) dup2(out, STDOUT_FILENO);
    setenv("DUNLIN_LAUNCHED", "1", 1);
    setenv(START_VARIABLE, start, 1);
    put_settings();
    put_all(m->environment);
    put_path(line[0]);
    execvp(line[0], (char **)(uintptr_t)line);
    log_error("mpirun cannot be started: %s; the one of %s is needed: install it (%s) or load its module",
              strerror(errno), family_get()->name, family_get()->package);
    _exit(127);
}

/* A line of log: the words with blanks between, cut to fit; in a terminal lines that a shell takes for one. */
static void tell(const char *const *words)
{
    char line[1800] = "launching:", word[1800];
    const size_t columns = (size_t)log_columns();
    size_t at = strlen(line);
    for (int i = 0; words[i]; i++) {
        const size_t n = strlen(text_typed(words[i], word, sizeof word));
        if (columns && i && at + 1 + n + 2 > columns) {
            log_root("%s \\", line);
            at = (size_t)snprintf(line, sizeof line, "   ");
        }
        if (at + 1 + n < sizeof line) at += (size_t)snprintf(line + at, sizeof line - at, " %s", word);
    }
    log_root("%s", line);
}

static void append(const char **line, int *at, const char *const *words)
{
    while (words && *words) line[(*at)++] = *words++;
}

/* The words that run `self` under mpirun, ended by NULL: the array the caller's, the words borrowed. */
static const char **command_line(const struct mpirun *m, const char *program, const char *self, const char *count,
                                 const char *timeout)
{
    enum { OWN = 40 };
    const struct family *f = family_get();
    int n = 0, at = 0;
    while (m->words[n]) n++;
    const char **line = memory_new((size_t)n + OWN, sizeof *line);
    line[at++] = program;
    append(line, &at, f->words);
    if (m->survivors) append(line, &at, f->survivors);
    append(line, &at, f->timeout);
    if (f->timeout) line[at++] = timeout;
    append(line, &at, (const char *const[]){"-n", count, self, NULL});
    append(line, &at, m->words);
    return line;
}

static pid_t fork_mpirun(const struct mpirun *m, const char **line, int out)
{
    sigset_t all, before;
    const pid_t self = getpid();
    fflush(NULL);
    const char *start = keeper_open(m->own_group ? 0 : m->kill_timeout);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0) become(m, line, self, start, out);
    const int why = errno;
    if (pid > 0 && m->own_group) setpgid(pid, pid); /* whoever is first: neither of us must wait for the other */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid < 0 ? error_set("mpirun cannot be started: %s", strerror(why)) : pid;
}

pid_t mpirun_start(const struct mpirun *m, int *from)
{
    char self[PATH_MAX], program[PATH_MAX], count[16], timeout[16];
    int ends[2] = {-1, -1};
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return error_set("/proc/self/exe cannot be read: %s", strerror(errno));
    self[length] = 0;
    if (mpirun_check_root()) return -1;
    if (from && pipe2(ends, O_CLOEXEC)) return error_set("no pipe: %s", strerror(errno));
    snprintf(count, sizeof count, "%d", m->ranks);
    snprintf(timeout, sizeof timeout, "%d", m->kill_timeout);
    const char **line = command_line(m, family_mpirun(program, sizeof program), self, count, timeout);
    if (m->tell) tell(line);
    const pid_t pid = fork_mpirun(m, line, ends[1]);
    free(line);
    if (from) close(ends[1]);
    if (from && pid < 0) close(ends[0]);
    if (from && pid > 0) *from = ends[0];
    return pid;
}

int mpirun_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return 1;
    keeper_close();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

struct mpirun mpirun_attached(int ranks, const char *const *words)
{
    return (struct mpirun){.ranks = ranks, .words = words, .kill_timeout = 5, .on_our_death = SIGTERM};
}
