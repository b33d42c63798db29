/* provenance.c -- see provenance.h. */
#include "store/provenance.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dunlin/version.h"
#include "nn/net.h"
#include "revision.h"
#include "store/h5.h"
#include "store/seal.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static const struct {
    const char *prefix;
    bool whole; /* the name must be this, not only begin with it */
} KEPT[] = {{"OMP_NUM_THREADS", true}, {"OPENBLAS_", false}, {"OMPI_MCA_", false}};

/* What mpirun itself hands to its children: addresses of this one start, which say nothing about how it was set up. */
static const char *const LAUNCHER[] = {
    "OMPI_MCA_orte_",
    "OMPI_MCA_ess",
    "OMPI_MCA_pmix",
    "OMPI_MCA_initial_wdir",
    "OMPI_MCA_shmem_RUNTIME_",
    "OMPI_MCA_mca_base_env",
    "OMPI_MCA_mpi_oversubscribe",
};

/* Appends what fits; false where it did not. */
static bool append(char *out, size_t size, const char *word, size_t n)
{
    const size_t used = strlen(out), room = size - 1 - used;
    const size_t taken = n < room ? n : room;
    memcpy(out + used, word, taken);
    out[used + taken] = '\0';
    return taken == n;
}

static bool has_prefix(const char *word, const char *prefix)
{
    return !strncmp(word, prefix, strlen(prefix));
}

/* In quotes where a shell would not read it as one word, so that the line can be pasted. */
static void append_quoted(char *out, size_t size, const char *word)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*word && !word[strspn(word, PLAIN)]) {
        append(out, size, word, strlen(word));
        return;
    }
    append(out, size, "'", 1);
    for (; *word; word++) append(out, size, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    append(out, size, "'", 1);
}

static void fill_command(struct provenance *p, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (i) append(p->command, sizeof p->command, " ", 1);
        append_quoted(p->command, sizeof p->command, argv[i]);
    }
}

static void fill_variables(struct provenance *p)
{
    for (size_t k = 0; k < sizeof KEPT / sizeof *KEPT; k++)
        for (char **e = environ; *e; e++) {
            const size_t name = strcspn(*e, "=");
            if (!has_prefix(*e, KEPT[k].prefix) || (KEPT[k].whole && name != strlen(KEPT[k].prefix))) continue;
            bool skip = false;
            for (size_t l = 0; l < sizeof LAUNCHER / sizeof *LAUNCHER; l++) skip |= has_prefix(*e, LAUNCHER[l]);
            if (skip) continue;
            if (*p->env_variables) append(p->env_variables, sizeof p->env_variables, " ", 1);
            append(p->env_variables, sizeof p->env_variables, *e, strlen(*e));
        }
}

void provenance_fill(struct provenance *p, int argc, char **argv)
{
    const char *job = getenv("SLURM_JOB_ID");
    const time_t now = time(NULL);
    struct tm utc;
    unsigned major = 0, minor = 0, release = 0;
    memset(p, 0, sizeof *p);
    snprintf(p->version, sizeof p->version, "%s", DUNLIN_VERSION);
    snprintf(p->git_revision, sizeof p->git_revision, "%s", DUNLIN_REVISION);
    if (seal_file_digest("/proc/self/exe", p->build_id)) snprintf(p->build_id, sizeof p->build_id, "unknown");
    snprintf(p->compiler, sizeof p->compiler, "%s", COMPILER);
    fill_command(p, argc, argv);
    snprintf(p->blas, sizeof p->blas, "%.90s core %.30s", openblas_get_config(), openblas_get_corename());
    snprintf(p->kernels, sizeof p->kernels, "%s", net_kernel_name());
    h5_init();
    H5get_libversion(&major, &minor, &release);
    snprintf(p->hdf5, sizeof p->hdf5, "%u.%u.%u", major, minor, release);
    if (gmtime_r(&now, &utc)) strftime(p->started, sizeof p->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(p->slurm_job, sizeof p->slurm_job, "%s", job ? job : "");
    fill_variables(p);
}
