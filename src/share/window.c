/* window.c -- opens and closes the windows; where they lie and who reaches them how.
 *
 * The ranks of a node map one shared window (MPI_Win_allocate_shared, all bytes on the node's first rank): on rank 0's
 * node that of the master, on others that of their relay. Where there are others, rank 0 shows its very bytes through a
 * second window (MPI_Win_create) over itself, the relays' hosts, and the actors that have no relay. One passive epoch
 * for the whole run: MPI_MODE_NOCHECK, so that no lock is held anywhere that a dead rank could leave locked. */
#include "share/share.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "share/beat.h"
#include "share/check.h"
#include "share/layout.h"
#include "share/life.h"
#include "share/refuse.h"
#include "share/relay.h"
#include "share/watch.h"

enum { MASTER = 0 };
static const double ROOM = 1e6; /* bytes of shared memory that the library wants beside a window's */
/* s that a look of rank 0 for messages, which waits for nobody, may take at most; whatever --patience says, which is
 * that of actors: rank 0's end is the run's, without a checkpoint */
static const double LOOK_S = 20;
static const double PART_S = 2; /* s that a relay has for its last words when somebody died */

static void *align(void *p)
{
    return (void *)(((uintptr_t)p + LINE - 1) & ~(uintptr_t)(LINE - 1));
}

/* Local. Open MPI's ranks wait for one another for ever where the first of them finds too little room. */
static bool has_room(size_t bytes)
{
    struct statvfs st;
    const char *folder = getenv("OMPI_MCA_osc_sm_backing_directory");
    if (statvfs(folder ? folder : "/dev/shm", &st)) return true; /* then it is elsewhere, and the library must know */
    return (double)st.f_bavail * (double)st.f_frsize >= (double)bytes + ROOM;
}

/* Collective over s->node, whose first rank gives the memory. Returns the library's code; the same on all of them. */
static int open_near(struct share *s)
{
    int rank = 0, size = 0, unit = 0;
    CHECK_MPI(MPI_Comm_rank(s->node, &rank));
    CHECK_MPI(MPI_Comm_size(s->node, &size));
    void *base = NULL;
    if (size == 1) { /* nobody to share with; some libraries refuse, or hand out plain memory as it comes */
        s->own = memory_new(s->map.bytes, 1);
        s->base = s->own;
        return MPI_SUCCESS;
    }
    int room = rank == 0 && has_room(s->map.bytes);
    CHECK_MPI(MPI_Bcast(&room, 1, MPI_INT, 0, s->node));
    if (!room) return MPI_ERR_NO_MEM;
    const MPI_Aint bytes = rank == 0 ? (MPI_Aint)(s->map.bytes + LINE) : 0;
    const int code = MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, s->node, &base, &s->near_win);
    int worst = code;
    CHECK_MPI(MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, s->node));
    if (worst) {
        s->near_win = MPI_WIN_NULL;
        return worst;
    }
    CHECK_MPI(MPI_Win_set_errhandler(s->near_win, MPI_ERRORS_RETURN));
    MPI_Aint all = 0;
    CHECK_MPI(MPI_Win_shared_query(s->near_win, 0, &all, &unit, &base));
    s->base = align(base); /* every process maps whole pages: the same shift everywhere */
    CHECK_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->near_win));
    if (rank == 0) memset(s->base, 0, s->map.bytes);
    return MPI_SUCCESS;
}

/* Collective over s->reach: rank 0, and those who put and get. */
static void open_far(struct share *s, int rank)
{
    const MPI_Aint bytes = rank == MASTER ? (MPI_Aint)s->map.bytes : 0;
    MPI_Win even = MPI_WIN_NULL;
#ifndef OPEN_MPI /* Intel MPI over TCP names a rank's memory by a count of its windows, which must be as many on all */
    if (s->near_win == MPI_WIN_NULL) CHECK_MPI(MPI_Win_create(NULL, 0, 1, MPI_INFO_NULL, MPI_COMM_SELF, &even));
#endif
    const int code = MPI_Win_create(rank == MASTER ? s->base : NULL, bytes, 1, MPI_INFO_NULL, s->reach, &s->far_win);
    if (even != MPI_WIN_NULL) CHECK_MPI(MPI_Win_free(&even));
    if (code) refuse_none(s, s->reach, code);
    CHECK_MPI(MPI_Win_set_errhandler(s->far_win, MPI_ERRORS_RETURN));
    CHECK_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->far_win));
}

