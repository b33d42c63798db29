/* probe.c -- see probe.h. */
#include "measure/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

void series_add(struct series *s, double x)
{
    if (s->n == s->room) {
        const int room = s->room ? 2 * s->room : 64;
        double *more = memory_new((size_t)room, sizeof *more);
        if (s->n) memcpy(more, s->x, (size_t)s->n * sizeof *more);
        free(s->x);
        s->x = more;
        s->room = room;
    }
    s->x[s->n++] = x;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double series_median(const struct series *s)
{
    if (!s->n) return 0;
    double *sorted = memory_new((size_t)s->n, sizeof *sorted);
    memcpy(sorted, s->x, (size_t)s->n * sizeof *sorted);
    qsort(sorted, (size_t)s->n, sizeof *sorted, compare);
    const double median = (sorted[(s->n - 1) / 2] + sorted[s->n / 2]) / 2;
    free(sorted);
    return median;
}

void series_free(struct series *s)
{
    free(s->x);
    *s = (struct series){0};
}

void probe_print(const char *name, double value, double limit, const char *unit)
{
    printf("%s value %.6g %s limit %.6g %s ratio %.4g\n", name, value, unit, limit, unit,
           limit > 0 ? value / limit : (double)NAN);
    fflush(stdout);
}

double probe_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The cores of the process before anything was pinned. */
static const cpu_set_t *allowed(void)
{
    static cpu_set_t all;
    static bool known;
    if (!known && sched_getaffinity(0, sizeof all, &all)) CPU_SET(0, &all);
    known = true;
    return &all;
}

int probe_cores(void)
{
    return CPU_COUNT(allowed());
}

void probe_pin(int i)
{
    cpu_set_t one;
    int left = i % probe_cores();
    for (int c = 0; c < CPU_SETSIZE; c++) {
        if (!CPU_ISSET(c, allowed()) || left--) continue;
        CPU_ZERO(&one);
        CPU_SET(c, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

static int check_root(void)
{
    if (geteuid() || (getenv("OMPI_ALLOW_RUN_AS_ROOT") && getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"))) return 0;
    return error_set("mpirun refuses root: say that you mean it with  export OMPI_ALLOW_RUN_AS_ROOT=1 "
                     "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
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

/* In the child: never returns. out: where stdout goes; -1: where ours goes. */
static void become(const char **words, const char *extra, bool quiet, int out)
{
    const int null = open("/dev/null", O_RDWR);
    if (null >= 0) dup2(null, STDIN_FILENO);
    if (null >= 0 && quiet) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    if (out >= 0) dup2(out, STDOUT_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* no measurement outlives who asked for it */
    setenv("DUNLIN_LAUNCHED", "1", 1);
    put_all(extra);
    execvp(words[0], (char **)(uintptr_t)words);
    log_error("mpirun cannot be started: %s; install Open MPI (Debian: openmpi-bin) or load its module",
              strerror(errno));
    _exit(127);
}

static pid_t start(int ranks, const char *const *words, const char *extra, bool quiet, int out)
{
    static char self[1024];
    char count[16];
    int n = 0;
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len < 0) return error_set("/proc/self/exe cannot be read: %s", strerror(errno));
    self[len] = 0;
    if (check_root()) return -1;
    while (words[n]) n++;
    snprintf(count, sizeof count, "%d", ranks);
    const char *const head[] = {"mpirun",
                                "--oversubscribe",
                                "--bind-to",
                                "none",
                                "--mca",
                                "mpi_yield_when_idle",
                                "1",
                                "--mca",
                                "odls_base_sigkill_timeout",
                                "5",
                                "-n",
                                count,
                                self};
    enum { HEAD = sizeof head / sizeof head[0] };
    const char **all = memory_new((size_t)n + HEAD + 1, sizeof *all);
    memcpy(all, head, sizeof head);
    memcpy(all + HEAD, words, (size_t)n * sizeof *all);
    fflush(NULL);
    const pid_t pid = fork();
    if (!pid) become(all, extra, quiet, out);
    free(all);
    if (pid < 0) return error_set("mpirun cannot be started: %s", strerror(errno));
    return pid;
}

pid_t bench_start(int ranks, const char *const *words, const char *extra)
{
    return start(ranks, words, extra, true, -1);
}

pid_t bench_start_read(int ranks, const char *const *words, const char *extra, int *from)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return error_set("no pipe: %s", strerror(errno));
    const pid_t pid = start(ranks, words, extra, false, ends[1]);
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    else
        *from = ends[0];
    return pid;
}

int bench_launch(int ranks, const char *const *words)
{
    int status;
    const pid_t pid = start(ranks, words, NULL, false, -1);
    if (pid < 0) {
        log_error("%s", error_text());
        return 1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
