/* mpirun.h -- starting ranks of this program under the mpirun of the MPI that it is linked to (family.h). Local; needs
 * no MPI. */
#ifndef DUNLIN_JOB_MPIRUN_H
#define DUNLIN_JOB_MPIRUN_H

#include <stdbool.h>
#include <sys/types.h>

/* One start; all borrowed, and no longer needed afterwards. */
struct mpirun {
    int ranks;                /* the master's, too */
    const char *const *words; /* behind the program's name, ended by NULL */
    const char *environment;  /* "NAME=VALUE" for the ranks, several with blanks between; NULL: nothing more */
    int kill_timeout;         /* s that the ranks have after a SIGTERM */
    bool survivors;           /* go on where a rank dies; mpirun's status then says nothing */
    bool own_group;           /* a process group of its own: a Ctrl-C does not reach it */
    bool quiet;               /* no stdout, no stderr */
    bool tell;                /* its command line is a line of log */
    int on_our_death;         /* the signal it gets when this process ends */
};

/* mpirun refuses root without two words in the environment: 0 where it would not, or -1 after error_set(). */
int mpirun_check_root(void);

/* Forks mpirun, under a keeper (keeper.h) that ends it and its ranks where we end: at once with own_group, until
 * keeper_allow() says something else, after kill_timeout without. stdin is empty, and all ranks share this node's
 * cores. Its process, or -1 after error_set(). That it cannot be executed is a line of its own and its status 127. With
 * from not NULL its stdout is read from *from, which the caller closes. */
pid_t mpirun_start(const struct mpirun *m, int *from);

/* Waits for its end, and that of its ranks; the exit status, 1 where a signal ended it. */
int mpirun_wait(pid_t pid);

/* A start that measures or looks at the machine: it ends with us, and its ranks soon after a SIGTERM. */
struct mpirun mpirun_attached(int ranks, const char *const *words);

#endif
