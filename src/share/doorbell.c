/* doorbell.c -- a futex in the window: who fills a mailbox wakes the owner of the window, if it sleeps.
 *
 * The owner sets asleep, then looks at the rings and the mailboxes; an actor fills a mailbox, adds to the rings, then
 * looks at asleep. All four are sequentially consistent, so one of the two sees the other: no wake-up is lost. The
 * addition is one instruction of the processor: nothing is held by a rank that dies over it. With a relay two threads
 * may sleep, its own and that of its sum: asleep counts them, and all wake up. */
#include "share/doorbell.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void doorbell_ring(struct share *s)
{
    if (!s->base) return;
    atomic_fetch_add(half_word_at(s, AT_RINGS), 1);
    if (atomic_load(half_word_at(s, AT_ASLEEP)))
        syscall(SYS_futex, s->base + AT_RINGS, FUTEX_WAKE, INT_MAX, NULL, NULL,
                0); /* not private: another process waits */
}

void doorbell_wait(struct share *s, uint32_t rings, int64_t ns)
{
    const struct timespec t = {ns / 1000000000, ns % 1000000000};
    s->woken += syscall(SYS_futex, s->base + AT_RINGS, FUTEX_WAIT, rings, &t, NULL, 0) == 0;
}
