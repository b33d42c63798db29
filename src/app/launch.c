/* launch.c -- see launch.h. What the launcher returns says little (with --enable-recovery mpirun returns 0 whatever happened,
 * over several nodes it may not return after a death), so RUN/status decides. */
#include "app/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "store/status.h"

static int env_int(const char *name)
{
    const char *v = getenv(name);
    return v ? atoi(v) : 0;
}

enum launch_kind launch_kind(void)
{
    if (getenv("OMPI_COMM_WORLD_SIZE")) {
        if (env_int("OMPI_COMM_WORLD_SIZE") >= 2) return LAUNCH_RANK;
        error_set("one rank cannot train: rank 0 is the master, every other rank an actor; give mpirun -n 2 or more, or start "
                  "`dunlin train` without a launcher");
        return LAUNCH_WRONG;
    }
    if (getenv("PMIX_RANK") || getenv("PMIX_NAMESPACE")) return LAUNCH_RANK; /* srun --mpi=pmix */
    if ((getenv("SLURM_STEP_ID") && env_int("SLURM_STEP_NUM_TASKS") > 1) || env_int("PMI_SIZE") > 1) {
        error_set("several tasks were started without PMIx, so they cannot see each other: use srun --mpi=pmix, or mpirun");
        return LAUNCH_WRONG;
    }
    if (getenv("DUNLIN_LAUNCHED")) {
        error_set("mpirun started this process but did not say so (OMPI_COMM_WORLD_SIZE is missing): is it Open MPI's mpirun?");
        return LAUNCH_WRONG;
    }
    return LAUNCH_ALONE;
}

static int cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    return CPU_COUNT(&set);
}

static volatile sig_atomic_t got_signal, got_again;

static void on_signal(int sig)
{
    if (got_signal) got_again = 1;
    else got_signal = sig;
}

/* mpirun in a process group of its own, so that a Ctrl-C reaches only us and its ranks get time for their checkpoint. */
static pid_t start(char **words)
{
    const pid_t pid = fork();
    if (pid) return pid;
    setpgid(0, 0);
    const int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
    setenv("DUNLIN_LAUNCHED", "1", 1);
    execvp(words[0], words);
    log_error("mpirun cannot be started: %s; install Open MPI (Debian: openmpi-bin) or load its module", strerror(errno));
    _exit(127);
}

static void doze(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

/* Has the run written a status since we started, and does it say that it is over? */
static bool run_is_over(const char *dir, struct timespec since, enum run_state *state, char *reason, int size)
{
    struct stat st;
    char path[OPTION_TEXT + 16];
    snprintf(path, sizeof path, "%s/status", dir);
    const bool older = stat(path, &st) || st.st_mtim.tv_sec < since.tv_sec ||
                       (st.st_mtim.tv_sec == since.tv_sec && st.st_mtim.tv_nsec < since.tv_nsec);
    if (older || status_read_state(dir, state, reason, size)) return false;
    return *state != RUN_RUNNING;
}

/* Waits for mpirun; returns its wait status. Ends it where the run is over and it does not go. */
static int supervise(pid_t pid, const char *dir, struct timespec since)
{
    const double patience = 20; /* s between the run's end and the launcher's */
    double over = 0;
    int told = 0, status;
    enum run_state state;
    char reason[256];
    for (;;) {
        const pid_t r = waitpid(pid, &status, WNOHANG);
        if (r == pid) return status;
        if (got_signal && !told) {
            told = 1;
            log_error("stopping: a checkpoint is written first (once more to stop at once)");
            kill(pid, SIGUSR1); /* mpirun passes it on to all ranks unharmed */
        }
        if (run_is_over(dir, since, &state, reason, (int)sizeof reason)) over += 0.05;
        if (got_again || over > patience) {
            kill(-pid, SIGTERM);
            doze(1);
            kill(-pid, SIGKILL);
        }
        doze(0.05);
    }
}

static int outcome(int wait_status, const char *dir, struct timespec since)
{
    enum run_state state;
    char reason[256];
    if (!run_is_over(dir, since, &state, reason, (int)sizeof reason)) {
        if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 2) return 2;
        if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127) return 1;
        log_error("the run ended without a word; what was saved goes on with: dunlin resume %s", dir);
        return 1;
    }
    if (state == RUN_DONE) return 0;
    if (state == RUN_STOPPED) return got_signal == SIGINT ? 130 : 143;
    return 1;
}

int launch_run(const struct plan *plan, bool resume, int argc, char **argv)
{
    enum { EXTRA = 24 };
    char self[1024], count[16], line[4096] = "";
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len < 0) {
        log_error("/proc/self/exe cannot be read: %s", strerror(errno));
        return 1;
    }
    self[len] = 0;
    if (!geteuid() && (!getenv("OMPI_ALLOW_RUN_AS_ROOT") || !getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"))) {
        log_error("mpirun refuses root: say that you mean it with  export OMPI_ALLOW_RUN_AS_ROOT=1 "
                  "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
        return 2;
    }
    const int slurm = env_int("SLURM_NTASKS");
    const int actors = plan->set.values.actors ? (int)plan->set.values.actors : slurm > 1 ? slurm : cores();
    snprintf(count, sizeof count, "%d", actors + 1);
    char **words = calloc((size_t)argc + EXTRA, sizeof *words);
    if (!words) return 1;
    int n = 0;
    /* time for a checkpoint after a stop signal; ranks outnumber cores by one, so waiting ones yield; survivors go on */
    const char *const head[] = {"mpirun", "--oversubscribe", "--bind-to", "none", "--enable-recovery", "--mca",
                                "odls_base_sigkill_timeout", "30", "--mca", "mpi_yield_when_idle", "1", "-n", count, self,
                                resume ? "resume" : "train"};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) words[n++] = (char *)(uintptr_t)head[i];
    for (int i = 0; i < argc; i++) words[n++] = argv[i];
    if (!resume && !plan->set.values.out[0]) {
        words[n++] = (char *)(uintptr_t) "--out";
        words[n++] = (char *)(uintptr_t)plan->dir;
    }
    for (int i = 0, at = 0; i < n; i++)
        at += snprintf(line + at, at < (int)sizeof line ? sizeof line - (size_t)at : 0, "%s%s", i ? " " : "", words[i]);
    log_root("launching: %s", line);
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGUSR1, &act, NULL);
    struct timespec since;
    clock_gettime(CLOCK_REALTIME_COARSE, &since); /* the clock of file times */
    const pid_t pid = start(words);
    free(words);
    if (pid < 0) {
        log_error("mpirun cannot be started: %s", strerror(errno));
        return 1;
    }
    return outcome(supervise(pid, plan->dir, since), plan->dir, since);
}
