/* launch.h -- how the program was started, and starting it under mpirun by itself. Local; before MPI_Init. */
#ifndef DUNLIN_JOB_LAUNCH_H
#define DUNLIN_JOB_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

enum launch_kind {
    LAUNCH_ALONE, /* no launcher: launch_run() */
    LAUNCH_RANK,  /* a rank of mpirun or srun: MPI_Init, then launch_check_ranks() */
    LAUNCH_WRONG, /* error_set() says how it should be started: exit 2 */
};
/* Several tasks that cannot see each other are LAUNCH_WRONG in the first of them; in the others it does not return,
 * they end. */
enum launch_kind launch_kind(void);

/* For a LAUNCH_RANK, behind MPI_Init: is MPI_COMM_WORLD, of `size`, one that can train? 0, or -1 after error_set(): it
 * is alone, and each of several tasks may find that of itself. */
int launch_check_ranks(int size);

/* How many actors a start alone makes: as asked, or (0) as the Slurm allocation has room for, or one per core; beyond
 * its first, each of rank 0's threads that were asked for has a core of its own (0: none was). At least 1. */
int launch_actors(int64_t asked, int64_t threads);

/* The same of a run that goes on after a session of ranks_before ranks (0: none): it keeps their number, which lr was
 * chosen for; an allocation of another size is filled, but for a deterministic run. */
int launch_actors_of(int ranks_before, int64_t asked, int64_t threads, bool deterministic);

/* From here on a stop signal ends this process with a line and status 130 or 143; once launch_run() has begun, it is
 * noted and ends the run. Ctrl-Z stops the ranks, too, until we go on. */
void launch_catch_signals(void);

/* What a start alone needs to know of its run. */
struct launch_run {
    const char *dir;               /* RUN, which can be written to */
    const char *env;               /* its environment, which a resume asks for where that is a library */
    const char *python;            /* of a gym: environment, as named; "": not named */
    bool resume;                   /* `dunlin resume`, else `dunlin train` */
    bool out;                      /* its words do not say --out: they are told dir */
    int ranks_before;              /* of the session before; 0: none */
    int64_t actors;                /* --actors; 0: not given */
    int64_t threads;               /* of rank 0 */
    bool (*busy)(const char *dir); /* does another run hold the folder? */
    bool deterministic;            /* the number of ranks must not change */
};

/* Runs the words behind the subcommand under mpirun with one actor per core (or as many as a Slurm job's allocation has
 * room for, or --actors) and the master; passes stop signals on, takes the outcome from RUN/status, and ends
 * mpirun where it does not end by itself. Returns the exit status: 0 done, 1 failed, 2 wrong usage, 130/143 stopped. */
int launch_run(const struct launch_run *run, int argc, char **argv);

#endif