/* What this rank knows while the windows are opened. */
struct opening {
    int rank, size;
    int nodes;
    int place;         /* the smallest rank of this rank's node */
    int near;          /* actors that read rank 0's memory in place */
    int behind, lent;  /* in the window of a relay: actors; those of them that read it in place, all or none */
    struct map global; /* of rank 0's window */
};

/* Collective. Who shares memory with whom, by the machine or, in tests, by decree. */
static int find_place(const struct share *s, int rank, int size)
{
    int place = rank;
    if (s->config.nodes) {
        const int node = rank * s->config.nodes / size;
        for (place = 0; place * s->config.nodes / size != node;) place++;
        return place;
    }
    MPI_Comm here = MPI_COMM_NULL;
    CHECK_MPI(MPI_Comm_split_type(s->comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here));
    CHECK_MPI(MPI_Bcast(&place, 1, MPI_INT, 0, here));
    CHECK_MPI(MPI_Comm_free(&here));
    return place;
}

/* The buffers of rank 0's window for those who copy. */
static int copies(const struct share *s, const struct opening *o)
{
    if (!s->remote) return o->near < s->actors ? MAP_COPIED : 0;
    return map_copies(o->nodes);
}

/* Rank 0's, and that of the window this rank uses. */
static void draw_maps(struct share *s, struct opening *o)
{
    if (s->remote) s->config.mailboxes = 1;
    s->map = o->global = map_draw(&s->config, (size_t)s->actors, o->near, copies(s, o));
    if (s->relayed) s->map = map_draw(&s->config, (size_t)o->behind, o->lent, o->lent ? 0 : MAP_COPIED);
}

/* Collective. s->node, of the ranks that will map one window, and the maps; a relay's node draws its own. */
static void split_nodes(struct share *s, struct opening *o, bool relays)
{
    int near_size = 1;
    const bool at_master = o->place == MASTER && (!s->config.world || o->rank == MASTER);
    CHECK_MPI(MPI_Comm_split(s->comm, at_master || relays ? o->place : MPI_UNDEFINED, o->rank, &s->node));
    if (at_master) CHECK_MPI(MPI_Comm_size(s->node, &near_size));
    CHECK_MPI(MPI_Bcast(&near_size, 1, MPI_INT, MASTER, s->comm));
    s->remote = o->size - near_size;
    o->near = near_size - 1;
    s->relayed = relays && !at_master;
    if (s->relayed) {
        CHECK_MPI(MPI_Comm_size(s->node, &o->behind));
        CHECK_MPI(MPI_Comm_rank(s->node, &s->slot));
        o->lent = o->behind;
    }
    draw_maps(s, o);
}

/* Before a failure changes who uses what: who tells of it, one of each node. */
static bool speaks(const struct share *s)
{
    return s->relayed ? s->slot == 0 : s->self < 0;
}

static void log_no_shared_memory(const struct share *s, int code)
{
    char why[MPI_MAX_ERROR_STRING] = "";
    int n = 0;
    MPI_Error_string(code, why, &n);
    log_rank(
        "no shared memory of %zu MB on this node (%s): every gradient goes through the MPI library, which is slower; "
        "see that /dev/shm is large enough and that OMPI_MCA_osc leaves `sm` on",
        s->map.bytes / 1000000 + 1, why);
}

/* Collective over s->node. Its window, or where the memory is too small a smaller one: then its actors copy. */
static int open_near_or_less(struct share *s, struct opening *o)
{
    const int code = open_near(s);
    if (!code || !s->map.loans) return code;
    const size_t wanted = s->map.bytes;
    *(s->relayed ? &o->lent : &o->near) = 0;
    draw_maps(s, o);
    const int again = open_near(s);
    if (!again && speaks(s))
        log_rank("no shared memory of %zu MB on this node, but of %zu: each actor copies the weights instead of "
                 "reading them in place, which is slower; see that /dev/shm is large enough",
                 wanted / 1000000 + 1, s->map.bytes / 1000000 + 1);
    return again;
}

/* Collective. The shared windows. Where the library makes none (switched off, or /dev/shm is small) a node's actors put
 * and get by themselves, and rank 0 shows them memory of its own. */
