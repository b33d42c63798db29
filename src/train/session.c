/* session.c -- what comes before the window: rank 0 decides and tells all, each rank opens what it needs, and a
 * checkpoint's state goes to whom it belongs. */
#include "train/session.h"

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "job/blas.h"
#include "job/leave.h"
#include "setup/unread.h"
#include "share/check.h"
#include "store/options_file.h"
#include "store/weights.h"
#include "train/checkpoints.h"
#include "train/folder.h"
#include "train/room.h"

enum { BUILD_ID = 72, TAG_STATE = 1, START_MS = 600000 };

bool session_agree(struct session *s, bool ok)
{
    char line[1024] = "";
    int mine = ok ? s->size : s->rank, first, all = 0;
    MPI_Request request;
    CHECK_MPI(MPI_Iallreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD, &request));
    for (int ms = 0; !all; ms++) { /* one that died while it opened its environment never comes */
        CHECK_MPI(MPI_Test(&request, &all, MPI_STATUS_IGNORE));
        if (!all) clock_sleep(0.001);
        if (all || ms < START_MS) continue;
        log_rank("a rank has not come this far within %d minutes: it hangs, or has died; the start is given up",
                 START_MS / 60000);
        leave_by_force(1);
    }
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

/* collective: ranks of different builds would misread each other's bytes. First of all, and in a format that never
 * changes. */
