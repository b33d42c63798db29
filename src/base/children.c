/* children.c -- see children.h. */
#include "base/children.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"

static const double LOOK_EVERY = 5; /* s; a look reads all of /proc where there is anybody to look for */

struct pids {
    pid_t *pid; /* (room) */
    int n, room;
};
static struct pids ours, dead_before;

static int find(const struct pids *p, pid_t pid)
{
    int i = 0;
    while (i < p->n && p->pid[i] != pid) i++;
    return i < p->n ? i : -1;
}

void children_started(pid_t pid)
{
    if (ours.n == ours.room) {
        ours.room = 2 * ours.room + 16;
        pid_t *more = memory_new((size_t)ours.room, sizeof *more);
        if (ours.n) memcpy(more, ours.pid, (size_t)ours.n * sizeof *more);
        free(ours.pid);
        ours.pid = more;
    }
    ours.pid[ours.n++] = pid;
}

void children_waited(pid_t pid)
{
    const int at = find(&ours, pid);
    if (at >= 0) ours.pid[at] = ours.pid[--ours.n];
}

static bool anybody(void)
{
    siginfo_t info = {.si_pid = 0};
    return !waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

void children_reap(pid_t mine)
{
    static double next;
    struct pids dead = {0};
    const double now = clock_seconds();
    if (now < next) return;
    next = now + LOOK_EVERY;
    if (anybody()) dead.pid = process_dead_children(getpid(), &dead.n);
    for (int i = 0; i < dead.n && dead.n > CHILDREN_DEAD_MOST; i++)
        if (dead.pid[i] != mine && find(&ours, dead.pid[i]) < 0 && find(&dead_before, dead.pid[i]) >= 0)
            waitpid(dead.pid[i], NULL, WNOHANG);
    free(dead_before.pid);
    dead_before = dead;
}
