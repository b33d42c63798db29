/* trapped.c -- put before MPI by test_trapped.sh: once the file of TRAP is there, a look for messages never returns, as
 * that of Open MPI's TCP over half a connection to a killed process. */
#include <mpi.h>
#include <stdlib.h>
#include <unistd.h>

int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
{
    const char *trap = getenv("TRAP");
    while (trap && !access(trap, F_OK)) usleep(1000);
    return PMPI_Iprobe(source, tag, comm, flag, status);
}
