/* train.c -- a session under MPI: rank 0 decides and tells all, each rank opens what it needs, master and actors run, and all
 * leave together. Wrong usage ends as status 2 of rank 0 after all have finalized, so that the launcher's own noise stays
 * behind our line. */
#include "app/train.h"

#include <math.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/actor.h"
#include "app/launch.h"
#include "app/leave.h"
#include "app/master.h"
#include "app/plan.h"
#include "app/restore.h"
#include "app/setup.h"
#include "app/signals.h"
#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/provenance.h"

enum { HOST = 64, BUILD_ID = 72, TAG_STATE = 1 };

/* One process's view of the session. */
struct session {
    int rank, size;
    struct plan plan;
    struct setup setup;
    struct actor actor;  /* ranks > 0 */
    char (*hosts)[HOST]; /* rank 0 */
    pid_t *pids;         /* rank 0 */
    struct provenance prov;
    struct optim *optim;                 /* rank 0 */
    float *theta, *target;               /* rank 0 */
    struct checkpoint_counters counters; /* rank 0 */
    void *books;                         /* rank 0: what it counted up to the checkpoint; NULL: nothing */
    size_t books_bytes;
    char machine[BOOKS_MACHINE]; /* rank 0 */
    struct runfile *runfile;     /* rank 0 */
    uint64_t state_bytes;        /* of an actor, the largest over ranks */
};

/* collective: true where every rank has ok; otherwise the line of the lowest rank that has not is logged by rank 0. */
static bool all_agree(struct session *s, bool ok)
{
    char line[1024] = "";
    int mine = ok ? s->size : s->rank, first;
    CHECK_MPI(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD));
    if (first == s->size) return true;
    if (s->rank == first) snprintf(line, sizeof line, "%s", error_text());
    CHECK_MPI(MPI_Bcast(line, sizeof line, MPI_CHAR, first, MPI_COMM_WORLD));
    if (s->rank == 0) {
        if (first)
            log_error("rank %d: %s", first, line);
        else
            log_error("%s", line);
    }
    return false;
}

/* collective: ranks of different builds would misread each other's bytes. First of all, and in a format that never changes. */
static bool same_build(struct session *s)
{
    char mine[BUILD_ID] = "", host[HOST] = "";
    snprintf(mine, sizeof mine, "%.71s", s->prov.build_id);
    gethostname(host, sizeof host - 1);
    s->hosts = memory_new((size_t)s->size, sizeof *s->hosts);
    s->pids = memory_new((size_t)s->size, sizeof *s->pids);
    char(*ids)[BUILD_ID] = memory_new((size_t)s->size, sizeof *ids);
    const int pid = getpid();
    CHECK_MPI(MPI_Gather(mine, BUILD_ID, MPI_CHAR, ids, BUILD_ID, MPI_CHAR, 0, MPI_COMM_WORLD));
    CHECK_MPI(MPI_Gather(host, HOST, MPI_CHAR, s->hosts, HOST, MPI_CHAR, 0, MPI_COMM_WORLD));
    CHECK_MPI(MPI_Gather(&pid, 1, MPI_INT, s->pids, 1, MPI_INT, 0, MPI_COMM_WORLD));
    int other = 0;
    for (int r = 1; s->rank == 0 && r < s->size && !other; r++)
        if (strcmp(ids[r], ids[0])) other = r;
    if (other)
        log_error(
            "rank %d on %s runs another build of dunlin (%.12s) than rank 0 on %s (%.12s): start one and the same file "
            "on every node",
            other, s->hosts[other], ids[other], s->hosts[0], ids[0]);
    free(ids);
    CHECK_MPI(MPI_Bcast(&other, 1, MPI_INT, 0, MPI_COMM_WORLD));
    return !other;
}

/* "node1*4,node2*4" */
static void list_hosts(const struct session *s, char *text, size_t size)
{
    size_t at = 0;
    for (int r = 0; r < s->size && at < size;) {
        int n = 1;
        while (r + n < s->size && !strcmp(s->hosts[r], s->hosts[r + n])) n++;
        at += (size_t)snprintf(text + at, size - at, "%s%s*%d", r ? "," : "", s->hosts[r], n);
        r += n;
    }
}

