/* family.h -- the kinds of MPI that this program may be linked to, and what differs between them: how their mpirun is
 * told what, and how it tells a process its rank. A table; local, and may be asked before MPI_Init. */
#ifndef DUNLIN_JOB_FAMILY_H
#define DUNLIN_JOB_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct family {
    const char *name;         /* as people say it */
    const char *version;      /* how MPI_Get_library_version() begins */
    const char *rank, *size;  /* the variables in which its launcher tells them to a process */
    const char *proof;        /* a variable that must be there, too, for these to be meant for us; NULL: none */
    const char *const *root;  /* variables without which its mpirun refuses root, ended by NULL; NULL: it does not */
    const char *const *words; /* behind the name of mpirun: ranks share cores and are bound to none, ended by NULL */
    const char *const *survivors; /* further ones: go on where a rank dies; ended by NULL; NULL: all end, by hydra with
                                   * -disable-auto-cleanup, too [tried] */
    const char *const *timeout;   /* before the seconds that ranks have after a SIGTERM; ended by NULL; NULL: no such */
    bool signals;                 /* it passes SIGUSR1, SIGTSTP and SIGCONT on to the ranks */
    bool children;                /* ranks of its node are mpirun's own children */
};

/* Of the library that is loaded now, which need not be the one that it was built with: Open MPI 4 and 5 share a name.
 * One that is in no row is treated as MPICH, whose ways most others have. */
const struct family *family_get(void);

/* Ranks that a launcher of this library's family started, this process among them; 0: it started none, or another
 * family's has. */
int family_size(void);

/* The rank that any launcher has told this process, also one of another family, where only one is to speak; -1. */
int family_any_rank(void);

/* Its mpirun in path (size): the one that stands beside the library, else the name, for the PATH. Returns path. */
const char *family_mpirun(char *path, size_t size);

/* The rank of process pid as its launcher told it, -1 for others. */
int family_rank_of(pid_t pid);

/* The *n ranks that mpirun has started on this node, malloc'd, the caller's; NULL where there is none. */
pid_t *family_ranks(pid_t mpirun, int *n);

#endif
