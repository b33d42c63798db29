/* reach.c -- an actor's way to its window: loads and stores where it is mapped, which is rank 0's on the same node and
 * the relay's elsewhere; MPI_Put and MPI_Get to rank 0's from a relay, and from an actor that has none. Everything else
 * an actor does is written once, in terms of these.
 *
 * A Put or Get has no order with its neighbours, whatever the program's order: what must be seen first is flushed
 * first. */
#include "share/reach.h"

#include <string.h>

#include "share/check.h"
#include "share/doorbell.h"
#include "share/watch.h"

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
    const struct grad_form form = {c->params, c->wide, (int)factors};
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

/* The host's first call of any lets its relay call MPI. */
static void let_go(struct share *s)
{
    if (atomic_load_explicit(&s->going, memory_order_relaxed)) return;
    atomic_store(&s->going, true);
    doorbell_ring(s);
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
        if (s->relay) let_go(s);
        atomic_store_explicit(word_at(s, at), value, memory_order_release);
        return;
    }
    watch_enter(s->watch);
    CHECK_MPI(MPI_Put(&value, 1, MPI_UINT64_T, MASTER, (MPI_Aint)at, 1, MPI_UINT64_T, s->far_win));
    reach_settle(s);
}

static void look_at(struct share *s, int word)
{
    s->board[word] = atomic_load_explicit(word_at(s, (size_t)word * 8), memory_order_acquire);
}

void reach_look(struct share *s)
{
    if (!s->base) { /* in one flush; who needs the rest to be no older than the current word looks a second time */
        reach_read(s, 0, s->board, LINE);
        reach_read(s, at_reply(s, s->slot, 0), s->reply, LINE);
        reach_settle(s);
        return;
    }
    if (s->relay) let_go(s);
    atomic_thread_fence(memory_order_acquire);
    /* The current word first: what is set before a publication is seen with it. Then the stop: what is asked for before
     * it is seen with it. */
    look_at(s, BOARD_CURRENT);
    look_at(s, BOARD_STOP);
    for (int i = 0; i < WORDS; i++)
        if (i != BOARD_CURRENT && i != BOARD_STOP) look_at(s, i);
    for (int i = 0; i < WORDS; i++)
        s->reply[i] = atomic_load_explicit(word_at(s, at_reply(s, s->slot, 0) + (size_t)i * 8), memory_order_acquire);
}