static void open_nodes(struct share *s, struct opening *o)
{
    split_nodes(s, o, !s->config.direct && !s->config.world);
    const int code = s->node != MPI_COMM_NULL ? open_near_or_less(s, o) : MPI_SUCCESS;
    int first[2] = {code, o->near};
    CHECK_MPI(MPI_Bcast(first, 2, MPI_INT, MASTER, s->comm));
    o->near = first[1];
    if (code && speaks(s)) log_no_shared_memory(s, code);
    if (code || (first[0] && o->place == MASTER)) {
        CHECK_MPI(MPI_Comm_free(&s->node));
        s->relayed = false;
        s->slot = s->self;
    }
    if (first[0]) {
        s->remote = s->actors;
        o->near = 0;
    }
    draw_maps(s, o);
    if (!first[0] || o->rank != MASTER) return;
    CHECK_MPI(MPI_Comm_dup(MPI_COMM_SELF, &s->node));
    open_near(s);
}

/* Collective over s->node. */
static void open_relay(struct share *s, const struct opening *o)
{
    int *actors = memory_new((size_t)o->behind, sizeof *actors);
    CHECK_MPI(MPI_Gather(&s->self, 1, MPI_INT, actors, 1, MPI_INT, 0, s->node));
    s->carrier = o->rank;
    CHECK_MPI(MPI_Bcast(&s->carrier, 1, MPI_INT, 0, s->node));
    if (s->slot == 0) {
        struct share there = {.config = s->config,
                              .map = o->global,
                              .actors = s->actors,
                              .self = s->self,
                              .slot = s->self,
                              .ids = s->ids,
                              .far_win = s->far_win};
        s->relay = relay_new(s, &there, actors, o->behind);
    }
    free(actors);
}

/* Collective. */
static void open_windows(struct share *s, int rank, int size)
{
    struct opening o = {.rank = rank, .size = size};
    o.place = find_place(s, rank, size);
    const int first = o.place == rank;
    CHECK_MPI(MPI_Allreduce(&first, &o.nodes, 1, MPI_INT, MPI_SUM, s->comm));
    open_nodes(s, &o);
    const bool far = rank == MASTER || s->node == MPI_COMM_NULL || (s->relayed && s->slot == 0);
    const int host = s->relayed && s->slot == 0;
    CHECK_MPI(MPI_Allreduce(&host, &s->relays, 1, MPI_INT, MPI_SUM, s->comm));
    CHECK_MPI(MPI_Comm_split(s->comm, far && s->remote ? 0 : MPI_UNDEFINED, rank, &s->reach));
    if (s->reach != MPI_COMM_NULL) open_far(s, rank);
    if (s->relayed) open_relay(s, &o);
    if (s->self < 0 || !s->base) return;
    int here = 0;
    CHECK_MPI(MPI_Comm_rank(s->node, &here));
    s->borrows = (s->relayed ? here : here - 1) < s->map.loans; /* the first of rank 0's node is rank 0 */
}

/* Collective. Relays make their calls of MPI from a second thread; and tests may pretend nodes, rank
 * 0's word counts. */
static void settle_config(struct share *s)
{
    int level = 0, least = 0;
    s->config.nodes = refuse_nodes(s->config.nodes, s->actors + 1);
    CHECK_MPI(MPI_Bcast(&s->config.nodes, 1, MPI_INT, MASTER, s->comm));
    CHECK_MPI(MPI_Query_thread(&level));
    CHECK_MPI(MPI_Allreduce(&level, &least, 1, MPI_INT, MPI_MIN, s->comm));
    s->serialized = least >= MPI_THREAD_SERIALIZED;
    if (!s->serialized) s->config.direct = true;
    if (s->config.patience <= 0) s->config.patience = SHARE_PATIENCE;
}

/* Local. By the letter both before and after a barrier that makes one rank's stores seen by the loads of another. */
static void sync_windows(const struct share *s)
{
    if (s->near_win != MPI_WIN_NULL) CHECK_MPI(MPI_Win_sync(s->near_win));
    if (s->far_win != MPI_WIN_NULL) CHECK_MPI(MPI_Win_sync(s->far_win));
}

