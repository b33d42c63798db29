/* link.c -- push and fetch between nodes over what plain messages carry on the same way.
 *
 * link-relay    bytes/s of gradients to rank 0 and weights back through the relay of a node, over those of MPI_Send and
 *               MPI_Recv to and fro (as NetPIPE measures)
 * link-direct   the same where each actor puts and gets by itself (--relay off)
 *
 * The actors, all on another node than rank 0, push and fetch without a pause; rank 0 publishes the same weights anew
 * after each push, and computes nothing. Of weights, what crossed the network counts, which is less than was fetched
 * where a relay shares them. Slices of all three alternate. tests/bench/link.sh sets iperf3 beside it. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "bench/figures.h"
#include "measure/made.h"
#include "measure/mpi_ranks.h"
#include "measure/probe.h"
#include "share/check.h"

enum { TAG = 7, CYCLES = 24, WARM = 3 };
static const double PATIENCE = 30; /* s */

struct link {
    struct mpi_ranks r;
    size_t params;
    float *out, *in;
    struct series plain, relay, direct; /* bytes/s */
};

/* Collective: `rank` tells all. */
static double same(double x, int rank)
{
    CHECK_MPI(MPI_Bcast(&x, 1, MPI_DOUBLE, rank, MPI_COMM_WORLD));
    return x;
}

/* Ranks 0 and 1: bytes/s, the same on all. */
static double plain(struct link *l)
{
    const int n = (int)l->params, me = l->r.rank, other = 1 - me;
    double start = 0;
    for (int i = -WARM; i < CYCLES; i++) {
        if (i == 0) start = clock_seconds();
        if (me == 1) CHECK_MPI(MPI_Send(l->out, n, MPI_FLOAT, other, TAG, MPI_COMM_WORLD));
        if (me < 2) CHECK_MPI(MPI_Recv(l->in, n, MPI_FLOAT, other, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        if (me == 0) CHECK_MPI(MPI_Send(l->out, n, MPI_FLOAT, other, TAG, MPI_COMM_WORLD));
    }
    return same(2 * CYCLES * (double)l->params * sizeof(float) / (clock_seconds() - start), 0);
}

/* Rank 0: s from the last push of the warm-up to the last of all. */
static int serve(struct link *l, struct share *s, double *seconds)
{
    struct share_ready ready[SHARE_DRAIN_MOST];
    const int actors = share_actors(s), warm = WARM * actors, all = (WARM + CYCLES) * actors;
    const double until = clock_seconds() + PATIENCE;
    double start = 0;
    share_start(s, l->out, NULL, 0, 0);
    for (int done = 0; done < all;) {
        const int n = share_drain(s, ready, SHARE_DRAIN_MOST);
        if (n) {
            if (done < warm && done + n >= warm) start = clock_seconds();
            done += n;
            share_publish(s, (uint64_t)done, 0);
            share_ack(s, ready, n);
        } else {
            share_idle(s, 0.002);
        }
        if (clock_seconds() > until) return error_set("the actors have not pushed within %g s", PATIENCE);
    }
    *seconds = clock_seconds() - start;
    return share_wait_bye(s, PATIENCE) ? error_set("an actor said no goodbye within %g s", PATIENCE) : 0;
}

static int push_and_fetch(struct link *l, struct share *s)
{
    const struct share_push push = {.scale = 1, .frames = 1, .steps = 1};
    struct share_view view;
    for (int i = -WARM; i < CYCLES; i++) {
        if (!share_begin(s)) return error_set("rank 0 is silent");
        share_push(s, &push);
        if (share_fetch(s, l->in, &view)) return error_set("rank 0 is silent");
    }
    return share_flush(s) ? error_set("rank 0 is silent") : 0;
}

/* Collective; bytes/s, the same on all. -1 after error_set(), on the rank that knows. */
static int shared(struct link *l, bool direct, double *rate)
{
    const struct share_config config = {.params = l->params, .episodes = 16, .direct = direct};
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    struct share_traffic traffic = {0};
    double seconds = 0;
    int rc = 0;
    l->r.share = s;
    if (l->r.rank == 0)
        rc = serve(l, s, &seconds);
    else
        rc = push_and_fetch(l, s);
    if (rc) return rc;
    if (l->r.rank) share_bye(s);
    double versions = CYCLES * share_actors(s); /* weights that crossed the network; each fetch its own, or shared */
    if (share_traffic(s, &traffic)) versions = (double)traffic.weights * CYCLES / (CYCLES + WARM);
    versions = same(versions, 1);
    const double gradients = CYCLES * share_actors(s);
    share_close(&l->r.share);
    *rate = (gradients + versions) * (double)l->params * sizeof(float) / same(seconds, 0);
    return 0;
}

/* Collective: are all actors on one node, which is not rank 0's. */
static bool apart(void)
{
    const struct share_config config = {.params = 16, .episodes = 16};
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    int mine = share_relays(s) == 1 && (share_actors(s) < 1 || !share_is_local(s)), all = 0, rank = 0;
    CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    mine = mine || rank == 0;
    CHECK_MPI(MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    share_close(&s);
    return all;
}

static int measure(struct link *l, double seconds)
{
    const double end = clock_seconds() + seconds;
    double rate = 0;
    for (bool more = true; more;) {
        series_add(&l->plain, plain(l));
        if (shared(l, false, &rate)) return -1;
        series_add(&l->relay, rate);
        if (shared(l, true, &rate)) return -1;
        series_add(&l->direct, rate);
        more = same(clock_seconds() < end, 0) > 0;
    }
    return 0;
}

int bench_link(const struct bench *b)
{
    struct link l = {.params = b->params ? (size_t)b->params : MADE_PARAMS};
    int rc = 2;
    mpi_ranks_begin(&l.r);
    const bool ok = l.r.size >= 2 && apart();
    if (!ok)
        error_set(
            "bench link wants rank 0 on one node and all others on another: mpirun --host A:1,B:3 -n 4 ... bench link");
    if (mpi_ranks_agree(&l.r, ok)) {
        l.out = memory_floats(l.params);
        l.in = memory_floats(l.params);
        rc = measure(&l, b->seconds);
        if (rc) {
            log_error("%s", error_text());
        } else if (l.r.rank == 0) {
            probe_print("link-relay", series_median(&l.relay), series_median(&l.plain), "bytes/s");
            probe_print("link-direct", series_median(&l.direct), series_median(&l.plain), "bytes/s");
        }
        free(l.out);
        free(l.in);
    }
    series_free(&l.plain);
    series_free(&l.relay);
    series_free(&l.direct);
    mpi_ranks_end(&l.r, rc < 0);
    return l.r.rank == 0 || rc != 2 ? rc : 0;
}
