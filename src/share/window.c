/* window.c -- opens and closes the window; where it lies and who reaches it how.
 *
 * The ranks of rank 0's node map one shared window (MPI_Win_allocate_shared, all bytes on rank 0). Where there are
 * others, rank 0 shows them the very same bytes through a second window (MPI_Win_create) over itself and them. One
 * passive epoch for the whole run: MPI_MODE_NOCHECK, so that no lock is held anywhere that a dead rank could leave
 * locked. */
#include "share/layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"

enum {
    MASTER = 0,
    BUFFERS_LOCAL = 3,
    BUFFERS_REMOTE = 5
}; /* over a network a reader takes longer than two publications */

static size_t lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

static struct map draw(const struct share_config *c, size_t actors, bool remote)
{
    struct map m = {.buffers = c->hogwild ? 1 : remote ? BUFFERS_REMOTE : BUFFERS_LOCAL};
    m.floats = c->params * sizeof(float);
    m.buffer = LINE + lines(m.floats);
    m.ring = lines((size_t)c->episodes * sizeof(struct share_episode));
    m.post_room[SHARE_POST_STATE] = lines(c->state_bytes);
    m.post_room[SHARE_POST_EVAL] = SHARE_EVAL_BYTES;
    for (int k = 0; k < SHARE_POST_KINDS; k++) {
        m.post[k] = m.actor_posts;
        m.actor_posts += 2 * (LINE + m.post_room[k]);
    }
    m.lines = 3 * LINE;
    m.rings = m.lines + actors * 3 * LINE;
    m.posts = m.rings + actors * m.ring;
    m.theta = m.posts + actors * m.actor_posts;
    m.target = m.theta + (size_t)m.buffers * m.buffer;
    m.snapshot = m.target + (c->target ? 2 : 0) * m.buffer;
    m.mail = m.snapshot + (c->snapshot ? 1 : 0) * m.buffer;
    m.bytes = m.mail + actors * m.floats;
    return m;
}

/* Ends the job with one line, from the first rank of comm; the others leave it the time to speak. */
static _Noreturn void no_far_window(const struct share *s, MPI_Comm comm, int code)
{
    char why[MPI_MAX_ERROR_STRING] = "";
    int n = 0, rank = 0;
    MPI_Error_string(code, why, &n);
    MPI_Comm_rank(comm, &rank);
    if (!rank && s->config.refused) s->config.refused(why);
    if (rank)
        wait_sleep(INT64_C(2000000000));
    else
        log_error(
            "the MPI library makes no one-sided window between these ranks (%s); with Debian's or Ubuntu's Open MPI 4 "
            "set OMPI_MCA_osc=^ucx in the environment, or start with mpirun --mca osc ^ucx",
            why);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

static void *align(void *p)
{
    return (void *)(((uintptr_t)p + LINE - 1) & ~(uintptr_t)(LINE - 1));
}

/* Collective over s->node, the ranks of rank 0's node. Returns the library's code; the same on all of them. */
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
    const MPI_Aint bytes = rank == MASTER ? (MPI_Aint)(s->map.bytes + LINE) : 0;
    const int code = MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, s->node, &base, &s->near_win);
    int worst = code;
    CHECK_MPI(MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, s->node));
    if (worst) {
        s->near_win = MPI_WIN_NULL;
        return worst;
    }
    CHECK_MPI(MPI_Win_set_errhandler(s->near_win, MPI_ERRORS_RETURN));
    MPI_Aint all = 0;
    CHECK_MPI(MPI_Win_shared_query(s->near_win, MASTER, &all, &unit, &base));
    s->base = align(base); /* every process maps whole pages: the same shift everywhere */
    CHECK_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->near_win));
    if (rank == MASTER) memset(s->base, 0, s->map.bytes);
    return MPI_SUCCESS;
}

/* Collective over s->reach, rank 0 and those who cannot map its memory. */
static void open_far(struct share *s)
{
    const MPI_Aint bytes = s->base ? (MPI_Aint)s->map.bytes : 0;
    const int code = MPI_Win_create(s->base, bytes, 1, MPI_INFO_NULL, s->reach, &s->far_win);
    if (code) no_far_window(s, s->reach, code);
    CHECK_MPI(MPI_Win_set_errhandler(s->far_win, MPI_ERRORS_RETURN));
    CHECK_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->far_win));
}

