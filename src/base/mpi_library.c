/* mpi_library.c -- see mpi_library.h. */
#include "base/mpi_library.h"

#include <dlfcn.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void mpi_library(char *file, char *prefix, size_t size)
{
    Dl_info library;
    union { /* dladdr() takes a data pointer, POSIX lets a function's be one */
        int (*function)(int *, char ***);
        void *data;
    } init = {.function = MPI_Init};
    const bool told = dladdr(init.data, &library) && library.dli_fname;
    snprintf(file, size, "%s", told ? library.dli_fname : "");
    snprintf(prefix, size, "%s", file);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(prefix, '/');
        if (slash) *slash = '\0';
    }
}
