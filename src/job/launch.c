/* launch.c -- see launch.h. What the launcher returns says little (with --enable-recovery mpirun returns 0 whatever
 * happened, over several nodes it may not return after a death), so RUN/status decides. */
#include "job/launch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/options.h"
#include "base/process.h"
#include "base/resume_words.h"
#include "job/ending.h"
#include "job/family.h"
#include "job/keeper.h"
#include "job/mpirun.h"
#include "store/status.h"

/* Tasks that nothing tells of each other: N trainings of one rank, into one folder. The first says it, once. */
static void refuse_apart(int told)
{
    const struct family *f = family_get();
    error_set("%d tasks were started that cannot see each other: this program is linked to %s: use its own mpirun, "
              "or %s",
              told, f->name, f->srun);
}

int launch_check_ranks(int size)
{
    if (size > 1) return 0;
    if (family_told() > 1)
        refuse_apart(family_told());
    else
        error_set("one rank cannot train: rank 0 is the master, every other rank an actor; give mpirun -n 2 or more, "
                  "or start `dunlin train` without a launcher");
    return -1;
}

/* srun --mpi=pmi2 over several nodes. */
static bool pmi2_of_nodes(void)
{
    const char *way = getenv("SLURM_MPI_TYPE");
    return way && !strcmp(way, "pmi2") && number_of("SLURM_STEP_NUM_NODES") > 1;
}

enum launch_kind launch_kind(void)
{
    const struct family *f = family_get();
    const int size = family_size(), told = family_told();
    const bool library = f->library && getenv(f->library);
    if (size >= 2 && (!f->library || library || !pmi2_of_nodes())) return LAUNCH_RANK;
    if (size == 1) {
        launch_check_ranks(1);
        return LAUNCH_WRONG;
    }
    const bool foreign = number_of("OMPI_COMM_WORLD_SIZE") > 1 || number_of("PMI_SIZE") > 1;
    const bool pmix = getenv("PMIX_RANK") || getenv("PMIX_NAMESPACE"); /* srun --mpi=pmix */
    if (!foreign && pmix && family_speaks_pmix()) return LAUNCH_RANK;
    if (!foreign && !pmix && told > 1 && (f->quiet || library))
        return LAUNCH_RANK; /* it may be linked to Slurm's own library */
    if (told > 1) {
        if (family_any_rank() > 0) _exit(0);
        refuse_apart(told);
        return LAUNCH_WRONG;
    }
    if (getenv("DUNLIN_LAUNCHED")) {
        error_set("mpirun started this process but did not say so (%s is missing): is it the mpirun of %s?", f->size,
                  f->name);
        return LAUNCH_WRONG;
    }
    return LAUNCH_ALONE;
}

/* Actors that a Slurm job's allocation has room for, one per task and its CPUs; 0 outside of a job. Without tasks asked
 * for, every CPU of its nodes, as "16(x2),8" tells them. The affinity mask would not do: it knows one node, and is the
 * whole node where the site binds nobody. */
static int slurm_room(void)
{
    enum { ROOM_MOST = 1000000 };
    const int tasks = number_of("SLURM_NTASKS"), each = number_of("SLURM_CPUS_PER_TASK");
    const char *at = tasks > 0 ? NULL : getenv("SLURM_JOB_CPUS_PER_NODE");
    int64_t room = tasks > 0 ? (int64_t)tasks * (each > 0 ? each : 1) : 0;
    if (!getenv("SLURM_JOB_ID")) return 0;
    for (int cpus, nodes, used; at && *at; at += *at == ',') {
        if (sscanf(at, "%6d%n", &cpus, &used) != 1) break;
        at += used;
        nodes = 1;
        if (sscanf(at, "(x%6d)%n", &nodes, &used) == 1) at += used;
        room += (int64_t)cpus * nodes;
    }
    return room > 0 && room <= ROOM_MOST ? (int)room : 0; /* else it says nothing */
}

int launch_actors(int64_t asked, int64_t threads)
{
    const int slurm = slurm_room(), room = (slurm ? slurm : cpu_allowed()) - (int)(threads > 1 ? threads - 1 : 0);
    return asked ? (int)asked : room > 1 ? room : 1;
}

int launch_actors_of(int ranks_before, int64_t asked, int64_t threads, bool deterministic)
{
    const bool same = ranks_before > 1 && (deterministic || !slurm_room());
    return launch_actors(same && !asked ? ranks_before - 1 : asked, threads);
}

static volatile sig_atomic_t got_signal, got_again, got_stop, launching;

