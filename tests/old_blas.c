/* old_blas.c -- preloaded by test_blas.sh: an OpenBLAS that knows no processor of today and takes Prescott, unless
 * OPENBLAS_CORETYPE named another core when it was loaded. DUNLIN_DEAF: whatever it names. Each load is a line "RANK
 * CORE" of the file DUNLIN_LOADS, where that is set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *openblas_get_corename(void);

static char core[32] = "Prescott";

__attribute__((constructor)) static void load(void)
{
    const char *asked = getenv("OPENBLAS_CORETYPE"), *to = getenv("DUNLIN_LOADS"),
               *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (asked && !getenv("DUNLIN_DEAF")) snprintf(core, sizeof core, "%s", asked);
    FILE *f = to ? fopen(to, "a") : NULL;
    if (f) fprintf(f, "%s %s\n", rank ? rank : "launcher", core);
    if (f) fclose(f);
}

char *openblas_get_corename(void)
{
    return core;
}
