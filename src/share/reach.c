/* reach.c -- an actor's way to its window: loads and stores where it is mapped, which is rank 0's on the same node and
 * the relay's elsewhere; MPI_Put and MPI_Get to rank 0's from a relay, and from an actor that has none. Everything else
 * an actor does is written once, in terms of these.
 *
 * A Put or Get has no order with its neighbours, whatever the program's order: what must be seen first is flushed
 * first. */
#include "share/layout.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"

enum { MASTER = 0, CHUNK = 1 << 30 }; /* MPI counts in int */

void reach_read(struct share *s, size_t at, void *to, size_t bytes)
{
    if (s->base) {
        memcpy(to, s->base + at, bytes);
        return;
    }
    watch_enter(s->watch);
    for (size_t i = 0; i < bytes; i += CHUNK) {
        const int n = (int)(bytes - i < CHUNK ? bytes - i : CHUNK);
        CHECK_MPI(MPI_Get((char *)to + i, n, MPI_BYTE, MASTER, (MPI_Aint)(at + i), n, MPI_BYTE, s->far_win));
    }
    watch_leave(s->watch);
}

void reach_write(struct share *s, size_t at, const void *from, size_t bytes)
{
    if (s->base) {
        memcpy(s->base + at, from, bytes);
        return;
    }
    watch_enter(s->watch);
    for (size_t i = 0; i < bytes; i += CHUNK) {
        const int n = (int)(bytes - i < CHUNK ? bytes - i : CHUNK);
        CHECK_MPI(MPI_Put((const char *)from + i, n, MPI_BYTE, MASTER, (MPI_Aint)(at + i), n, MPI_BYTE, s->far_win));
    }
    watch_leave(s->watch);
}

size_t reach_write_gradient(struct share *s, size_t at, const float *grad, uint32_t factors)
{
    const struct share_config *c = &s->config;
    const struct grad_form form = {c->params, c->wide, c->wide.in ? (int)factors : 0};
    struct grad_piece piece[GRAD_PIECES];
    const int n = grad_pieces(&form, piece);
    for (int i = 0; i < n; i++)
        reach_write(s, at + piece[i].at * sizeof *grad, grad + piece[i].at, piece[i].floats * sizeof *grad);
    return grad_floats(&form) * sizeof *grad;
}

void reach_settle(struct share *s)
{
    if (!s->base) {
        watch_enter(s->watch);
        CHECK_MPI(MPI_Win_flush(MASTER, s->far_win));
        watch_leave(s->watch);
    }
    atomic_thread_fence(memory_order_seq_cst);
}

uint64_t reach_load(struct share *s, size_t at)
{
    if (s->base) {
        atomic_thread_fence(memory_order_acquire); /* copies made before are done before this load */
        return atomic_load_explicit(word_at(s, at), memory_order_acquire);
    }
    uint64_t value = 0;
    reach_read(s, at, &value, sizeof value);
    reach_settle(s);
    return value;
}

void reach_store(struct share *s, size_t at, uint64_t value)
{
    if (s->base) {
        if (s->relay) relay_go(s->relay);
        atomic_store_explicit(word_at(s, at), value, memory_order_release);
        return;
    }
    watch_enter(s->watch);
    CHECK_MPI(MPI_Put(&value, 1, MPI_UINT64_T, MASTER, (MPI_Aint)at, 1, MPI_UINT64_T, s->far_win));
    reach_settle(s);
}

void reach_look(struct share *s)
{
    if (!s->base) { /* in one flush; who needs the rest to be no older than the current word looks a second time */
        reach_read(s, 0, s->board, LINE);
        reach_read(s, at_desk(s, s->slot, 0), s->desk, LINE);
        reach_settle(s);
        return;
    }
    if (s->relay) relay_go(s->relay);
    atomic_thread_fence(memory_order_acquire);
    for (int i = 0; i < WORDS; i++) s->board[i] = atomic_load_explicit(word_at(s, (size_t)i * 8), memory_order_acquire);
    for (int i = 0; i < WORDS; i++)
        s->desk[i] = atomic_load_explicit(word_at(s, at_desk(s, s->slot, 0) + (size_t)i * 8), memory_order_acquire);
}

/* The master sets asleep, then looks at the bell and the mailboxes; we fill a mailbox, add to the bell, then look
 * at asleep. All four are sequentially consistent, so one of the two sees the other: no wake-up is lost. The
 * addition is one instruction of the processor: nothing is held by a rank that dies over it. */
void reach_ring(struct share *s)
{
    if (!s->base) return;
    atomic_fetch_add(half_word_at(s, AT_RINGS), 1);
    if (atomic_load(half_word_at(s, AT_ASLEEP)))
        syscall(SYS_futex, s->base + AT_RINGS, FUTEX_WAKE, 1, NULL, NULL, 0); /* not private: another process waits */
}
