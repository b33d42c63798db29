/* ranks.c -- `dunlin doctor` under a launcher: every rank gathers facts, messages go round, and a real window is opened
 * as training opens it, over which one actor of each host fetches and pushes. Rank 0 reports. What needs no other rank
 * comes behind MPI_Finalize, when the others have gone. */
#include "doctor/ranks.h"

#include <assert.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "doctor/folder.h"
#include "doctor/judge.h"
#include "doctor/judge_mpi.h"
#include "doctor/mpi.h"
#include "doctor/scale.h"
#include "doctor/want.h"
#include "job/family.h"
#include "measure/idle.h"
#include "measure/made.h"
#include "measure/mpi_ranks.h"
#include "share/check.h"

enum { STAGE_SECONDS = 60, HOSTS_MOST = 64 };
static const double MEASURE = 0.2, SLOW_LINK = 1e8, SLOW_ANSWER = 2e-3; /* s; bytes/s; s */

static struct doctor doctor; /* rank 0's; also of the two below, which are called from elsewhere */
static char overdue[512];    /* the line that is said where a stage does not end */

static void on_alarm(int sig)
{
    (void)sig;
    if (overdue[0] && write(STDOUT_FILENO, overdue, strlen(overdue)) < 0) _exit(3);
    _exit(1);
}

/* What follows may hang where nodes do not reach each other. */
static void stage(int rank, const char *name, const char *mend)
{
    const struct sigaction act = {.sa_handler = on_alarm};
    if (rank == 0)
        snprintf(overdue, sizeof overdue,
                 "fail %s: no end within %d s; mend: %s\nfail verdict: given up there; mend: the line above\n", name,
                 STAGE_SECONDS, mend);
    sigaction(SIGALRM, &act, NULL);
    alarm(rank == 0 ? STAGE_SECONDS : 10 * STAGE_SECONDS); /* rank 0 visits one host after another, and speaks first */
}

/* src/share says why it ends the job. */
static void on_refused(const char *why, const char *mend)
{
    doctor_say(&doctor, DOCTOR_FAIL, "window", mend, "%s", why);
    doctor_verdict(&doctor);
}

struct gathered { /* rank 0 */
    struct doctor_facts *facts;
    int *local; /* by rank: does it read rank 0's memory directly */
    struct idle_costs near, far;
    bool has_near, has_far;
    int here; /* actors on rank 0's host */
};

static void say_link(const struct doctor_facts *f, bool local, const struct idle_costs *c, size_t params)
{
    const double bytes = (double)params * sizeof(float), in = bytes / c->push, out = bytes / c->fetch;
    const char *how = local ? "shared memory" : "the network";
    char mend[200], keep[160];
    snprintf(mend, sizeof mend, "see that traffic takes the fast network: %s",
             family_keep_to(keep, sizeof keep, NULL, NULL));
    if (c->ask > SLOW_ANSWER)
        doctor_say(&doctor, DOCTOR_WARN, "link",
                   local ? "mpirun --bind-to none: actor and rank 0 may sit on one core"
                         : "look at the network between these nodes, and at what else runs on them",
                   "%s to rank 0 by %s: %.3g us for a question without weights; fetch %.3g GB/s, push %.3g GB/s",
                   f->host, how, 1e6 * c->ask, 1e-9 * out, 1e-9 * in);
    else if (in < SLOW_LINK || out < SLOW_LINK)
        doctor_say(&doctor, DOCTOR_WARN, "link", mend,
                   "%s to rank 0 by %s: fetch %.3g GB/s, push %.3g GB/s: less than a gigabit link has", f->host, how,
                   1e-9 * out, 1e-9 * in);
    else
        doctor_say(&doctor, DOCTOR_OK, "link", NULL,
                   "%s to rank 0 by %s: fetch %.3g GB/s, push %.3g GB/s, latency %.3g us", f->host, how, 1e-9 * out,
                   1e-9 * in, 1e6 * c->ask);
}

static void say_progress(struct idle_master *h, const struct gathered *w, int remote)
{
    if (remote < 0) {
        doctor_say(&doctor, DOCTOR_OK, "progress", NULL, "shared memory: rank 0 takes no part in transfers");
        return;
    }
    const int served = idle_absent(h, remote - 1);
    if (served < 0)
        doctor_say(&doctor, DOCTOR_FAIL, "progress", family_get()->windows, "%s", error_text());
    else
        doctor_say(&doctor, DOCTOR_OK, "progress", NULL, "a fetch from %s %s", w->facts[remote].host,
                   served ? "is served while rank 0 does other things"
                          : "waits until rank 0 calls MPI, as is usual over TCP; rank 0 does so between updates");
}

