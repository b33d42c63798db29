/* provenance.h -- what made a run: program, machine, libraries, place and time. */
#ifndef DUNLIN_STORE_PROVENANCE_H
#define DUNLIN_STORE_PROVENANCE_H

/* X(field, bytes, help): each is text and an attribute of /provenance. */
#define PROVENANCE(X)                                                                                                  \
    X(version, 32, "Dunlin's version")                                                                                 \
    X(git_revision, 64, "of the sources, '+' when changed")                                                            \
    X(build_id, 72, "SHA-256 of the program file")                                                                     \
    X(compiler, 128, "name and version")                                                                               \
    X(command, 1024, "the command line")                                                                               \
    X(hosts, 1024, "of all ranks, host*count")                                                                         \
    X(ranks, 16, "count")                                                                                              \
    X(mpi_library, 256, "")                                                                                            \
    X(window, 128, "how rank 0's memory is reached")                                                                   \
    X(blas, 128, "OpenBLAS's version and core name")                                                                   \
    X(kernels, 32, "build of the network kernels in use")                                                              \
    X(hdf5, 32, "")                                                                                                    \
    X(environment, 64, "what plays it and its version, empty where that is Dunlin")                                    \
    X(seed, 32, "")                                                                                                    \
    X(started, 32, "UTC")                                                                                              \
    X(slurm_job, 64, "job id, empty outside Slurm")                                                                    \
    X(env_variables, 512, "OMPI_MCA_*, OPENBLAS_*, OMP_NUM_THREADS as found")

struct provenance {
#define X(field, bytes, help) char field[bytes];
    PROVENANCE(X)
#undef X
};

/* Fills all that this process knows by itself; hosts, ranks, mpi_library, window, environment and seed are the
 * caller's. argv is stored as typed. Local. */
void provenance_fill(struct provenance *p, int argc, char **argv);

#endif
