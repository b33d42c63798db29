/* check.h -- the world's failures: calls of MPI that have no reason to fail. One line says rank, place, call and
 * reason, then the whole job ends. What a user can cause is checked before and told by error.h instead. */
#ifndef DUNLIN_SHARE_CHECK_H
#define DUNLIN_SHARE_CHECK_H

/* Says the failed call of MPI with its error string and ends the job; local, does not return. */
_Noreturn void check_mpi_failed(int code, const char *call, const char *file, int line);

/* Set MPI_ERRORS_RETURN on communicators and windows, or the library ends the job before this sees the code. */
#define CHECK_MPI(call)                                                                                                \
    do {                                                                                                               \
        const int check_code_ = (call);                                                                                \
        if (check_code_ != 0) check_mpi_failed(check_code_, #call, __FILE__, __LINE__); /* MPI_SUCCESS is 0 */         \
    } while (0)

#endif
