/* separate_model.c -- put before the MPI library: its windows of one flavor, $SEPARATE_FLAVOR, say that they are of the
 * separate memory model. */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

int MPI_Win_get_attr(MPI_Win win, int key, void *value, int *found)
{
    static int separate = MPI_WIN_SEPARATE;
    const char *const which = getenv("SEPARATE_FLAVOR");
    int *flavor = NULL;
    const int code = PMPI_Win_get_attr(win, key, value, found);
    if (code || key != MPI_WIN_MODEL || !which) return code;
    PMPI_Win_get_attr(win, MPI_WIN_CREATE_FLAVOR, &flavor, found);
    if (*flavor == (strcmp(which, "shared") ? MPI_WIN_FLAVOR_CREATE : MPI_WIN_FLAVOR_SHARED))
        *(int **)value = &separate;
    return 0;
}
