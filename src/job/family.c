/* family.c -- see family.h. What stands here was tried with Open MPI 4.1.4 and 5.0.11, MPICH 5.0.2 and Intel MPI
 * 2021.18. */
#include "job/family.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mpi_library.h"
#include "base/process.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct family families[] = {
    {.name = "Open MPI 4",
     .version = "Open MPI v4",
     .rank = "OMPI_COMM_WORLD_RANK",
     .size = "OMPI_COMM_WORLD_SIZE",
     .root = WORDS("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"),
     /* ranks outnumber cores by one, so waiting ones yield */
     .words = WORDS("--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--mca",
                    "orte_forward_job_control", "1"),
     .survivors = WORDS("--enable-recovery"),
     .timeout = WORDS("--mca", "odls_base_sigkill_timeout"),
     .signals = true,
     .children = true},
    {.name = "Open MPI 5",
     .version = "Open MPI v",
     .rank = "OMPI_COMM_WORLD_RANK",
     .size = "OMPI_COMM_WORLD_SIZE",
     .root = WORDS("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"),
     .words = WORDS("--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--prtemca",
                    "prte_forward_job_control", "1"),
     .survivors = WORDS("--enable-recovery"),
     .timeout = WORDS("--prtemca", "odls_base_sigkill_timeout"),
     .signals = true,
     .children = true},
    {.name = "Intel MPI",
     .version = "Intel(R) MPI",
     .rank = "PMI_RANK",
     .size = "PMI_SIZE",
     .proof = "PMI_FD",
     .words = WORDS("-bind-to", "none")},
    {.name = "MPICH",
     .version = "MPICH",
     .rank = "PMI_RANK",
     .size = "PMI_SIZE",
     .proof = "PMI_FD",
     .words = WORDS("-bind-to", "none")},
};
enum { FAMILIES = sizeof families / sizeof *families };

const struct family *family_get(void)
{
    static const struct family *known;
    char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    if (known) return known;
    MPI_Get_library_version(version, &length);
    for (int i = 0; i < FAMILIES && !known; i++)
        if (!strncmp(version, families[i].version, strlen(families[i].version))) known = &families[i];
    return known ? known : (known = &families[FAMILIES - 1]);
}

static int number(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : -1;
}

int family_size(void)
{
    const struct family *f = family_get();
    const int size = number(f->size);
    return size > 0 && (!f->proof || getenv(f->proof)) ? size : 0;
}

int family_any_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) return number(names[i]);
    return getenv("SLURM_STEP_ID") ? number("SLURM_PROCID") : -1;
}

int family_rank_of(pid_t pid)
{
    char rank[16];
    return process_variable(pid, family_get()->rank, rank, sizeof rank) ? atoi(rank) : -1;
}

/* Hydra puts a proxy between: whoever has a rank and whose parent has none, so that a rank's own children are none. */
pid_t *family_ranks(pid_t mpirun, int *n)
{
    pid_t *pids;
    int all, kept = 0;
    if (family_get()->children) return process_children(mpirun, n);
    pids = process_descendants(mpirun, &all);
    for (int i = 0; i < all; i++) {
        struct process p;
        if (family_rank_of(pids[i]) >= 0 && process_look(pids[i], &p) && family_rank_of(p.parent) < 0)
            pids[kept++] = pids[i];
    }
    *n = kept;
    return pids;
}

const char *family_mpirun(char *path, size_t size)
{
    char file[1024], prefix[1024];
    mpi_library(file, prefix, sizeof file);
    snprintf(path, size, "%s/bin/mpirun", prefix);
    /* a distribution's library lies elsewhere, and its mpirun may be a user's wrapper on the PATH */
    if (*prefix != '/' || access(path, X_OK)) snprintf(path, size, "mpirun");
    return path;
}
