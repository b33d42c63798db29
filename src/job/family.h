/* family.h -- the kinds of MPI that this program may be linked to, and what differs between them: how their mpirun is
 * told what, and how it tells a process its rank. A table; local, and may be asked before MPI_Init. */
#ifndef DUNLIN_JOB_FAMILY_H
#define DUNLIN_JOB_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The environment's variable that all processes of a start have, and no other: what they are found by. */
#define START_VARIABLE "DUNLIN_START"

struct family {
    const char *name;            /* as people say it */
    const char *version;         /* how MPI_Get_library_version() begins */
    const char *rank, *size;     /* the variables in which its launcher tells them to a process */
    const char *proof;           /* a variable that must be there, too, for these to be meant for us; NULL: none */
    const char *const *root;     /* variables without which its mpirun refuses root, ended by NULL; NULL: it does not */
    const char *const *words;    /* behind the name of mpirun: ranks share cores and are bound to none; ended by NULL */
    const char *const *settings; /* NAME, VALUE, ... in its environment for the same, where not set; ended by NULL */
    const char *const *survivors; /* further ones: go on where a rank dies; ended by NULL; NULL: all end, by hydra with
                                   * -disable-auto-cleanup, too [tried] */
    const char *const *timeout;   /* before the seconds that ranks have after a SIGTERM; ended by NULL; NULL: no such */
    bool signals;                 /* it passes SIGUSR1, SIGTSTP and SIGCONT on to the ranks */
    bool children;                /* ranks of its node are mpirun's own children */
    bool pmix;                    /* it always speaks PMIx; else only where that library has been loaded with it */
    bool quiet;          /* MPI_Init of a task that it can see no others of says nothing, so that it may be asked */
    const char *library; /* names Slurm's own library to it, without which tasks of --mpi=pmi2 on several nodes take
                          * themselves for those of one; NULL: it needs none */
    const char *srun;    /* how Slurm starts its ranks */
    const char *package; /* what its mpirun is in */
    const char *deaths;  /* what its own mpirun does when a rank dies, and what one does then */
    const char *const *networks; /* variables that keep it to one network, ended by NULL */
    bool by_name;                /* which take an interface's name, else NETWORK/BITS */
    const char *windows;         /* what mends its one-sided transfers */
};

/* Of the library that is loaded now, which need not be the one that it was built with: Open MPI 4 and 5 share a name.
 * One that is in no row is treated as MPICH, whose ways most others have. */
const struct family *family_get(void);

/* Does the library speak PMIx, in which srun --mpi=pmix tells its tasks of each other? */
bool family_speaks_pmix(void);

/* The words that keep it to an interface, of that name, in the network "NETWORK/BITS", in text (size); NULL, NULL: to
 * one that the reader fills in. Returns text. */
const char *family_keep_to(char *text, size_t size, const char *name, const char *network);

/* How many tasks any launcher says that it has started, this process among them; 0: none has. */
int family_told(void);

/* What becomes of the others where a rank dies, under the launcher that this rank has: its own mpirun, or srun. */
const char *family_deaths(void);

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

/* Sends the ranks `sig`: by mpirun, which is sent by_mpirun, where it passes signals on, else to those of this node. */
void family_tell(pid_t mpirun, int sig, int by_mpirun);

#endif
