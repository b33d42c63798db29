/* family.c -- see family.h. What stands here was tried with Open MPI 4.1.4 and 5.0.11, MPICH 4.3.2 and 5.0.2 and Intel
 * MPI 2021.18, and under Slurm 22.05. */
#include "job/family.h"

#include <dlfcn.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mpi_library.h"
#include "base/number.h"
#include "base/process.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What all of them have. */
#define ANY_OPEN_MPI                                                                                                   \
    .rank = "OMPI_COMM_WORLD_RANK", .size = "OMPI_COMM_WORLD_SIZE",                                                    \
    .root = WORDS("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"),                                         \
    .survivors = WORDS("--enable-recovery"), .signals = true, .children = true, .pmix = true,                          \
    .srun = "srun --mpi=pmix", .package = "Debian: openmpi-bin",                                                       \
    .deaths = "under `dunlin train` alone and mpirun --enable-recovery the others go on",                              \
    .networks = WORDS("OMPI_MCA_btl_tcp_if_include"),                                                                  \
    .windows = "export OMPI_MCA_osc=^ucx for TCP, or load the site's UCX module for InfiniBand"

#define HYDRA_DEATHS "its mpirun (hydra) ends all, and `dunlin resume RUN` goes on from the last checkpoint"

static const struct family families[] = {
    {.name = "Open MPI 4",
     .version = "Open MPI v4",
     ANY_OPEN_MPI,
     /* ranks outnumber cores by one, so waiting ones yield */
     .words = WORDS("--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--mca",
                    "orte_forward_job_control", "1"),
     .timeout = WORDS("--mca", "odls_base_sigkill_timeout")},
    {.name = "Open MPI 5",
     .version = "Open MPI v",
     ANY_OPEN_MPI,
     .words = WORDS("--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--prtemca",
                    "prte_forward_job_control", "1"),
     .timeout = WORDS("--prtemca", "odls_base_sigkill_timeout")},
    {.name = "Intel MPI",
     .version = "Intel(R) MPI",
     .rank = "PMI_RANK",
     .size = "PMI_SIZE",
     .proof = "PMI_FD",
     .settings = WORDS("I_MPI_PIN", "off"), /* its mpirun has no -bind-to */
     .pmix = true,
     .library = "I_MPI_PMI_LIBRARY",
     .srun = "srun --mpi=pmix, or --mpi=pmi2 with I_MPI_PMI_LIBRARY the path of Slurm's libpmi2.so",
     .package = "intel-oneapi-mpi",
     .deaths = HYDRA_DEATHS,
     .networks = WORDS("I_MPI_HYDRA_IFACE", "FI_TCP_IFACE"),
     .by_name = true,
     .windows = "export I_MPI_FABRICS=shm:ofi FI_PROVIDER=tcp, or load the site's fabric"},
    {.name = "MPICH",
     .version = "MPICH",
     .rank = "PMI_RANK",
     .size = "PMI_SIZE",
     .proof = "PMI_FD",
     .words = WORDS("-bind-to", "none"),
     .quiet = true,
     .srun = "srun --mpi=pmi2",
     .package = "Debian: mpich",
     .deaths = HYDRA_DEATHS,
     .networks = WORDS("HYDRA_IFACE", "UCX_NET_DEVICES", "FI_TCP_IFACE"),
     .by_name = true,
     .windows = "export UCX_TLS=tcp,self for TCP, or load the site's UCX or libfabric module"},
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

const char *family_keep_to(char *text, size_t size, const char *name, const char *network)
{
    const struct family *f = family_get();
    const char *value = f->by_name ? (name ? name : "NAME") : network ? network : "NETWORK/BITS";
    size_t at = (size_t)snprintf(text, size, "export");
    for (const char *const *n = f->networks; *n && at < size; n++)
        at += (size_t)snprintf(text + at, size - at, " %s=%s", *n, value);
    return text;
}

int family_size(void)
{
    const struct family *f = family_get();
    const int size = number_of(f->size);
    return size > 0 && (!f->proof || getenv(f->proof)) ? size : 0;
}

int family_told(void)
{
    int most = getenv("SLURM_STEP_ID") ? number_of("SLURM_STEP_NUM_TASKS") : 0;
    for (int i = 0; i < FAMILIES; i++) {
        const int size = number_of(families[i].size);
        if (size > most) most = size;
    }
    return most > 0 ? most : 0;
}

bool family_speaks_pmix(void)
{
    return family_get()->pmix || dlsym(RTLD_DEFAULT, "PMIx_Init");
}

const char *family_deaths(void)
{
    struct process p;
    const char *way = getenv("SLURM_MPI_TYPE");
    if (!getenv("SLURM_STEP_ID") || !process_look(getppid(), &p) || strncmp(p.name, "slurmstepd", 10))
        return family_get()->deaths;
    if (way && !strcmp(way, "pmi2")) return "the others go on, unless srun has --kill-on-bad-exit";
    return "Slurm ends the step, and `dunlin resume RUN` goes on from the last checkpoint";
}

int family_any_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (number_of(names[i]) >= 0) return number_of(names[i]);
    return getenv("SLURM_STEP_ID") ? number_of("SLURM_PROCID") : -1;
}

int family_rank_of(pid_t pid)
{
    char rank[16];
    return process_variable(pid, family_get()->rank, rank, sizeof rank) ? number_whole(rank) : -1;
}

/* Keeps those of pids (n) that have a rank and whose parent has none, so that a rank's own children are none; their
 * number. */
static int keep_ranks(pid_t *pids, int n)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        struct process p;
        if (family_rank_of(pids[i]) >= 0 && process_look(pids[i], &p) && family_rank_of(p.parent) < 0)
            pids[kept++] = pids[i];
    }
    return kept;
}

/* Hydra puts a proxy between, which in a Slurm job Slurm has started: there only the environment tells whose it is. */
pid_t *family_ranks(pid_t mpirun, int *n)
{
    char start[64];
    pid_t *pids;
    if (family_get()->children) return process_children(mpirun, n);
    pids = process_descendants(mpirun, n);
    *n = keep_ranks(pids, *n);
    if (*n || !getenv("SLURM_JOB_ID") || !process_variable(mpirun, START_VARIABLE, start, sizeof start)) return pids;
    free(pids);
    pids = process_all_with(START_VARIABLE, start, n);
    *n = keep_ranks(pids, *n);
    return pids;
}

void family_tell(pid_t mpirun, int sig, int by_mpirun)
{
    int n;
    if (family_get()->signals) {
        kill(mpirun, by_mpirun);
        return;
    }
    pid_t *pids = family_ranks(mpirun, &n);
    for (int i = 0; i < n; i++) kill(pids[i], sig);
    free(pids);
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