/* Rank 0: one actor of each host times its calls. 0, or -1 where one of them is lost. */
static int visit(struct gathered *w, struct share *share, int size, size_t params)
{
    const struct optim_config config = {.kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.1};
    struct idle_master h;
    struct optim *optim = optim_new(&config, params, size - 1);
    int remote = -1, hosts = 0, rc = 0;
    if (!optim) return -1;
    idle_begin(&h, share, optim, params);
    const struct doctor_plan actors = {.facts = w->facts + 1, .n = size - 1};
    for (int r = 1; r < size && !rc; r++) {
        struct idle_costs c;
        if (w->local[r]) w->here++;
        if (!w->local[r] && remote < 0) remote = r;
        if (!is_first(&actors, r - 1) || hosts++ >= HOSTS_MOST) continue;
        stage(0, "window", "see that rank 0's node is reached from all others by one-sided transfers");
        if ((rc = idle_alone(&h, r - 1, MEASURE, &c))) {
            doctor_say(&doctor, DOCTOR_FAIL, "window", family_get()->windows, "%s", error_text());
            break;
        }
        say_link(&w->facts[r], w->local[r], &c, params);
        if (w->local[r] && !w->has_near) w->near = c;
        if (!w->local[r] && (!w->has_far || c.fetch > w->far.fetch)) w->far = c; /* the slowest counts */
        *(w->local[r] ? &w->has_near : &w->has_far) = true;
    }
    if (!rc) say_progress(&h, w, remote);
    if (!rc && idle_end(&h)) {
        doctor_say(&doctor, DOCTOR_FAIL, "window", "start again; if it stays, start fewer ranks to find the host", "%s",
                   error_text());
        rc = -1;
    }
    optim_free(&optim);
    return rc;
}

/* Collective. 0, or -1 where a rank is lost. */
static int try_window(struct gathered *w, struct mpi_ranks *r, size_t params)
{
    const struct grad_form whole = {.params = params};
    const struct idle_part part = {.whole = whole, .form = {whole, whole}};
    const struct share_config config = {
        .params = params, .target = true, .snapshot = true, .episodes = 16, .direct = true, .refused = on_refused};
    stage(r->rank, "window", family_get()->windows);
    const double start = clock_seconds();
    r->share = share_open(MPI_COMM_WORLD, &config);
    const double took = clock_seconds() - start;
    const int local = share_is_local(r->share);
    CHECK_MPI(MPI_Gather(&local, 1, MPI_INT, w->local, 1, MPI_INT, 0, MPI_COMM_WORLD));
    if (r->rank) return idle_actor(r->share, r->rank, &part);
    const bool own = strcmp(share_component(r->share), "shared memory") && w->facts &&
                     count_hosts(&(struct doctor_plan){.facts = w->facts, .n = r->size}) == 1;
    if (own)
        doctor_say(&doctor, DOCTOR_WARN, "window",
                   "leave `sm` on in OMPI_MCA_osc, and see that /dev/shm has room (line shm)",
                   "all ranks are on one host, and yet rank 0 is reached by: %s", share_component(r->share));
    else
        doctor_say(&doctor, DOCTOR_OK, "window", NULL, "%s, %d actors, opened in %.2g s", share_component(r->share),
                   share_actors(r->share), took);
    return visit(w, r->share, r->size, params);
}

/* Rank 0: one actor of another host fetches and pushes through its node's relay. 0, or -1 where it is lost. */
static int visit_relay(struct gathered *w, struct share *share, int size, size_t params)
{
    const struct optim_config config = {.kind = OPTIM_SHARED_RMSPROP, .decay = 0.99, .eps = 0.1};
    struct idle_master h;
    struct optim *optim = optim_new(&config, params, size - 1);
    struct idle_costs c;
    int remote = 1;
    assert(w->local);
    while (remote < size - 1 && w->local[remote]) remote++;
    idle_begin(&h, share, optim, params);
    const int rc = !optim || idle_alone(&h, remote - 1, MEASURE, &c) || idle_end(&h) ? -1 : 0;
    if (rc)
        doctor_say(&doctor, DOCTOR_FAIL, "relays", "--relay off", "%s", error_text());
    else
        doctor_say(&doctor, DOCTOR_OK, "relays", NULL, "%s through its node's relay: fetch %.3g GB/s, push %.3g GB/s",
                   w->facts[remote].host, 1e-9 * (double)params * sizeof(float) / c.fetch,
                   1e-9 * (double)params * sizeof(float) / c.push);
    optim_free(&optim);
    return rc;
}

