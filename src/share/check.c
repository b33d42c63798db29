/* check.c -- how a failed MPI call ends the job. */
#include "share/check.h"

#include <mpi.h>

#include "base/log.h"

void check_mpi_failed(int code, const char *call, const char *file, int line)
{
    char why[MPI_MAX_ERROR_STRING] = "";
    int n = 0;
    MPI_Error_string(code, why, &n);
    log_rank("%s:%d: %s failed: %s", file, line, call, why);
    MPI_Abort(MPI_COMM_WORLD, 1);
    __builtin_unreachable();
}