static int stopped_status(int sig)
{
    return sig == SIGINT ? 130 : 143;
}

/* Before mpirun there is nothing to save, and the environment's trial may hang: it ends at once. */
static void on_signal(int sig)
{
    static const char LINE[] = "dunlin: stopped before the run began\n";
    if (!launching) _exit(write(STDERR_FILENO, LINE, sizeof LINE - 1) < 0 ? 1 : stopped_status(sig));
    if (!got_signal)
        got_signal = sig;
    else if (sig != SIGHUP && got_signal != SIGHUP) /* a terminal that closes may say so twice */
        got_again = 1;
}

/* Ctrl-Z. */
static void on_stop(int sig)
{
    (void)sig;
    if (launching)
        got_stop = 1;
    else
        kill(getpid(), SIGSTOP);
}

/* nohup's wish stands. SIGINT may be ignored only because a script has put us behind a `&`. */
static bool spared(int sig)
{
    struct sigaction now;
    return sig == SIGHUP && !sigaction(sig, NULL, &now) && now.sa_handler == SIG_IGN;
}

void launch_catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
    const struct sigaction act = {.sa_handler = on_signal};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        if (!spared(caught[i])) sigaction(caught[i], &act, NULL);
    const struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    struct sigaction now; /* a shell without job control has it ignored */
    if (!sigaction(SIGTSTP, NULL, &now) && now.sa_handler != SIG_IGN) sigaction(SIGTSTP, &stop, NULL);
}

/* Ctrl-Z reaches us alone. */
static void stop_all(pid_t mpirun)
{
    got_stop = 0;
    family_tell(mpirun, SIGSTOP, SIGTSTP);
    kill(getpid(), SIGSTOP); /* until fg */
    family_tell(mpirun, SIGCONT, SIGCONT);
}

/* Rank 0 where it is on the node of mpirun, as on the node of both it is; else 0. */
static pid_t find_master(pid_t mpirun)
{
    int n;
    pid_t found = 0, *pids = family_ranks(mpirun, &n);
    for (int i = 0; i < n && !found; i++)
        if (family_rank_of(pids[i]) == 0) found = pids[i];
    free(pids);
    return found;
}

/* The same, so that a later process of its number is told apart; pid 0 where it is not there. */
static struct process_id master_id(pid_t mpirun)
{
    const pid_t pid = find_master(mpirun);
    struct process p;
    if (!pid || !process_look(pid, &p)) return (struct process_id){.pid = 0};
    return (struct process_id){.pid = pid, .birth = p.birth};
}

/* Rank 0 gets the signal that we got, where it can be looked up; else mpirun passes USR1 on to all ranks unharmed, with
 * a line of its own, but is upset by one before there are ranks. */
static void tell_master(pid_t mpirun)
{
    const pid_t master = find_master(mpirun);
    if (!master || kill(master, got_signal == SIGHUP ? SIGTERM : got_signal)) family_tell(mpirun, SIGUSR1, SIGUSR1);
}

