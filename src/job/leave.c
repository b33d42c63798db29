/* leave.c -- see leave.h. After a death nobody may call MPI_Finalize, and who hangs never will: MPI_Abort ends them.
 * Over several nodes Open MPI 4's mpirun then still waits for ever for a rank that is gone [tried, with
 * --enable-recovery: from two nodes on where rank 0 died, from four on where an actor did], and the allocation with it;
 * a signal ends it, and its daemons. */
#include "job/leave.h"

#include <fcntl.h>
#include <mpi.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "job/ending.h"
#include "job/family.h"

static int guard = -1; /* the pipe to it; it closes with this process */
static pid_t guard_process;

static bool is_mpirun(pid_t pid)
{
    static const char *const names[] = {"mpirun", "mpiexec", "mpiexec.hydra", "orterun", "prterun"};
    struct process p;
    if (!process_look(pid, &p)) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(p.name, names[i])) return true;
    return false;
}

static _Noreturn void watch(int pipe_end, pid_t launcher)
{
    struct pollfd rank = {.fd = pipe_end, .events = POLLIN};
    char c;
    setsid(); /* mpirun ends the process groups of its ranks */
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && null >= 0; fd++) dup2(null, fd); /* open ones would keep mpirun waiting */
    while (is_mpirun(launcher)) {
        if (poll(&rank, 1, 1000) <= 0) continue;
        if (read(pipe_end, &c, 1) == 1) break;
        for (int s = 0; s < ENDING_GUARD && is_mpirun(launcher); s++) sleep(1);
        for (int sig = SIGTERM; is_mpirun(launcher) && kill(launcher, sig) == 0; sig = SIGKILL)
            clock_sleep(ENDING_GUARD_TERM);
        break;
    }
    _exit(0);
}

void leave_guarded(void)
{
    const pid_t launcher = getppid();
    int ends[2];
    if (family_any_rank() != 0 || getenv("DUNLIN_LAUNCHED") || !is_mpirun(launcher)) return;
    if (pipe2(ends, O_CLOEXEC)) return;
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        watch(ends[0], launcher);
    }
    close(ends[0]);
    if (pid > 0)
        guard = ends[1], guard_process = pid;
    else
        close(ends[1]);
}

void leave_adopt(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int leave_no_children(void)
{
    int n, ended = 0;
    pid_t *pids = process_descendants(getpid(), &n);
    for (int i = 0; i < n; i++)
        if (pids[i] != guard_process) ended += !kill(pids[i], SIGKILL);
    free(pids);
    return ended;
}

void leave_well(void)
{
    if (guard >= 0 && write(guard, ".", 1) < 0) return; /* it is gone itself */
}

void leave_by_force(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
    _exit(status);
}