static void fill_provenance(struct session *s, const char *window)
{
    int n;
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    MPI_Get_library_version(library, &n);
    library[strcspn(library, "\n")] = 0;
    snprintf(s->prov.mpi_library, sizeof s->prov.mpi_library, "%.255s", library);
    snprintf(s->prov.window, sizeof s->prov.window, "%s", window);
    snprintf(s->prov.ranks, sizeof s->prov.ranks, "%d", s->size);
    snprintf(s->prov.seed, sizeof s->prov.seed, "%lld", (long long)s->plan.set.values.seed);
    list_hosts(s, s->prov.hosts, sizeof s->prov.hosts);
    snprintf(s->machine, sizeof s->machine, "build %.12s, BLAS %.96s, kernels %.32s", s->prov.build_id, s->prov.blas,
             s->prov.kernels);
}

/* rank 0, local: the best weights may be newer than the checkpoint; worse ones must not replace them. */
static void remember_best(struct session *s)
{
    char path[OPTION_TEXT + 32];
    struct checkpoint_counters best;
    snprintf(path, sizeof path, "%s/checkpoint-best.h5", s->plan.dir);
    struct checkpoint_file *f = access(path, F_OK) ? NULL : checkpoint_open(path);
    if (f && !checkpoint_read_counters(f, &best) && !(best.best_mean <= s->counters.best_mean) &&
        !isnan(best.best_mean))
        s->counters.best_mean = best.best_mean;
    checkpoint_close(&f);
}

/* rank 0, local: theta, target, optimiser and counters, from the checkpoint or from the seed. */
static int load_start(struct session *s)
{
    const size_t params = s->setup.facts->params;
    const struct optim_config config = setup_optim_config(&s->setup);
    s->optim = optim_new(&config, params, s->size - 1);
    if (!s->optim) return -1;
    s->theta = memory_floats(params);
    if (algo_has_target(s->setup.algo)) s->target = memory_floats(params);
    s->counters.best_mean = (double)NAN;
    if (!s->plan.checkpoint[0]) {
        struct rng rng = rng_make((uint64_t)s->plan.set.values.seed, 0, RNG_INIT, 0);
        net_init(s->setup.net, (enum net_init)net_init_of(s->plan.set.values.init), s->theta, &rng);
        if (s->target) memcpy(s->target, s->theta, params * sizeof *s->target);
        return 0;
    }
    struct restore r = {.theta = s->theta, .target = s->target, .optim = s->optim};
    if (restore_load(s->plan.checkpoint, &s->setup, &r)) return -1;
    s->counters = r.counters;
    s->books = r.books;
    s->books_bytes = r.books_bytes;
    if (plan_check_ranks(&s->plan, s->size)) return -1;
    s->counters.session++;
    if (!s->plan.set.values.deterministic) remember_best(s); /* in rounds the better one comes again, bit for bit */
    return 0;
}

/* rank 0, local: in one line what of the session before is not there any more. */
static void tell_lost(const struct session *s, int fresh, int anew)
{
    const bool start = s->counters.frames == 0, rounds = s->plan.set.values.deterministic;
    char text[512] = "";
    size_t at = 0;
    if (!start && !rounds)
        at += (size_t)snprintf(text + at, sizeof text - at, "the rollouts under way, whose gradients had not come");
    if (!start && fresh)
        at +=
            (size_t)snprintf(text + at, sizeof text - at, "%s%d of %d actors start afresh (no state in the checkpoint)",
                             at ? "; " : "", fresh, s->size - 1);
    if (anew)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%s%d environments begin new episodes (%.80s cannot be saved)%s", at ? "; " : "", anew,
                               s->plan.set.values.env, rounds ? ": not the run without a stop" : "");
    if (s->counters.ranks > s->size)
        snprintf(text + at, sizeof text - at, "%s%d actors of the session before", at ? "; " : "",
                 (int)s->counters.ranks - s->size);
    log_root("resuming %s at %lld frames, %lld updates%s", s->plan.dir, (long long)s->counters.frames,
             (long long)s->counters.updates, fresh || anew ? "" : ", every actor where it was");
    if (text[0]) log_root("  not restored: %s", text);
}

