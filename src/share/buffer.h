/* buffer.h -- private to src/share: a window's buffers of weights, as the owner of the window writes them: rank 0, or a
 * relay in its node's. Local. */
#ifndef DUNLIN_SHARE_BUFFER_H
#define DUNLIN_SHARE_BUFFER_H

#include "share/layout.h"

/* A buffer that will hold publication `count`: from here on no reader keeps what it copies, or borrows it anew. */
static inline void buffer_open(struct share *s, size_t at, uint64_t count)
{
    atomic_store_explicit(word_at(s, at), 2 * count - 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* the odd sequence is seen before the first new byte */
}
static inline void buffer_close(struct share *s, size_t at, uint64_t count)
{
    atomic_store_explicit(word_at(s, at), 2 * count, memory_order_release);
}

/* Local. The theta buffer for publication `count`, opened; not the newest one and none that the first
 * `actors` have borrowed. Without `pins` an index always; with them -1 where every other buffer is lent or pinned. */
int buffer_take(struct share *s, int actors, uint64_t count, bool pins);
/* Local. That buffer is the newest publication now. */
void buffer_told(struct share *s, int index);

#endif
