/* launch.c -- see launch.h. What the launcher returns says little (with --enable-recovery mpirun returns 0 whatever
 * happened, over several nodes it may not return after a death), so RUN/status decides. */
#include "job/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
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
        error_set("one rank cannot train: rank 0 is the master, every other rank an actor; give mpirun -n 2 or more, "
                  "or start "
                  "`dunlin train` without a launcher");
        return LAUNCH_WRONG;
    }
    if (getenv("PMIX_RANK") || getenv("PMIX_NAMESPACE")) return LAUNCH_RANK; /* srun --mpi=pmix */
    if ((getenv("SLURM_STEP_ID") && env_int("SLURM_STEP_NUM_TASKS") > 1) || env_int("PMI_SIZE") > 1) {
        if (env_int("SLURM_PROCID") > 0 || env_int("PMI_RANK") > 0) _exit(0); /* the first task says it, once */
        error_set(
            "several tasks were started without PMIx, so they cannot see each other: use srun --mpi=pmix, or mpirun");
        return LAUNCH_WRONG;
    }
    if (getenv("DUNLIN_LAUNCHED")) {
        error_set("mpirun started this process but did not say so (OMPI_COMM_WORLD_SIZE is missing): is it Open MPI's "
                  "mpirun?");
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

/* Actors that a Slurm job's allocation has room for, one per task and its CPUs; 0 outside of a job. Without tasks asked
 * for, every CPU of its nodes, as "16(x2),8" tells them. The affinity mask would not do: it knows one node, and is the
 * whole node where the site binds nobody. */
static int slurm_room(void)
{
    const int tasks = env_int("SLURM_NTASKS"), each = env_int("SLURM_CPUS_PER_TASK");
    const char *at = getenv("SLURM_JOB_CPUS_PER_NODE");
    int room = 0;
    if (!getenv("SLURM_JOB_ID")) return 0;
    if (tasks > 0) return tasks * (each > 0 ? each : 1);
    while (at && *at) {
        int cpus = 0, nodes = 1, used = 0;
        if (sscanf(at, "%d%n", &cpus, &used) != 1) break;
        at += used;
        if (sscanf(at, "(x%d)%n", &nodes, &used) == 1) at += used;
        room += cpus * nodes;
        at += *at == ',';
    }
    return room;
}

int launch_actors(int64_t asked)
{
    const int room = slurm_room();
    return asked ? (int)asked : room ? room : cores();
}

static volatile sig_atomic_t got_signal, got_again;

static void on_signal(int sig)
{
    if (got_signal)
        got_again = 1;
    else
        got_signal = sig;
}

static const int CAUGHT[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
enum { CAUGHT_COUNT = sizeof CAUGHT / sizeof *CAUGHT };

/* nohup's wish stands. SIGINT may be ignored only because a script has put us behind a `&`. */
static bool spared(int sig)
{
    struct sigaction now;
    return sig == SIGHUP && !sigaction(sig, NULL, &now) && now.sa_handler == SIG_IGN;
}

void launch_catch_signals(void)
{
    const struct sigaction act = {.sa_handler = on_signal};
    for (int i = 0; i < CAUGHT_COUNT; i++)
        if (!spared(CAUGHT[i])) sigaction(CAUGHT[i], &act, NULL);
}

/* Between fork and exec. A signal sent to mpirun before it listens must end it, not be swallowed by our handler. */
static _Noreturn void become(char **words, pid_t parent)
{
    sigset_t none;
    for (int i = 0; i < CAUGHT_COUNT; i++)
        if (!spared(CAUGHT[i])) signal(CAUGHT[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGUSR1); /* we are killed: the run writes its checkpoint and ends */
    if (getppid() != parent) _exit(1);
    const int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
    setenv("DUNLIN_LAUNCHED", "1", 1);
    execvp(words[0], words);
    log_error("mpirun cannot be started: %s; install Open MPI (Debian: openmpi-bin) or load its module",
              strerror(errno));
    _exit(127);
}

/* mpirun in a process group of its own, so that a Ctrl-C reaches only us and its ranks get time
 * for their checkpoint. */
static pid_t start(char **words)
{
    sigset_t caught, before;
    const pid_t self = getpid();
    sigemptyset(&caught);
    for (int i = 0; i < CAUGHT_COUNT; i++) sigaddset(&caught, CAUGHT[i]);
    sigprocmask(SIG_BLOCK, &caught, &before);
    const pid_t pid = fork();
    if (pid == 0) become(words, self);
    if (pid > 0) setpgid(pid, pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

/* The processes whose parent is `parent`; sends them sig unless that is 0. How many there are. */
static int children(pid_t parent, int sig)
{
    DIR *proc = opendir("/proc");
    int n = 0;
    if (!proc) return 0;
    for (struct dirent *e; (e = readdir(proc));) {
        char path[64], line[512];
        int ppid;
        char state;
        const pid_t pid = atoi(e->d_name);
        if (pid <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *f = fopen(path, "re");
        if (!f) continue;
        const char *rest = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL; /* a name may hold anything */
        fclose(f);
        if (!rest || sscanf(rest + 1, " %c %d", &state, &ppid) != 2 || ppid != parent || state == 'Z') continue;
        n++;
        if (sig) kill(pid, sig);
    }
    closedir(proc);
    return n;
}

/* Rank 0 where it is a child of mpirun's, as on the node of both it is; else 0. */
static pid_t find_master(pid_t mpirun)
{
    static const char want[] = "OMPI_COMM_WORLD_RANK=0";
    static char environment[1 << 17];
    DIR *proc = opendir("/proc");
    pid_t found = 0;
    if (!proc) return 0;
    for (struct dirent *e; !found && (e = readdir(proc));) {
        char path[64], line[512];
        int ppid;
        const pid_t pid = atoi(e->d_name);
        if (pid <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *f = fopen(path, "re");
        const char *rest = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
        if (f) fclose(f);
        if (!rest || sscanf(rest + 1, " %*c %d", &ppid) != 1 || ppid != mpirun) continue;
        snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
        f = fopen(path, "re");
        const size_t n = f ? fread(environment, 1, sizeof environment - 1, f) : 0;
        if (f) fclose(f);
        environment[n] = '\0';
        for (const char *word = environment; word < environment + n && !found; word += strlen(word) + 1)
            if (!strcmp(word, want)) found = pid;
    }
    closedir(proc);
    return found;
}

/* What RUN/status was before the start, to tell a new one by; times would compare our clock with a file server's. */
struct launch {
    const char *dir;
    bool had, begun; /* begun: stays, also where the folder vanishes later */
    struct stat status;
};

static bool look_at_status(const char *dir, struct stat *st)
{
    char path[OPTION_TEXT + 16];
    snprintf(path, sizeof path, "%s/status", dir);
    return !stat(path, st);
}

/* Has the run written a status since we started? */
static bool run_has_begun(const struct launch *l)
{
    struct stat st;
    if (!look_at_status(l->dir, &st)) return false;
    return !l->had || st.st_ino != l->status.st_ino || st.st_mtim.tv_sec != l->status.st_mtim.tv_sec ||
           st.st_mtim.tv_nsec != l->status.st_mtim.tv_nsec;
}

/* The same, and does it say that it is over? */
static bool run_is_over(const struct launch *l, enum run_state *state)
{
    char reason[256];
    return run_has_begun(l) && !status_read_state(l->dir, state, reason, sizeof reason) && *state != RUN_RUNNING;
}

/* Waits for mpirun; returns its wait status. Ends it where the run is over and it does not go, and where a rank died
 * before the run began: then the others wait for it for ever. */
static int supervise(pid_t pid, struct launch *l)
{
    const double patience = 20, start_patience = 10, gone_patience = 15, tick = 0.05, again = 5; /* s */
    double over = 0, fewer = 0, early = 0, tell = 0, scan = 0;
    int most = 0, gone = 0, status;
    pid_t master = 0;
    bool told = false;
    enum run_state state;
    for (;; clock_sleep(tick)) {
        if (waitpid(pid, &status, WNOHANG) == pid) return status;
        if (!l->begun && !(l->begun = run_has_begun(l))) {
            const int now = children(pid, 0);
            most = now > most ? now : most;
            fewer = now < most ? fewer + tick : 0;
        }
        if (got_signal && !told) log_error("stopping: a checkpoint is written first (once more to stop at once)");
        told = told || got_signal;
        /* mpirun passes USR1 on to all ranks unharmed, but is upset by one before there are ranks */
        if (told && l->begun && (tell -= tick) <= 0) {
            tell = again;
            kill(pid, SIGUSR1);
        }
        if (told && !l->begun && (early += tick) > start_patience) got_again = 1; /* nothing to save yet */
        if (l->begun && run_is_over(l, &state)) over += tick;
        if (l->begun && (scan += tick) >= 1) { /* its actors end 10 s after rank 0; one may hang, or mpirun */
            scan = 0;
            if (!master) master = find_master(pid);
            gone = master && kill(master, 0) && errno == ESRCH ? gone + 1 : 0;
        }
        if (!l->begun && fewer > start_patience && !got_again) {
            log_error("a rank died before the run began; the others are ended");
            got_again = 1;
        }
        if (got_again || over > patience || gone > gone_patience) {
            kill(-pid, SIGTERM);
            clock_sleep(1);
            kill(-pid, SIGKILL);
        }
    }
}

/* Ranks that outlived mpirun have become our children: they get the time for a checkpoint, then they are ended. */
static void sweep(void)
{
    const double patience = got_again ? 0 : 5;
    const pid_t self = getpid();
    for (double waited = 0; children(self, waited == 0 ? SIGTERM : waited > patience ? SIGKILL : 0); waited += 0.1) {
        clock_sleep(0.1);
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
}

static int stopped_status(void)
{
    return got_signal == SIGINT ? 130 : 143;
}

static int outcome(int wait_status, const struct launch *l)
{
    enum run_state state;
    const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 1;
    if (run_is_over(l, &state)) return state == RUN_DONE ? 0 : state == RUN_STOPPED ? stopped_status() : 1;
    if (!l->begun && !run_has_begun(l)) {
        if (code == 2) return 2;
        if (got_signal)
            log_error("stopped before the run began");
        else if (code != 127)
            log_error("the run did not begin");
        return got_signal ? stopped_status() : 1;
    }
    log_error("the run ended without a word; what was saved goes on with: dunlin resume %s", l->dir);
    return got_again ? stopped_status()
                     : 1; /* once: it was to write a checkpoint first, and nothing says that it has */
}

/* Words with spaces between them, cut to fit. */
static void join(char *line, size_t size, char **words, int n)
{
    size_t at = 0;
    *line = 0;
    for (int i = 0; i < n && at < size; i++) {
        const char *quote = words[i][strcspn(words[i], " \t\n'\"\\$&;|<>()*?#~`")] || !*words[i] ? "'" : "";
        const int m = snprintf(line + at, size - at, "%s%s%s%s", i ? " " : "", quote, words[i], quote);
        at += m > 0 ? (size_t)m : 0;
    }
}

int launch_run(const struct plan *plan, bool resume, int argc, char **argv)
{
    enum { EXTRA = 24 };
    char self[PATH_MAX], count[16], line[1800];
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
    if (plan_try_folder(plan)) {
        log_error("%s", error_text());
        return 2;
    }
    /* a resumed run keeps its number of actors, which lr was chosen for; an allocation of another size is filled */
    const bool same = plan->ranks > 1 && (plan->set.values.deterministic || !slurm_room());
    const int actors = launch_actors(same && !plan->set.values.actors ? plan->ranks - 1 : plan->set.values.actors);
    snprintf(count, sizeof count, "%d", actors + 1);
    char **words = calloc((size_t)argc + EXTRA, sizeof *words);
    if (!words) return 1;
    int n = 0;
    /* time for a checkpoint after a stop signal; ranks outnumber cores by one, so waiting ones yield;
     * survivors go on */
    const char *const head[] = {"mpirun",
                                "--oversubscribe",
                                "--bind-to",
                                "none",
                                "--enable-recovery",
                                "--mca",
                                "odls_base_sigkill_timeout",
                                "30",
                                "--mca",
                                "mpi_yield_when_idle",
                                "1",
                                "-n",
                                count,
                                self,
                                resume ? "resume" : "train"};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) words[n++] = (char *)(uintptr_t)head[i];
    for (int i = 0; i < argc; i++) words[n++] = argv[i];
    if (!resume && !plan->set.values.out[0]) {
        words[n++] = (char *)(uintptr_t) "--out";
        words[n++] = (char *)(uintptr_t)plan->dir;
    }
    join(line, sizeof line, words, n);
    log_root("launching: %s", line);
    struct launch l = {.dir = plan->dir};
    l.had = look_at_status(l.dir, &l.status);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t pid = start(words);
    free(words);
    if (pid < 0) {
        log_error("mpirun cannot be started: %s", strerror(errno));
        return 1;
    }
    const int status = supervise(pid, &l);
    sweep();
    return outcome(status, &l);
}
