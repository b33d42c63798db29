/* blas.c -- see blas.h. */
#include "job/blas.h"

#include <cblas.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cpu.h"

static const char CORE[] = "OPENBLAS_CORETYPE", INSTEAD_OF[] = "DUNLIN_BLAS_INSTEAD_OF";

static const char ALONE[] = "DUNLIN_BLAS_ALONE", THREADS[] = "OPENBLAS_NUM_THREADS";

static char not_kept[32];

/* Before any library's constructor: that of OpenBLAS starts a thread a core, each with 128 MB of addresses, and where
 * there are too few (ulimit -v) it asks for them again for ever. Each rank computes alone (nn/build.c): with one thread
 * from the start, which needs a start anew, since only its environment tells the library. Nothing of the C library but
 * calls of the system may be used yet. */
static void start_alone(int argc, char **argv, char **envp)
{
    static char threads[] = "OPENBLAS_NUM_THREADS=1", mark[] = "DUNLIN_BLAS_ALONE=1";
    static char self[PATH_MAX];
    struct rlimit most;
    int n = 0;
    (void)argc;
    if (getrlimit(RLIMIT_AS, &most) || most.rlim_cur == RLIM_INFINITY) return;
    for (; envp[n]; n++)
        if (!strncmp(envp[n], THREADS, sizeof THREADS - 1)) return;
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char **more = length > 0 ? mmap(NULL, ((size_t)n + 3) * sizeof *more, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                             : MAP_FAILED;
    if (more == MAP_FAILED) return;
    memcpy(more, envp, (size_t)n * sizeof *more);
    more[n] = threads;
    more[n + 1] = mark;
    execve(self, argv, more);
}
__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **, char **) = start_alone;

static void forget_alone(void)
{
    if (!getenv(ALONE)) return;
    unsetenv(THREADS);
    unsetenv(ALONE);
}

static void forget(void)
{
    unsetenv(CORE);
    unsetenv(INSTEAD_OF);
}

static void choose(char **argv)
{
    char self[PATH_MAX];
    const char *before = getenv(INSTEAD_OF), *chosen = openblas_get_corename();
    if (before) { /* the second start: whatever came of it, there is no third */
        if (strcmp(before, chosen) != 0) snprintf(not_kept, sizeof not_kept, "%s", before);
        forget();
        return;
    }
    if (getenv(CORE) || !strstr(openblas_get_config(), "DYNAMIC_ARCH")) return;
    const char *better = cpu_blas_core(chosen, cpu_able(), cpu_is_amd());
    const ssize_t length = better ? readlink("/proc/self/exe", self, sizeof self - 1) : -1;
    if (length < 0) return;
    self[length] = 0;
    if (!setenv(CORE, better, 1) && !setenv(INSTEAD_OF, chosen, 1)) execv(self, argv);
    forget();
}

void blas_choose(char **argv)
{
    choose(argv);
    forget_alone();
}

const char *blas_not_kept(void)
{
    return not_kept[0] ? not_kept : NULL;
}