/* What RUN/status was before the start, to tell a new one by; times would compare our clock with a file server's. */
struct launch {
    const char *dir, *env, *python;
    bool had, begun; /* begun: stays, also where the folder vanishes later */
    double alone;    /* s since it is over and none of its ranks is left */
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

/* Is every process that mpirun has started gone, also those by which it reaches other nodes? Then it waits for whoever
 * holds their pipes, as a process that an environment's library has left. */
static void look_for_ranks(pid_t mpirun, struct launch *l, double tick)
{
    int n;
    free(process_children(mpirun, &n));
    l->alone = n ? 0 : l->alone + tick;
}

/* Waits for mpirun; returns its wait status. Ends it where the run is over and it does not go, and where a rank died
 * before the run began: then the others wait for it for ever. */
static int supervise(pid_t pid, struct launch *l)
{
    const double tick = 0.05, again = 5; /* s */
    double over = 0, fewer = 0, early = 0, tell = 0, scan = 0;
    int most = 0, gone = 0, status;
    struct process_id master = {.pid = 0};
    bool told = false;
    enum run_state state;
    for (;; clock_sleep(tick)) {
        if (waitpid(pid, &status, WNOHANG) == pid) return status;
        if (got_stop) stop_all(pid);
        if (!l->begun && (l->begun = run_has_begun(l)))
            keeper_allow(ENDING_ORPHANED);
        else if (!l->begun) {
            int now;
            free(family_ranks(pid, &now));
            most = now > most ? now : most;
            fewer = now < most ? fewer + tick : 0;
        }
        if (got_signal && !told) log_error("stopping: a checkpoint is written first (once more to stop at once)");
        told = told || got_signal;
        if (told && l->begun && (tell -= tick) <= 0) {
            tell = again;
            tell_master(pid);
        }
        if (told && !l->begun && (early += tick) > ENDING_UNBEGUN) got_again = 1; /* nothing to save yet */
        if (l->begun && run_is_over(l, &state)) over += tick, look_for_ranks(pid, l, tick);
        if (l->begun && (scan += tick) >= 1) { /* its actors end 10 s after rank 0; one may hang, or mpirun */
            scan = 0;
            if (!master.pid) master = master_id(pid);
            gone = process_gone(&master) ? gone + 1 : 0; /* also one that a hung mpirun has not waited for */
        }
        if (!l->begun && fewer > ENDING_UNBEGUN && !got_again) {
            log_error("a rank died before the run began; the others are ended");
            got_again = 1;
        }
        if (got_again || over > ENDING_OVER || gone > ENDING_GONE || l->alone > ENDING_EMPTY) {
            kill(-pid, SIGTERM);
            clock_sleep(ENDING_TERM);
            kill(-pid, SIGKILL);
        }
    }
}

/* Ranks that outlived mpirun have become our children: they get the time for a checkpoint, then they are ended; at once
 * what is none. */
static void sweep(const struct launch *l)
{
    const double patience = got_again || l->alone > 0 ? 0 : ENDING_ORPHANS;
    int n = 2;
    for (double waited = 0; n > (keeper_process() != 0); waited += 0.1) {
        pid_t *pids = process_children(getpid(), &n);
        for (int i = 0; i < n && (waited == 0 || waited > patience); i++)
            if (pids[i] != keeper_process()) kill(pids[i], waited == 0 ? SIGTERM : SIGKILL);
        free(pids);
        if (n > (keeper_process() != 0)) clock_sleep(0.1);
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
    keeper_close();
}

/* Nobody is left to say that the run has ended. */
static void tell_status(const char *dir)
{
    struct status status;
    struct run_actor *rows;
    if (status_read(dir, &status, &rows)) return;
    status.state = RUN_FAILED;
    snprintf(status.reason, sizeof status.reason, "rank 0 ended without a word");
    if (status_write(dir, &status)) log_error("%s", error_text());
    free(rows);
}

/* A run that was refused is told by the folder's lock: the status there is another's, and mpirun says 0. */
static int outcome(int wait_status, const struct launch *l, bool (*busy)(const char *dir))
{
    enum run_state state;
    const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 1;
    if (run_is_over(l, &state)) return state == RUN_DONE ? 0 : state == RUN_STOPPED ? stopped_status(got_signal) : 1;
    if (!got_signal && busy(l->dir)) return 2;
    if (!l->begun && !run_has_begun(l)) {
        if (code == 2) return 2;
        if (got_signal)
            log_error("stopped before the run began");
        else if (code != 127)
            log_error("the run did not begin");
        return got_signal ? stopped_status(got_signal) : 1;
    }
    char words[RESUME_WORDS];
    tell_status(l->dir);
    log_error("the run ended without a word; what was saved goes on with: %s",
              resume_words(l->dir, l->env, l->python, words, sizeof words));
    return got_again ? stopped_status(got_signal)
                     : 1; /* once: it was to write a checkpoint first, and nothing says that it has */
}

int launch_run(const struct launch_run *run, int argc, char **argv)
{
    const char **words = memory_new((size_t)argc + 4, sizeof *words);
    int n = 0;
    words[n++] = run->resume ? "resume" : "train";
    for (int i = 0; i < argc; i++) words[n++] = argv[i];
    if (run->out) words[n++] = "--out";
    if (run->out) words[n++] = run->dir;
    /* a Ctrl-C reaches only us, so that ranks get time for their checkpoint, and so they do where we are killed */
    const struct mpirun start = {
        .ranks = 1 + launch_actors_of(run->ranks_before, run->actors, run->threads, run->deterministic),
        .words = words,
        .kill_timeout = 30,
        .survivors = true,
        .own_group = true,
        .tell = true,
        .on_our_death = SIGUSR1};
    struct launch l = {.dir = run->dir, .env = run->env, .python = run->python};
    l.had = look_at_status(l.dir, &l.status);
    log_share_columns();
    launching = 1;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t pid = mpirun_start(&start, NULL);
    free(words);
    if (pid < 0) {
        log_error("%s", error_text());
        return 1;
    }
    const int status = supervise(pid, &l);
    sweep(&l);
    return outcome(status, &l, run->busy);
}
