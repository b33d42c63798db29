/* whole.c -- whole trainings side by side: with one actor, with as many as cores, and with 2, 4, 8 and 16. All are
 * started once and then take turns: a training's ranks are stopped (SIGSTOP) but for its slices, so that all meet the
 * same machine. A rate is the difference of two lines of RUN/status within a slice; of the slice's beginning, when
 * caches are cold and sleepers wake, nothing counts.
 *
 * whole        frames/s of master and N actors on N cores, over N times the rate of one actor (with its master)
 * whole-rK     frames/s of K actors, over the best of all
 * whole-cpu    of a core, what rank 0 takes with N actors */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "bench/figures.h"
#include "job/family.h"
#include "job/keeper.h"
#include "job/mpirun.h"
#include "measure/probe.h"

enum { MOST = 10, USUAL = 16, RANKS_MOST = 1024, PATH = 512 };
static const double SLICE = 0.5, SETTLE = 0.08, LOG_EVERY = 0.05, PATIENCE = 30; /* s */

struct training {
    int actors;
    pid_t mpirun;
    pid_t ranks[RANKS_MOST]; /* 0: the master's */
    int count;
    char dir[PATH];
    struct series rate, cpu; /* frames/s; percent of a core */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    interrupted = sig;
}

/* The processes of a training's ranks. */
static void find_ranks(struct training *t)
{
    int n;
    pid_t *pids = family_ranks(t->mpirun, &n);
    memset(t->ranks, 0, sizeof t->ranks);
    t->count = 0;
    for (int i = 0; i < n; i++) {
        const int rank = family_rank_of(pids[i]);
        if (rank < 0 || rank > t->actors) continue;
        t->ranks[rank] = pids[i];
        t->count++;
    }
    free(pids);
}

static void tell(const struct training *t, int sig)
{
    for (int r = 0; r <= t->actors; r++)
        if (t->ranks[r] > 0) kill(t->ranks[r], sig);
}

/* The last words of RUN/status; false where there is none yet. */
static bool read_status(const struct training *t, double *seconds, double *frames)
{
    char path[PATH + 16], line[512];
    *seconds = *frames = -1;
    snprintf(path, sizeof path, "%s/status", t->dir);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, "frames ", 7)) *frames = strtod(line + 7, NULL);
        if (!strncmp(line, "seconds ", 8)) *seconds = strtod(line + 8, NULL);
    }
    fclose(f);
    return *seconds >= 0 && *frames >= 0;
}

/* Waits for a status of later than *seconds. */
static int next_status(const struct training *t, double *seconds, double *frames)
{
    const double before = *seconds, until = clock_seconds() + PATIENCE;
    while (!interrupted && clock_seconds() < until) {
        if (read_status(t, seconds, frames) && *seconds > before) return 0;
        if (!waitpid(t->mpirun, NULL, WNOHANG))
            clock_sleep(0.002);
        else
            return error_set("the training with %d actors has ended by itself", t->actors);
    }
    return error_set(interrupted ? "interrupted" : "the training with %d actors gives no sign of life", t->actors);
}

static int begin(struct training *t, const struct bench *b, const char *dir, int index)
{
    double seconds = -1, frames = 0;
    char log_every[16];
    snprintf(t->dir, sizeof t->dir, "%.400s/%d", dir, index);
    snprintf(log_every, sizeof log_every, "%g", LOG_EVERY);
    const char *const ours[] = {"--out",
                                t->dir,
                                "--frames",
                                "1000000000000",
                                "--eval-every",
                                "0",
                                "--checkpoint-every",
                                "1000000000000",
                                "--log-every",
                                log_every,
                                NULL};
    const char **words = memory_new((size_t)b->argc + sizeof ours / sizeof ours[0] + 1, sizeof *words);
    words[0] = "train";
    for (int i = 0; i < b->argc; i++) words[i + 1] = b->argv[i];
    memcpy(words + b->argc + 1, ours, sizeof ours);
    struct mpirun start = mpirun_attached(t->actors + 1, words);
    start.quiet = true;
    t->mpirun = mpirun_start(&start, NULL);
    free(words);
    if (t->mpirun < 0) return -1;
    do {
        if (next_status(t, &seconds, &frames)) return -1;
    } while (frames <= 0);
    find_ranks(t);
    if (t->count != t->actors + 1) return error_set("%d of %d ranks were found in /proc", t->count, t->actors + 1);
    tell(t, SIGSTOP);
    return 0;
}