/* Collective. The ranks that map rank 0's memory: s->node, MPI_COMM_NULL on the others. */
static void split_node(struct share *s, int rank, int size)
{
    MPI_Comm here = MPI_COMM_NULL;
    int first = rank, near_size = 1;
    CHECK_MPI(MPI_Comm_split_type(s->comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &here));
    CHECK_MPI(MPI_Bcast(&first, 1, MPI_INT, 0, here)); /* the smallest rank of this node */
    CHECK_MPI(MPI_Comm_free(&here));
    const bool is_near = s->config.world ? rank == MASTER : first == MASTER;
    CHECK_MPI(MPI_Comm_split(s->comm, is_near ? 0 : MPI_UNDEFINED, rank, &s->node));
    if (is_near) CHECK_MPI(MPI_Comm_size(s->node, &near_size));
    CHECK_MPI(MPI_Bcast(&near_size, 1, MPI_INT, MASTER, s->comm));
    s->remote = size - near_size;
    s->map = draw(&s->config, (size_t)s->actors, s->remote > 0);
}

/* Collective. The shared window, or rank 0's own memory where the library makes none (switched off, or /dev/shm is
 * small). */
static void open_windows(struct share *s, int rank, int size)
{
    split_node(s, rank, size);
    int code = s->node != MPI_COMM_NULL ? open_near(s) : MPI_SUCCESS;
    CHECK_MPI(MPI_Bcast(&code, 1, MPI_INT, MASTER, s->comm));
    if (code) {
        char why[MPI_MAX_ERROR_STRING] = "";
        int n = 0;
        MPI_Error_string(code, why, &n);
        log_root("no shared memory of %zu MB on this node (%s): every gradient goes through the MPI library, which is "
                 "slower; "
                 "see that /dev/shm is large enough and that OMPI_MCA_osc leaves `sm` on",
                 s->map.bytes / 1000000 + 1, why);
        if (s->node != MPI_COMM_NULL) CHECK_MPI(MPI_Comm_free(&s->node));
        s->config.world = true;
        split_node(s, rank, size);
        if (s->node != MPI_COMM_NULL) open_near(s);
    }
    const bool far = s->remote && (rank == MASTER || s->node == MPI_COMM_NULL);
    CHECK_MPI(MPI_Comm_split(s->comm, far ? 0 : MPI_UNDEFINED, rank, &s->reach));
    if (far) open_far(s);
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
    s->self = rank - 1;
    open_windows(s, rank, size);
    prctl(PR_SET_TIMERSLACK, 1000UL); /* the default rounds every short sleep up by 50 us */
    if (rank == MASTER)
        s->ledger = memory_new((size_t)s->actors, sizeof *s->ledger);
    else if (!s->base) {
        s->staging = memory_floats(config->params);
        s->watch = watch_open();
    }
    s->current = -1;
    if (config->hogwild) s->current = 0;
    s->next = s->last = -1;
    s->looked = s->signed_at = s->push_at = now_ns();
    for (int a = 0; s->ledger && a < s->actors; a++) s->ledger[a].looked = s->looked;
    CHECK_MPI(MPI_Barrier(s->comm)); /* zeroed before anyone writes */
    return s;
}

static void free_local(struct share **s)
{
    watch_close(&(*s)->watch);
    free((*s)->staging);
    free((*s)->ledger);
    free(*s);
    *s = NULL;
}

void share_close(struct share **s)
{
    struct share *t = *s;
    if (!t) return;
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

/* Others may still write to the window's bytes: they stay until the process ends. */
void share_abandon(struct share **s)
{
    if (!*s) return;
    if (!(*s)->remote) free((*s)->own);
    free_local(s);
}

int share_actors(const struct share *s)
{
    return s->actors;
}

bool share_is_local(const struct share *s)
{
    return s->base != NULL;
}

const char *share_component(const struct share *s)
{
    if (!s->actors) return "memory of one process";
    if (s->self >= 0) return s->base ? "shared memory" : "window of all ranks";
    if (!s->remote) return "shared memory";
    return s->remote < s->actors ? "shared memory + window of all ranks" : "window of all ranks";
}
