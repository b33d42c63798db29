/* separate_model.c -- put before the MPI library: its windows of one flavor, $SEPARATE_FLAVOR, say that they are of the
 * separate memory model; and each rank tells of each window that it gives back whether there has been a barrier between
 * two calls of MPI_Win_sync, once its accesses were allowed. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int flavor_of(MPI_Win win)
{
    int *flavor = NULL, found = 0;
    PMPI_Win_get_attr(win, MPI_WIN_CREATE_FLAVOR, &flavor, &found);
    return found ? *flavor : 0;
}

int MPI_Win_get_attr(MPI_Win win, int key, void *value, int *found)
{
    static int separate = MPI_WIN_SEPARATE;
    const char *const which = getenv("SEPARATE_FLAVOR");
    const int code = PMPI_Win_get_attr(win, key, value, found);
    if (code || key != MPI_WIN_MODEL || !which) return code;
    if (flavor_of(win) == (!strcmp(which, "shared")   ? MPI_WIN_FLAVOR_SHARED
                           : !strcmp(which, "create") ? MPI_WIN_FLAVOR_CREATE
                                                      : -1))
        *(int **)value = &separate;
    return 0;
}

/* How far each window has come: sync, barrier, sync. */
enum { WINDOWS = 8, NONE = 0, OPEN, SYNC, BARRIER, BOTH };
static struct {
    MPI_Win win;
    int at;
} windows[WINDOWS];

static int *at(MPI_Win win)
{
    static int spare;
    for (int i = 0; i < WINDOWS; i++)
        if (windows[i].at != NONE && windows[i].win == win) return &windows[i].at;
    return &spare;
}

int MPI_Win_lock_all(int assert, MPI_Win win)
{
    for (int i = 0; i < WINDOWS; i++)
        if (windows[i].at == NONE) {
            windows[i].win = win;
            windows[i].at = OPEN;
            break;
        }
    return PMPI_Win_lock_all(assert, win);
}

int MPI_Win_sync(MPI_Win win)
{
    int *const now = at(win);
    if (*now == OPEN || *now == BARRIER) ++*now;
    return PMPI_Win_sync(win);
}

int MPI_Barrier(MPI_Comm comm)
{
    for (int i = 0; i < WINDOWS; i++)
        if (windows[i].at == SYNC) windows[i].at = BARRIER;
    return PMPI_Barrier(comm);
}

int MPI_Win_unlock_all(MPI_Win win)
{
    fprintf(stderr, "window %s %ssynced on both sides of a barrier\n",
            flavor_of(win) == MPI_WIN_FLAVOR_SHARED ? "shared" : "create", *at(win) == BOTH ? "" : "not ");
    *at(win) = NONE;
    return PMPI_Win_unlock_all(win);
}