static int slice(struct training *t, bool keep)
{
    double s0, f0, s1, f1;
    if (!read_status(t, &s0, &f0)) return error_set("%s/status has gone", t->dir);
    tell(t, SIGCONT);
    int rc = next_status(t, &s0, &f0);
    clock_sleep(SETTLE);
    if (!rc) rc = read_status(t, &s0, &f0) ? next_status(t, &s0, &f0) : -1;
    const double cpu = process_cpu_seconds(t->ranks[0]), start = clock_seconds();
    s1 = s0;
    if (!rc) clock_sleep(SLICE);
    if (!rc) rc = read_status(t, &s1, &f1) ? next_status(t, &s1, &f1) : -1;
    const double percent = 100 * (process_cpu_seconds(t->ranks[0]) - cpu) / (clock_seconds() - start);
    tell(t, SIGSTOP);
    if (rc || !keep) return rc;
    series_add(&t->rate, (f1 - f0) / (s1 - s0));
    series_add(&t->cpu, percent);
    return 0;
}

static void end(struct training *t)
{
    if (t->mpirun <= 0) return;
    int status;
    tell(t, SIGCONT);
    family_tell(t->mpirun, SIGUSR1, SIGUSR1); /* a stop */
    for (int i = 0; i < 500; i++) {
        if (waitpid(t->mpirun, &status, WNOHANG)) return;
        if (i == 250) kill(t->mpirun, SIGTERM);
        clock_sleep(0.02);
    }
    tell(t, SIGKILL);
    kill(t->mpirun, SIGKILL);
    waitpid(t->mpirun, &status, 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void report(const struct training *t, int n, int cores)
{
    char name[32];
    double best = 0, one = 0;
    for (int i = 0; i < n; i++) {
        const double rate = series_median(&t[i].rate);
        best = fmax(best, rate);
        if (t[i].actors == 1) one = rate;
        log_root("%2d actors: %.0f frames/s, rank 0 takes %.1f %% of a core", t[i].actors, rate,
                 series_median(&t[i].cpu));
    }
    for (int i = 0; i < n; i++)
        if (t[i].actors == cores) {
            probe_print("whole", series_median(&t[i].rate), cores * one, "frames/s");
            probe_print("whole-cpu", series_median(&t[i].cpu), 100, "percent");
        }
    for (int i = 0; i < n; i++) {
        if (t[i].actors < 2 || (t[i].actors & (t[i].actors - 1))) continue;
        snprintf(name, sizeof name, "whole-r%d", t[i].actors);
        probe_print(name, series_median(&t[i].rate), best, "frames/s");
    }
}

static int measure(struct training *t, int n, const struct bench *b, const char *dir)
{
    for (int i = 0; i < n; i++)
        if (begin(&t[i], b, dir, i)) return -1;
    const double until = clock_seconds() + b->seconds;
    for (int round = 0; round < 2 || clock_seconds() < until; round++)
        for (int i = 0; i < n; i++)
            if (slice(&t[i], round > 0)) return -1;
    report(t, n, probe_cores());
    return 0;
}

int bench_whole(const struct bench *b)
{
    static struct training t[MOST];
    static struct option_set set;
    const int cores = probe_cores();
    const char *tmp = getenv("TMPDIR");
    char dir[PATH];
    int n = 0;
    bool has_cores = false;
    if (bench_options(b, &set)) {
        log_error("%s", error_text());
        return 2;
    }
    const int64_t most = set.values.actors ? set.values.actors : USUAL;
    for (int actors = 1; actors <= most && n < MOST - 1; actors *= 2) {
        t[n++].actors = actors;
        has_cores |= actors == cores;
    }
    if (!has_cores && cores < RANKS_MOST) t[n++].actors = cores;
    snprintf(dir, sizeof dir, "%.300s/dunlin-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) {
        log_error("%s: a folder for trainings cannot be made there: %s; set TMPDIR", dir, strerror(errno));
        return 1;
    }
    const struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    const int rc = measure(t, n, b, dir);
    if (rc) log_error("%s", error_text());
    for (int i = 0; i < n; i++) {
        end(&t[i]);
        series_free(&t[i].rate);
        series_free(&t[i].cpu);
    }
    keeper_close();
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return rc ? 1 : 0;
}
