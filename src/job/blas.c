/* blas.c -- see blas.h. */
#include "job/blas.h"

#include <cblas.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"

static const char CORE[] = "OPENBLAS_CORETYPE", INSTEAD_OF[] = "DUNLIN_BLAS_INSTEAD_OF";

static char not_kept[32];

static void forget(void)
{
    unsetenv(CORE);
    unsetenv(INSTEAD_OF);
}

void blas_choose(char **argv)
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

const char *blas_not_kept(void)
{
    return not_kept[0] ? not_kept : NULL;
}
