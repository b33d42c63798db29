/* refuse.c -- see refuse.h. */
#include "share/refuse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/number.h"
#include "share/check.h"

static _Noreturn void refuse(const struct share *s, MPI_Comm comm, const char *why, const char *mend)
{
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    if (!rank && s->config.refused) s->config.refused(why, mend);
    if (rank)
        clock_sleep_ns(INT64_C(2000000000));
    else
        log_error("%s; %s", why, mend);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

void refuse_none(const struct share *s, MPI_Comm comm, int code)
{
    char error[MPI_MAX_ERROR_STRING] = "", why[MPI_MAX_ERROR_STRING + 100];
    int n = 0;
    MPI_Error_string(code, error, &n);
    snprintf(why, sizeof why, "the MPI library makes no one-sided window between these ranks: %s", error);
    refuse(s, comm, why,
           "export OMPI_MCA_osc=^ucx for TCP with Debian's or Ubuntu's Open MPI 4, or load the site's UCX module for "
           "InfiniBand");
}

static int separate(MPI_Win win)
{
    int *model = NULL, found = 0;
    if (win == MPI_WIN_NULL) return 0;
    CHECK_MPI(MPI_Win_get_attr(win, MPI_WIN_MODEL, &model, &found));
    return !found || *model != MPI_WIN_UNIFIED;
}

void refuse_separate(const struct share *s)
{
    const int mine[2] = {separate(s->near_win), separate(s->far_win)};
    int any[2];
    char why[200];
    CHECK_MPI(MPI_Allreduce(mine, any, 2, MPI_INT, MPI_MAX, s->comm));
    if (!any[0] && !any[1]) return;
    snprintf(
        why, sizeof why,
        "the MPI library's window %s is of the separate memory model (attribute MPI_WIN_MODEL); the unified one is "
        "needed",
        any[0] ? "on a node" : "between nodes");
    refuse(s, s->comm, why,
           any[0] ? "export OMPI_MCA_osc=^sm where it is Open MPI, or load another MPI library"
                  : "load an MPI library whose windows are unified, as Open MPI's are, or start all ranks on one node");
}

int refuse_nodes(int told, int ranks)
{
    const char *said = getenv("DUNLIN_NODES");
    const int nodes = !told && said ? number_whole(said) : told;
    if (nodes >= 0 && nodes <= ranks) return nodes;
    log_root("  note: DUNLIN_NODES is '%.40s', which is not heeded; allowed: a whole number up to %d, the ranks",
             said ? said : "", ranks);
    return 0;
}
