/* mpi_ranks.c -- see mpi_ranks.h. */
#include "measure/mpi_ranks.h"

#include <mpi.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "job/family.h"
#include "job/launch.h"
#include "job/orphan.h"
#include "share/check.h"

static const double LOST_AFTER = 30; /* s without a sign of life of one that cannot be looked up */

void mpi_ranks_begin(struct mpi_ranks *r)
{
    int provided;
    orphan_watch();
    share_before_mpi();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided)) {
        log_error("MPI_Init failed");
        _exit(1);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &r->rank));
    CHECK_MPI(MPI_Comm_size(MPI_COMM_WORLD, &r->size));
    if (r->size < 2 && family_told() > 1) { /* a measurement of each by itself would say nothing */
        const bool first = family_any_rank() <= 0;
        if (launch_check_ranks(r->size) && first) log_error("%s", error_text());
        MPI_Finalize();
        _exit(first ? 2 : 0);
    }
    r->share = NULL;
    log_set_rank(r->rank);
    cpu_flush_denormals();
}

bool mpi_ranks_agree(const struct mpi_ranks *r, bool ok)
{
    int mine = ok, all = 0;
    CHECK_MPI(MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    if (all) return true;
    if (r->rank == 0) log_error("%s", ok ? "another rank could not open what is measured" : error_text());
    return false;
}

void mpi_ranks_end(struct mpi_ranks *r, bool lost)
{
    if (lost) _exit(1); /* whoever still waits is ended by mpirun */
    if (r->share) share_close(&r->share);
    MPI_Finalize();
}

void mpi_ranks_serve(struct turn_master *m, int actor)
{
    for (;;) {
        if (turn_master_serve(m)) continue;
        const double silence = share_silence(m->share, actor);
        const struct process_id *const id = share_process(m->share, actor + 1);
        if (silence < 0 || process_gone(id) || (!id->pid && silence > LOST_AFTER)) return;
        share_idle(m->share, 0.002);
    }
}
