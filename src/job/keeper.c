/* keeper.c -- see keeper.h. Who dies by SIGKILL says nothing, but the kernel closes its pipes; mpirun, which gets a
 * signal then (mpirun.h, on_our_death), may not be listening yet, or hang with its ranks in MPI_Init. On other nodes
 * mpirun's daemons end their ranks when it is gone. */
#include "job/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "job/ending.h"
#include "job/family.h"

enum { DESCRIPTORS = 1024 };

static const double KILLED_WITHIN = 10; /* s; whom the kernel holds longer ends when it lets go */

static int pipe_end = -1; /* ours */
static pid_t keeper;
static char value[64];

/* Sends `sig` (0: nothing) to all who carry the value, or only to the ranks among them; how many carry it. */
static int tell(int sig, bool ranks)
{
    int n;
    pid_t *pids = process_all_with(START_VARIABLE, value, &n);
    for (int i = 0; i < n && sig; i++)
        if (!ranks || family_rank_of(pids[i]) >= 0) kill(pids[i], sig);
    free(pids);
    return n;
}

static void end_them(double seconds)
{
    const double look = 0.1;
    double waited = 0;
    /* a mpirun that passes signals on has told them by now (mpirun.h, on_our_death) */
    if (seconds > 0 && !family_get()->signals) tell(SIGUSR1, true);
    for (; waited < seconds && tell(0, false); waited += look) clock_sleep(look);
    tell(SIGTERM, false);
    for (waited = 0; waited < ENDING_TERM && tell(0, false); waited += look) clock_sleep(look);
    for (waited = 0; waited < KILLED_WITHIN && tell(SIGKILL, false); waited += look) clock_sleep(look);
}

static _Noreturn void watch(int from, double seconds)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGTSTP};
    double told;
    setsid();
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < DESCRIPTORS; fd++) /* open ones would keep readers waiting, and locks held */
        if (fd > 2 && fd != from && fd != null) close(fd);
    for (int fd = 0; fd <= 2 && null >= 0; fd++) dup2(null, fd);
    for (;;) {
        const ssize_t n = read(from, &told, sizeof told);
        if (n == sizeof told) seconds = told;
        if (n == 0 || (n < 0 && errno != EINTR)) break;
    }
    end_them(seconds);
    _exit(0);
}

const char *keeper_open(double seconds)
{
    int ends[2];
    if (keeper) return value;
    const struct process_id self = process_self();
    snprintf(value, sizeof value, "%d-%llu-%llx", (int)getpid(), (unsigned long long)self.birth,
             (unsigned long long)clock_ns());
    if (pipe2(ends, O_CLOEXEC)) return value;
    keeper = fork();
    if (keeper == 0) {
        close(ends[1]);
        watch(ends[0], seconds);
    }
    close(ends[0]);
    pipe_end = ends[1];
    if (keeper > 0) return value;
    keeper = 0;
    close(pipe_end);
    return value;
}

/* Forgets one that has ended itself: nobody reads its pipe. */
static void look_for_it(void)
{
    if (!keeper || !waitpid(keeper, NULL, WNOHANG)) return;
    close(pipe_end);
    keeper = 0;
}

void keeper_allow(double seconds)
{
    look_for_it();
    if (keeper && write(pipe_end, &seconds, sizeof seconds) < 0) return; /* it is gone itself */
}

void keeper_close(void)
{
    if (!keeper) return;
    close(pipe_end);
    while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR) {}
    keeper = 0;
}

pid_t keeper_process(void)
{
    look_for_it();
    return keeper;
}