static bool same_build(struct session *s)
{
    char mine[BUILD_ID] = "", host[HOST] = "";
    snprintf(mine, sizeof mine, "%.71s", s->prov.build_id);
    gethostname(host, sizeof host - 1);
    s->hosts = memory_new((size_t)s->size, sizeof *s->hosts);
    char(*ids)[BUILD_ID] = memory_new((size_t)s->size, sizeof *ids);
    CHECK_MPI(MPI_Gather(mine, BUILD_ID, MPI_CHAR, ids, BUILD_ID, MPI_CHAR, 0, MPI_COMM_WORLD));
    CHECK_MPI(MPI_Gather(host, HOST, MPI_CHAR, s->hosts, HOST, MPI_CHAR, 0, MPI_COMM_WORLD));
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

/* collective: rank 0 says so where a rank computes with another BLAS or other kernels of it than rank 0. */
static void compare_blas(const struct session *s)
{
    enum { BLAS = sizeof s->prov.blas };
    char(*all)[BLAS] = memory_new((size_t)s->size, sizeof *all);
    CHECK_MPI(MPI_Gather(s->prov.blas, BLAS, MPI_CHAR, all, BLAS, MPI_CHAR, 0, MPI_COMM_WORLD));
    for (int r = 1; s->rank == 0 && r < s->size; r++) {
        if (!strcmp(all[r], all[0])) continue;
        log_root("  note: rank %d on %s computes with BLAS %s, rank 0 on %s with %s: last digits differ between them%s",
                 r, s->hosts[r], all[r], s->hosts[0], all[0],
                 s->plan.set.values.deterministic ? ", and --deterministic needs the same ranks on the same nodes"
                                                  : "");
        break;
    }
    free(all);
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
    const char *played_by = s->setup.world.spec.library;
    snprintf(s->prov.environment, sizeof s->prov.environment, "%s", played_by ? played_by : "");
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

/* rank 0, local: theta of a fresh start, from the seed or from a file, which may lie in the folder that is to be thrown
 * away. */
static int start_weights(struct session *s)
{
    static const enum net_init inits[] = {
        [INIT_UNIFORM] = NET_INIT_UNIFORM, [INIT_HE] = NET_INIT_HE, [INIT_ORTHOGONAL] = NET_INIT_ORTHOGONAL};
    const struct options *o = &s->plan.set.values;
    struct rng rng = rng_make((uint64_t)o->seed, 0, RNG_INIT, 0);
    s->theta = memory_floats(s->setup.facts->params);
    net_init(s->setup.net, inits[o->init], s->theta, &rng);
    net_init_free(s->setup.net, (float)o->log_sigma, s->theta);
    net_init_forget(s->setup.net, (float)o->forget_bias, s->theta);
    if (!o->init_from[0]) return 0;
    if (weights_read(o->init_from, s->setup.net, s->theta)) return -1;
    log_root("starting with the weights of %s", o->init_from);
    return 0;
}

/* rank 0, local: theta, target, optimiser and counters, from the checkpoint or from the start. */
static int load_start(struct session *s)
{
    const size_t params = s->setup.facts->params;
    const struct optim_config config = setup_optim_config(&s->setup);
    s->optim = optim_new(&config, params, s->size - 1);
    if (!s->optim || optim_threads(s->optim, (int)s->plan.set.values.master_threads)) return -1;
    if (!s->theta) s->theta = memory_floats(params);
    if (setup_target(&s->setup)) s->target = memory_floats(params);
    if (s->plan.set.values.ema > 0) s->average = memory_floats(params);
    s->counters.best_mean = (double)NAN;
    if (!s->plan.checkpoint[0]) {
        if (s->target) memcpy(s->target, s->theta, params * sizeof *s->target);
        if (s->average) memcpy(s->average, s->theta, params * sizeof *s->average);
        return 0;
    }
    struct restore_parts parts = {.theta = s->theta, .target = s->target, .average = s->average, .optim = s->optim};
    if (restore_load(&s->restore, &s->setup, &parts)) return -1;
    s->counters = s->restore.counters;
    s->totals = parts.totals;
    s->totals_bytes = parts.totals_bytes;
    if (plan_check_ranks(&s->plan, s->size)) return -1;
    restore_vouch(&s->restore, &s->setup, &s->plan.set, s->plan.dir);
    s->counters.session++;
    if (!s->plan.set.values.deterministic) remember_best(s); /* in rounds the better one comes again, bit for bit */
    return 0;
}

/* Of all actors together, before a memory for replay gives its first gradient. */
static int64_t frames_to_fill(const struct session *s)
{
    const struct agent_config config = setup_agent_config(&s->setup, 1);
    return agent_replay_fill(&config, &s->setup.world);
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
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%d actors of the session before", at ? "; " : "",
                               (int)s->counters.ranks - s->size);
    const bool refill = !start && s->setup.algo->replay;
    if (refill)
        snprintf(text + at, sizeof text - at, "%sthe memory: %lld steps are played before the next gradient%s",
                 at ? "; " : "", (long long)(frames_to_fill(s) / s->setup.world.spec.action_repeat),
                 rounds ? ": not the run without a stop" : "");
    log_root("resuming %s at %lld frames, %lld updates%s", s->plan.dir, (long long)s->counters.frames,
             (long long)s->counters.updates, fresh || anew || refill ? "" : ", every actor where it was");
    if (text[0]) log_root("  not restored: %s", text);
}

/* rank 0, local: an actor's state goes to it; true where there is none. */
static bool send_state(struct session *s, int rank)
{
    void *state = NULL;
    size_t bytes = 0;
    if (checkpoint_read_actor(s->restore.file, rank, &state, &bytes)) bytes = 0;
    CHECK_MPI(MPI_Send(state, (int)bytes, MPI_BYTE, rank, TAG_STATE, MPI_COMM_WORLD));
    free(state);
    return !bytes && s->counters.frames;
}

/* collective: rank 0 hands each actor the state that the checkpoint holds for it. */
static bool load_actors(struct session *s)
{
    int ok = 1, fresh = 0, mine = 0, anew = 0;
    int64_t start = s->counters.frames ? s->counters.session : 0;
    CHECK_MPI(MPI_Bcast(&start, 1, MPI_INT64_T, 0, MPI_COMM_WORLD));
    if (s->rank == 0) {
        for (int r = 1; r < s->size; r++) fresh += send_state(s, r);
        restore_close(&s->restore);
    } else {
        MPI_Status status;
        int bytes;
        CHECK_MPI(MPI_Probe(0, TAG_STATE, MPI_COMM_WORLD, &status));
        CHECK_MPI(MPI_Get_count(&status, MPI_BYTE, &bytes));
        void *state = memory_new((size_t)bytes, 1);
        CHECK_MPI(MPI_Recv(state, bytes, MPI_BYTE, 0, TAG_STATE, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        struct agent *agent = s->actor.turn.agent;
        mine = bytes ? agent_load(agent, state, (size_t)bytes) : start ? agent_start_afresh(agent, start) : 0;
        ok = mine >= 0;
        free(state);
    }
    CHECK_MPI(MPI_Reduce(&mine, &anew, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD));
    if (!session_agree(s, ok)) return false;
    if (s->rank == 0) tell_lost(s, fresh, anew);
    return true;
}

/* rank 0, local: the checkpoint of frame 0, from which a run that dies early is resumed. */
static int first_checkpoint(struct session *s)
{
    const struct model model = setup_model(&s->setup);
    struct checkpoint c = {.options = &s->plan.set,
                           .net = s->setup.net,
                           .counters = s->counters,
                           .theta = s->theta,
                           .target = s->target,
                           .average = s->average,
                           .model = &model};
    struct checkpoint_image *image = checkpoints_image(s->plan.dir, &c, s->optim);
    const int rc = image ? checkpoint_image_write(image) : -1;
    checkpoint_image_free(&image);
    return rc;
}

/* rank 0, local: what replay costs, before it is paid. */
static void tell_memory(const struct session *s)
{
    const struct options *o = &s->plan.set.values;
    const struct agent_config config = setup_agent_config(&s->setup, 1);
    const int64_t fill = frames_to_fill(s), left = o->frames - s->counters.frames;
    log_root("  memory: %lld steps, %.1f MB when full%s; the first gradient after %lld steps", (long long)o->memory,
             agent_replay_bytes(&config, &s->setup.world) / 1e6, s->size > 2 ? " (all actors together)" : "",
             (long long)(fill / s->setup.world.spec.action_repeat));
    if (left <= fill)
        log_root(
            "  note: %lld frames are left, and until the memory is filled no gradient comes: give more --frames, or "
            "a lower --replay-start",
            (long long)left);
    if (o->deterministic) log_root("  note: no checkpoint has the memory: resumed, this run would be another one");
}

int session_open_files(struct session *s, const char *window)
{
    const struct options *o = &s->plan.set.values;
    fill_provenance(s, window);
    s->counters.ranks = s->size;
    if (!s->plan.checkpoint[0]) {
        if (o->force) folder_empty(s->plan.dir); /* not before every rank has what it needs */
        if (first_checkpoint(s)) return -1;
        s->runfile = runfile_create(s->plan.dir, &s->plan.set, &s->prov, s->size);
    } else {
        s->runfile =
            runfile_resume(s->plan.dir, &s->plan.set, &s->prov, s->size, s->counters.frames, (int)s->counters.session);
    }
    if (!s->runfile) return -1;
    if (o->tensorboard[0] && runfile_tensorboard(s->runfile, o->tensorboard, s->counters.frames)) return -1;
    if (options_file_write(s->plan.dir, &s->plan.set, s->size - 1)) log_root("  note: %s", error_text());
    log_root("%s on %s, net %s (%zu parameters), %s: %d actors, %lld frames, into %s", o->algo, o->env, o->net,
             s->setup.facts->params, o->optimizer, s->size - 1, (long long)o->frames, s->plan.dir);
    log_root("  %s; BLAS %s; kernels %s", s->prov.window, s->prov.blas, s->prov.kernels);
    char unread[512];
    if (setup_unread(&s->setup, &s->plan.set, unread, sizeof unread))
        log_root("  note: said, but nothing here reads it: %s", unread);
    const struct env_ops *ops = s->setup.world.ops;
    if (o->deterministic && !ops->plain_state && !ops->save)
        log_root("  note: environment %s cannot be saved: resumed, this run would be another one", o->env);
    if (s->setup.algo->replay) tell_memory(s);
    if (getenv("OPENBLAS_CORETYPE"))
        log_root("  note: OPENBLAS_CORETYPE=%s is set; a forced core type can halve the speed (unset it to let "
                 "OpenBLAS choose)",
                 getenv("OPENBLAS_CORETYPE"));
    if (blas_not_kept())
        log_root("  note: OpenBLAS, older than this processor, chose %s: a newer core was chosen for it "
                 "(OPENBLAS_CORETYPE in the environment would stand)",
                 blas_not_kept());
    return 0;
}

int session_prepare(struct session *s, int argc, char **argv, bool resume)
{
    if (!same_build(s)) return 2;
    const int planned = s->rank == 0 ? plan_make(&s->plan, &s->setup, &s->restore, argc, argv, resume) : 0;
    if (!session_agree(s, !planned)) return 2;
    CHECK_MPI(MPI_Bcast(&s->plan, sizeof s->plan, MPI_BYTE, 0, MPI_COMM_WORLD));
    if (s->plan.over) return SESSION_OVER;
    int rc = s->rank > 0 ? setup_open(&s->setup, &s->plan.set.values, true) : 0;
    if (!session_agree(s, !rc)) return 2;
    rc = room_check_ranks(&s->setup, &s->plan, s->rank, s->size, (const char(*)[HOST])s->hosts);
    if (!session_agree(s, !rc)) return 2;
    s->setup.actors = s->size - 1;
    if (!rc && s->rank > 0) rc = actor_open(&s->actor, &s->setup, s->rank);
    if (!rc && s->rank == 0 && !s->plan.checkpoint[0]) rc = start_weights(s);
    if (!rc && s->rank == 0) rc = folder_take(s->plan.dir);
    if (!rc && s->rank == 0) rc = load_start(s);
    if (!session_agree(s, !rc)) return 2;
    if (s->plan.checkpoint[0] && !load_actors(s)) return 2;
    compare_blas(s);
    const uint64_t mine = s->rank ? agent_state_size(s->actor.turn.agent) : 0;
    CHECK_MPI(MPI_Allreduce(&mine, &s->state_bytes, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD));
    return 0;
}

void session_release(struct session *s)
{
    if (s->rank > 0) actor_close(&s->actor);
    restore_close(&s->restore);
    setup_close(&s->setup);
    optim_free(&s->optim);
    free(s->theta);
    free(s->target);
    free(s->average);
    free(s->totals);
    free(s->hosts);
}