struct share *share_open(MPI_Comm comm, const struct share_config *config)
{
    assert(config->params % 16 == 0 && (config->episodes & (config->episodes - 1)) == 0);
    struct share *s = memory_new(1, sizeof *s);
    int rank = 0, size = 0;
    s->config = *config;
    s->node = s->reach = MPI_COMM_NULL;
    s->near_win = s->far_win = MPI_WIN_NULL;
    CHECK_MPI(MPI_Comm_dup(comm, &s->comm));
    CHECK_MPI(MPI_Comm_set_errhandler(s->comm, MPI_ERRORS_RETURN)); /* inherited by what is split off */
    CHECK_MPI(MPI_Comm_rank(s->comm, &rank));
    CHECK_MPI(MPI_Comm_size(s->comm, &size));
    s->actors = size - 1;
    s->self = s->slot = rank - 1;
    settle_config(s);
    life_exchange(s, rank, size);
    /* the default rounds every short sleep up by 50 us; a relay's thread inherits it */
    prctl(PR_SET_TIMERSLACK, 1000UL);
    open_windows(s, rank, size);
    if (rank == MASTER) {
        s->seen = memory_new((size_t)s->actors, sizeof *s->seen);
        s->beat_thread = s->actors ? beat_open(s) : NULL;
        if (s->remote) s->watch = watch_open(NULL, LOOK_S);
    } else if (!s->base) {
        s->staging = memory_floats(config->params);
        s->watch = watch_open(&s->ids[MASTER], s->config.patience);
    }
    s->current = -1;
    if (config->hogwild) s->current = 0;
    s->next = s->last = -1;
    for (int i = 0; i < INDICES; i++) s->recent[i] = (unsigned char)i;
    s->asked = s->signed_at = s->push_at = clock_ns();
    for (int a = 0; s->seen && a < s->actors; a++) s->seen[a].looked = s->asked;
    refuse_separate(s);
    sync_windows(s);
    CHECK_MPI(MPI_Barrier(s->comm)); /* zeroed before anyone writes */
    sync_windows(s);
    return s;
}

static void free_local(struct share **s)
{
    free((*s)->ids);
    watch_close(&(*s)->watch);
    free((*s)->scratch);
    free((*s)->staging);
    free((*s)->seen);
    free(*s);
    *s = NULL;
}

void share_close(struct share **s)
{
    struct share *t = *s;
    if (!t) return;
    beat_close(&t->beat_thread);
    if (t->relay) relay_end(t->relay, INFINITY);
    relay_close(&t->relay);
    if (t->far_win != MPI_WIN_NULL) {
        CHECK_MPI(MPI_Win_unlock_all(t->far_win));
        CHECK_MPI(MPI_Win_free(&t->far_win));
    }
    if (t->near_win != MPI_WIN_NULL) {
        CHECK_MPI(MPI_Win_unlock_all(t->near_win));
        CHECK_MPI(MPI_Win_free(&t->near_win));
    }
    free(t->own);
    if (t->reach != MPI_COMM_NULL) CHECK_MPI(MPI_Comm_free(&t->reach));
    if (t->node != MPI_COMM_NULL) CHECK_MPI(MPI_Comm_free(&t->node));
    CHECK_MPI(MPI_Comm_free(&t->comm));
    free_local(s);
}

/* Others may still write to the window's bytes: they stay until the process ends. A relay is given the time to pass the
 * last words of its node on. */
void share_abandon(struct share **s)
{
    if (!*s) return;
    beat_close(&(*s)->beat_thread);
    if ((*s)->relay && !relay_end((*s)->relay, PART_S)) { /* it still uses all of it */
        *s = NULL;
        return;
    }
    relay_close(&(*s)->relay);
    if (!(*s)->remote) free((*s)->own);
    free_local(s);
}

int share_actors(const struct share *s)
{
    return s->actors;
}

bool share_is_local(const struct share *s)
{
    return s->base != NULL && !s->relayed;
}

bool share_remote(const struct share *s)
{
    return s->remote > 0;
}

int share_relays(const struct share *s)
{
    return s->relays;
}

bool share_traffic(struct share *s, struct share_traffic *traffic)
{
    if (!s->relay) return false;
    relay_end(s->relay, INFINITY);
    relay_traffic(s->relay, traffic);
    return true;
}

const char *share_component(const struct share *s)
{
    if (!s->actors) return "memory of one process";
    if (s->relayed) return "shared memory with a relay";
    if (s->self >= 0) return s->base ? "shared memory" : "window of all ranks";
    if (!s->remote) return "shared memory";
    if (s->relays) return "shared memory + window of all ranks + a relay a node";
    return s->remote < s->actors ? "shared memory + window of all ranks" : "window of all ranks";
}
