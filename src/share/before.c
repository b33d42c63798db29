/* before.c -- what the MPI library must be told before MPI_Init, where neither the user nor the site has told it.
 *
 * Debian's and Ubuntu's packages of Open MPI 4 ship `osc = ^ucx,pt2pt` in the system's parameter file. That
 * switches off the only one-sided component that works between nodes over TCP, and no window can be made. `^ucx`
 * alone gives it back. The setting is made only where exactly that line is in force: sites with InfiniBand need
 * UCX and have files of their own. */
#include "share/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mpi_library.h"

#if defined OMPI_MAJOR_VERSION && OMPI_MAJOR_VERSION == 4

/* The value of key in a parameter file, blanks removed, in value (cap). False where the file or the key is missing. */
static bool parameter(const char *path, const char *key, char *value, size_t cap)
{
    FILE *file = fopen(path, "r");
    if (!file) return false;
    bool found = false;
    char line[1024];
    while (fgets(line, sizeof line, file)) {
        char text[1024];
        size_t n = 0;
        for (const char *c = line; *c && *c != '#'; c++)
            if (!strchr(" \t\r\n", *c)) text[n++] = *c;
        text[n] = '\0';
        const size_t length = strlen(key);
        if (strncmp(text, key, length) || text[length] != '=') continue;
        snprintf(value, cap, "%s", text + length + 1); /* the last line counts */
        found = true;
    }
    fclose(file);
    return found;
}

/* The parameter file of the library that is really loaded: a build in /opt does not read /etc. */
static void system_file(char *path, size_t cap)
{
    const char *dir = getenv("OPAL_SYSCONFDIR"), *own = getenv("OPAL_PREFIX");
    char file[1024], prefix[1024];
    mpi_library(file, prefix, sizeof file);
    if (dir)
        snprintf(path, cap, "%s/openmpi-mca-params.conf", dir);
    else if (own)
        snprintf(path, cap, "%s/etc/openmpi-mca-params.conf", own);
    else if (!strncmp(file, "/usr/lib/", 9) || !strncmp(file, "/lib/", 5))
        snprintf(path, cap, "/etc/openmpi/openmpi-mca-params.conf");
    else
        snprintf(path, cap, "%.1000s/etc/openmpi-mca-params.conf", prefix);
}

static bool debians_line_in_force(void)
{
    static const char *const told[] = {"OMPI_MCA_osc", "OMPI_MCA_pml", "OMPI_MCA_mca_base_param_files",
                                       "OMPI_MCA_mca_param_files", "OMPI_MCA_mca_base_envar_file_prefix"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (getenv(told[i])) return false;
    char path[2048], value[1024];
    const char *home = getenv("HOME");
    if (home) {
        snprintf(path, sizeof path, "%s/.openmpi/mca-params.conf", home);
        if (parameter(path, "osc", value, sizeof value) || parameter(path, "pml", value, sizeof value)) return false;
    }
    system_file(path, sizeof path);
    return parameter(path, "osc", value, sizeof value) && !strcmp(value, "^ucx,pt2pt");
}

#else

static bool debians_line_in_force(void)
{
    return false;
}

#endif

void share_before_mpi(void)
{
    if (debians_line_in_force()) setenv("OMPI_MCA_osc", "^ucx", 1);
#ifdef OPEN_MPI
    setenv("OMPI_MCA_mpi_yield_when_idle", "1",
           0); /* ranks that wait inside MPI leave their core to those who compute */
#endif
}