/* Collective, behind try_window(): where there are other hosts, a window with relays, as training has it. 0, or -1. */
static int try_relays(struct gathered *w, struct mpi_ranks *r, size_t params)
{
    const struct grad_form whole = {.params = params};
    const struct idle_part part = {.whole = whole, .form = {whole, whole}};
    const struct share_config config = {.params = params, .episodes = 16, .refused = on_refused};
    int here = share_is_local(r->share), all = 0;
    share_close(&r->share);
    CHECK_MPI(MPI_Allreduce(&here, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    if (all) return 0;
    stage(r->rank, "relays", "--relay off");
    r->share = share_open(MPI_COMM_WORLD, &config);
    return r->rank ? idle_actor(r->share, r->rank, &part) : visit_relay(w, r->share, r->size, params);
}

/* False where there is too little memory to try what training would do. *checkpoints: bytes of a run's. */
static bool judge(const struct gathered *w, int size, const struct doctor_setup *s, double *checkpoints)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int n = 0, hosts;
    struct doctor_want *want = memory_new((size_t)size, sizeof *want);
    const struct doctor_plan plan = {.facts = w->facts, .n = size, .actors = size - 1, .want = want};
    doctor_want(s, &plan, want);
    hosts = count_hosts(&plan);
    MPI_Get_library_version(library, &n);
    library[strcspn(library, ",\n")] = 0;
    doctor_say(&doctor, DOCTOR_OK, "launch", NULL, "%d ranks on %d host%s, %s", size, hosts, hosts > 1 ? "s" : "",
               library);
    doctor_say(&doctor, DOCTOR_OK, "family", NULL, "%s: where a rank dies %s", family_get()->name, family_deaths());
    doctor_judge_start(&doctor, &plan);
    doctor_judge_cores(&doctor, &plan);
    doctor_judge_memory(&doctor, &plan);
    doctor_judge_network(&doctor, &plan);
    doctor_judge_mpi(&doctor, &plan);
    doctor_judge_pieces(&doctor, &plan, s->set.values.env);
    const bool enough = !doctor_lacks(&plan);
    *checkpoints = want->checkpoints;
    free(want);
    return enough;
}

int doctor_ranks(struct option_set *set)
{
    static struct doctor_setup s;
    static struct doctor_facts mine;
    struct mpi_ranks r;
    struct gathered w = {0};
    int64_t params = MADE_PARAMS;
    double checkpoints = 0;
    doctor.out = stdout;
    mpi_ranks_begin(&r);
    s.set = *set;
    if (r.rank == 0) {
        w.facts = memory_new((size_t)r.size, sizeof *w.facts);
        w.local = memory_new((size_t)r.size, sizeof *w.local);
    }
    doctor_facts(&mine);
    doctor_mpi_facts(&mine);
    char mend[200], keep[160];
    snprintf(mend, sizeof mend, "%s, a network that all nodes share", family_keep_to(keep, sizeof keep, NULL, NULL));
    stage(r.rank, "messages", mend);
    doctor_mpi_try(&mine, r.rank, r.size);
    CHECK_MPI(MPI_Gather(&mine, sizeof mine, MPI_BYTE, w.facts, sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD));
    if (r.rank == 0) {
        alarm(0); /* an environment may take its time */
        doctor_open(&doctor, &s);
        if (judge(&w, r.size, &s, &checkpoints) && s.ok)
            params = (int64_t)s.setup.facts->params;
        else
            s.ok = false;
    }
    CHECK_MPI(MPI_Bcast(&params, 1, MPI_INT64_T, 0, MPI_COMM_WORLD));
    if (r.size == 1)
        doctor_say(&doctor, DOCTOR_FAIL, "launch", "two ranks or more, -n 2",
                   "one rank cannot train: rank 0 is the master, every other rank an actor");
    const int lost = r.size > 1 && (try_window(&w, &r, (size_t)params) || try_relays(&w, &r, (size_t)params));
    alarm(0);
    if (lost) {
        if (r.rank == 0) doctor_verdict(&doctor);
        mpi_ranks_end(&r, true);
    }
    mpi_ranks_end(&r, false);
    if (r.rank) return 0;
    doctor_folder(&doctor, set->values.out, checkpoints);
    if (s.ok) doctor_scale(&doctor, &s, r.size - 1, w.has_near ? &w.near : NULL, w.has_far ? &w.far : NULL, w.here);
    setup_close(&s.setup);
    free(w.facts);
    free(w.local);
    const int status = doctor_verdict(&doctor);
    return getenv("DUNLIN_LAUNCHED") ? 0 : status; /* our own launcher reads the verdict; mpirun would only add noise */
}