/* rank 0, local: an actor's state goes to it; true where there is none. */
static bool send_state(struct session *s, struct checkpoint_file *f, int rank)
{
    void *state = NULL;
    size_t bytes = 0;
    if (f && checkpoint_read_actor(f, rank, &state, &bytes)) bytes = 0;
    CHECK_MPI(MPI_Send(state, (int)bytes, MPI_BYTE, rank, TAG_STATE, MPI_COMM_WORLD));
    free(state);
    return !bytes && s->counters.frames;
}

/* collective: rank 0 hands each actor the state that the checkpoint holds for it. */
static bool load_actors(struct session *s)
{
    int ok = 1, fresh = 0, mine = 0, anew = 0;
    if (s->rank == 0) {
        struct checkpoint_file *f = checkpoint_open(s->plan.checkpoint);
        ok = f != NULL;
        for (int r = 1; r < s->size; r++) fresh += send_state(s, f, r);
        checkpoint_close(&f);
    } else {
        MPI_Status status;
        int bytes;
        CHECK_MPI(MPI_Probe(0, TAG_STATE, MPI_COMM_WORLD, &status));
        CHECK_MPI(MPI_Get_count(&status, MPI_BYTE, &bytes));
        void *state = memory_new((size_t)bytes, 1);
        CHECK_MPI(MPI_Recv(state, bytes, MPI_BYTE, 0, TAG_STATE, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        mine = bytes ? agent_load(s->actor.agent, state, (size_t)bytes) : 0;
        ok = mine >= 0;
        free(state);
    }
    CHECK_MPI(MPI_Reduce(&mine, &anew, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD));
    if (!all_agree(s, ok)) return false;
    if (s->rank == 0) tell_lost(s, fresh, anew);
    return true;
}

/* rank 0, local: the checkpoint of frame 0, from which a run that dies early is resumed. */
static int first_checkpoint(struct session *s)
{
    struct checkpoint c = {
        .options = &s->plan.set, .net = s->setup.net, .counters = s->counters, .theta = s->theta, .target = s->target};
    struct checkpoint_image *image = keeper_image(s->plan.dir, &c, s->optim);
    const int rc = image ? checkpoint_image_write(image) : -1;
    checkpoint_image_free(&image);
    return rc;
}

/* rank 0, local: folder and files. */
static int open_files(struct session *s)
{
    const struct options *o = &s->plan.set.values;
    if (!s->plan.checkpoint[0]) {
        if (first_checkpoint(s)) return -1;
        s->runfile = runfile_create(s->plan.dir, &s->plan.set, &s->prov, s->size);
    } else {
        s->runfile =
            runfile_resume(s->plan.dir, &s->plan.set, &s->prov, s->size, s->counters.frames, (int)s->counters.session);
    }
    if (!s->runfile) return -1;
    log_root("%s on %s, net %s (%zu parameters), %s: %d actors, %lld frames, into %s", o->algo, o->env, o->net,
             s->setup.facts->params, o->optimizer, s->size - 1, (long long)o->frames, s->plan.dir);
    log_root("  %s; BLAS %s; kernels %s", s->prov.window, s->prov.blas, s->prov.kernels);
    const struct env_ops *ops = s->setup.world.ops;
    if (o->deterministic && !ops->plain_state && !ops->save)
        log_root("  note: environment %s cannot be saved: resumed, this run would be another one", o->env);
    if (getenv("OPENBLAS_CORETYPE"))
        log_root("  note: OPENBLAS_CORETYPE=%s is set; a forced core type can halve the speed (unset it to let "
                 "OpenBLAS choose)",
                 getenv("OPENBLAS_CORETYPE"));
    return 0;
}

/* Everything before the window, collective: 0 go, 2 wrong usage. */
static int prepare(struct session *s, int argc, char **argv, bool resume)
{
    if (!same_build(s)) return 2;
    const int planned = s->rank == 0 ? plan_make(&s->plan, argc, argv, resume) : 0;
    if (!all_agree(s, !planned)) return 2;
    CHECK_MPI(MPI_Bcast(&s->plan, sizeof s->plan, MPI_BYTE, 0, MPI_COMM_WORLD));
    int rc = setup_open(&s->setup, &s->plan.set.values, true);
    if (!rc && s->rank > 0) rc = actor_open(&s->actor, &s->setup, s->rank);
    if (!rc && s->rank == 0) rc = plan_prepare_folder(&s->plan);
    if (!rc && s->rank == 0) rc = load_start(s);
    if (!all_agree(s, !rc)) return 2;
    if (s->plan.checkpoint[0] && !load_actors(s)) return 2;
    const uint64_t mine = s->rank ? agent_state_size(s->actor.agent) : 0;
    CHECK_MPI(MPI_Allreduce(&mine, &s->state_bytes, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD));
    return 0;
}

/* rank 0; the actors have said goodbye and wait for share_part(). */
static void finish(struct session *s, struct master *m, int *status)
{
    /* a stop signal leaves no time for it; the last checkpoint then knows of it, too */
    if (m->state == RUN_DONE && referee_final(m) && keeper_whole(m) && keeper_finish(m, 1))
        log_error("%s", error_text());
    if (m->state != RUN_STOPPED) progress_log(m); /* then it was done before the goodbyes */
    if (clerk_finish(m, &s->runfile)) log_error("%s", error_text());
    *status = m->state == RUN_DONE ? 0 : m->state == RUN_STOPPED ? 143 : 1;
    if (m->state == RUN_STOPPED && signals_stop() == SIGINT) *status = 130;
    if (getenv("DUNLIN_LAUNCHED")) *status = 0; /* our own launcher reads RUN/status; mpirun would only add noise */
    log_root("%s: %s; %lld frames in %.0f s; best evaluation %.4g, last %.4g; see %s", run_state_name(m->state),
             m->reason, (long long)m->n.frames, master_seconds(m), m->n.best_mean, m->eval_mean, s->plan.dir);
}

/* rank 0, once all is written: an actor that hangs, or died on another node, would hold the launcher, and with it the
 * allocation, for ever. Those who said goodbye leave by themselves. */
static void end_the_rest(const struct session *s, const struct master *m, int status)
{
    bool other_node = false;
    for (int r = 1; r < s->size; r++) {
        other_node |= strcmp(s->hosts[r], s->hosts[0]) != 0;
        if (m->pids[r] && share_silence(m->share, r - 1) >= 0) kill(m->pids[r], SIGKILL);
    }
    if (!other_node) return;
    sleep(1);
    log_root("  ending what is left of the job: the launcher may say that MPI_ABORT was invoked");
    leave_by_force(status);
}

/* collective, once all have parted: what has crossed the network. */
static void log_traffic(const struct session *s, struct share *share)
{
    struct share_traffic t = {0};
    share_traffic(share, &t);
    const uint64_t mine[] = {t.weights, t.weight_bytes, t.again, t.gradients, t.gradient_bytes};
    uint64_t sum[5] = {0};
    CHECK_MPI(MPI_Reduce(mine, sum, 5, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD));
    if (s->rank == 0)
        log_root(
            "  over the network: weights %llu times, %llu bytes (%llu in vain); gradients %llu, %llu bytes; relays %d",
            (unsigned long long)sum[0], (unsigned long long)sum[1], (unsigned long long)sum[2],
            (unsigned long long)sum[3], (unsigned long long)sum[4], share_relays(share));
}

/* The trained part. Returns the exit status of this rank; *lost where no collective may follow. */
static int run(struct session *s, bool *lost)
{
    const struct options *o = &s->plan.set.values;
    const struct share_config config = {.params = s->setup.facts->params,
                                        .target = algo_has_target(s->setup.algo),
                                        .snapshot = true,
                                        .state_bytes = s->state_bytes,
                                        .episodes = 1024,
                                        .hogwild = !strcmp(o->consistency, "hogwild"),
                                        .direct = !strcmp(o->relay, "off"),
                                        .combine = !strcmp(o->combine, "sum") ? SHARE_COMBINE_SUM : SHARE_COMBINE_NONE,
                                        .wire = !strcmp(o->wire, "bf16")          ? SHARE_WIRE_BF16
                                                : !strcmp(o->wire, "significant") ? SHARE_WIRE_SIGNIFICANT
                                                                                  : SHARE_WIRE_FLOAT32};
    struct share *share = share_open(MPI_COMM_WORLD, &config);
    int status = 0, bad = 0;
    if (s->rank == 0) {
        fill_provenance(s, share_component(share));
        s->counters.ranks = s->size;
        bad = open_files(s);
    }
    if (!all_agree(s, !bad)) {
        share_close(&share);
        return s->rank == 0 ? 2 : 0;
    }
    if (s->rank == 0) {
        struct master m;
        const struct master_start start = {.set = &s->plan.set,
                                           .setup = &s->setup,
                                           .dir = s->plan.dir,
                                           .share = share,
                                           .optim = s->optim,
                                           .runfile = s->runfile,
                                           .state_bytes = s->state_bytes,
                                           .theta = s->theta,
                                           .target = s->target,
                                           .counters = &s->counters,
                                           .books = s->books,
                                           .books_bytes = s->books_bytes,
                                           .machine = s->machine,
                                           .hosts = (const char(*)[HOST])s->hosts,
                                           .pids = s->pids};
        master_init(&m, &start);
        master_run(&m);
        finish(s, &m, &status);
        *lost = !share_part(share, !m.anyone_lost, 2);
        if (*lost) end_the_rest(s, &m, status);
        master_free(&m);
    } else {
        status = actor_run(&s->actor, share) != 0;
        if (status && share_orphaned(share)) {
            log_rank("the relay of this node is gone: this actor ends");
        } else if (status) {
            log_rank("the master has given no sign of life for 10 s: this actor ends");
            if (!getenv("DUNLIN_LAUNCHED")) leave_by_force(1); /* our own launcher sees to those who hang */
        }
        *lost = status || !share_parting(share);
    }
    if (!*lost && share_relays(share)) log_traffic(s, share);
    if (*lost)
        share_abandon(&share);
    else
        share_close(&share);
    return status;
}

static void release(struct session *s)
{
    if (s->rank > 0) actor_close(&s->actor);
    setup_close(&s->setup);
    optim_free(&s->optim);
    free(s->theta);
    free(s->target);
    free(s->books);
    free(s->hosts);
    free(s->pids);
}

static int train_rank(int argc, char **argv, bool resume, int all_argc, char **all_argv)
{
    struct session s;
    int provided;
    bool lost = false;
    memset(&s, 0, sizeof s);
    signals_install(true); /* none may end a rank half-way through MPI_Init: the others would wait for it */
    leave_guarded();
    share_before_mpi();
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided)) {
        log_error("MPI_Init failed");
        return 1;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &s.rank));
    CHECK_MPI(MPI_Comm_size(MPI_COMM_WORLD, &s.size));
    log_set_rank(s.rank);
    signals_install(s.rank == 0);
    if (s.size < 2) {
        log_error("one rank cannot train: rank 0 is the master, every other rank an actor; start 2 or more");
        leave_well();
        MPI_Finalize();
        return 2;
    }
    provenance_fill(&s.prov, all_argc, all_argv);
    int status = prepare(&s, argc, argv, resume);
    if (status)
        status = s.rank == 0 ? status : 0;
    else
        status = run(&s, &lost);
    leave_well();
    if (lost) _exit(status); /* somebody died: MPI_Finalize would wait for it for ever */
    release(&s);
    MPI_Finalize();
    return status;
}

int train_main(int argc, char **argv, bool resume, int all_argc, char **all_argv)
{
    struct plan plan;
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            printf("dunlin %s\n\n", resume ? "resume RUN [--KEY VALUE ...]" : "train [FILE.ini] [--KEY VALUE ...]");
            options_print_help();
            return 0;
        }
    switch (launch_kind()) {
    case LAUNCH_RANK:
        return train_rank(argc, argv, resume, all_argc, all_argv);
    case LAUNCH_WRONG:
        log_error("%s", error_text());
        return 2;
    case LAUNCH_ALONE:
        break;
    }
    launch_catch_signals();
    if (plan_make(&plan, argc, argv, resume)) {
        log_error("%s", error_text());
        return 2;
    }
    return launch_run(&plan, resume, argc, argv);
}
