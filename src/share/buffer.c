/* buffer.c -- which buffer of a window the next weights go to: never the newest ones', and never one that is lent. For
 * the owner of the window, rank 0 or a relay, and its one thread that publishes.
 *
 * Most recently published first, because that is what the caches hold; but the one before the newest last of all, as
 * somebody may be copying it: an actor that copies has two publications' time, however many buffers there are. Over a
 * network that is too short: where such readers are, the buffer least recently published comes first. */
#include "share/buffer.h"

#include <assert.h>
#include <string.h>

/* taken[word & 0xff]: by index + 1, as in a published word. A word from far away that is there in part names any. */
static void mark(const struct share *s, int actors, bool pins, bool taken[INDICES + 1])
{
    memset(taken, 0, (INDICES + 1) * sizeof *taken);
    for (int a = 0; a < actors; a++) {
        taken[atomic_load_explicit(word_at(s, at_loan(s, a)), memory_order_relaxed) & 0xff] = true;
        if (!pins) continue;
        const uint64_t pin = atomic_load_explicit(word_at(s, at_actor(s, a, ACTOR_PIN)), memory_order_relaxed);
        if (!s->seen || pin != s->seen[a].stale_pin) taken[pin & 0xff] = true;
    }
}

static bool lent(const struct share *s, int actors, int index)
{
    for (int a = 0; a < actors; a++) /* acquired: what its borrower read before it let go comes before our writing */
        if (published_index(atomic_load_explicit(word_at(s, at_loan(s, a)), memory_order_acquire)) == index)
            return true;
    return false;
}

/* recent[0] is the newest, recent[1] the one before. */
static int pick(const struct share *s, const bool taken[INDICES + 1])
{
    const int n = s->map.buffers;
    for (int k = 2; k <= n; k++) {
        const int i = s->recent[s->map.copied ? n + 1 - k : k < n ? k : 1];
        if (!taken[i + 1]) return i;
    }
    return -1;
}

int buffer_take(struct share *s, int actors, uint64_t count, bool pins)
{
    bool taken[INDICES + 1];
    for (;;) { /* again only where somebody has just borrowed what was newest a while ago */
        mark(s, actors, pins, taken);
        const int i = pick(s, taken);
        assert(pins || i >= 0); /* more buffers than loans and the newest */
        if (i < 0) return -1;
        _Atomic uint64_t *const sequence = word_at(s, at_theta(s, i));
        const uint64_t before = atomic_load_explicit(sequence, memory_order_relaxed);
        buffer_open(s, at_theta(s, i), count);
        if (!lent(s, actors, i)) return i;
        atomic_store_explicit(sequence, before, memory_order_release); /* not a byte has changed meanwhile */
    }
}

void buffer_told(struct share *s, int index)
{
    unsigned char *const at = memchr(s->recent, index, sizeof s->recent);
    memmove(s->recent + 1, s->recent, (size_t)(at - s->recent));
    s->recent[0] = (unsigned char)index;
}
