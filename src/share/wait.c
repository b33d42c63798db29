/* wait.c -- waiting without taking cores from those who compute, and noticing that the other side is gone.
 *
 * Silence is counted only while somebody looks, at most half a second for each look: a job that was suspended and
 * goes on must not find its master dead because the clock ran on. What a silence means: life.c. */
#include "share/wait.h"

#include <sched.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "share/doorbell.h"
#include "share/life.h"
#include "share/reach.h"

enum { SPINS = 64, YIELDS = 8, PAUSES = 32 };
#define SIGN_NS INT64_C(100000000) /* between two signs of life */
#define SLEEP_MIN_NS INT64_C(20000)
#define SLEEP_MAX_NS INT64_C(5000000) /* at 1 ms a hundred that wait for a busy master take a core */

void wait_sign(struct share *s)
{
    const int64_t now = clock_ns();
    if (now - s->signed_at < SIGN_NS) return;
    s->signed_at = now;
    reach_store(s, at_actor(s, s->slot, ACTOR_ALIVE), ++s->alive);
}

int wait_alive(struct share *s)
{
    const int64_t now = clock_ns();
    if (s->board[BOARD_BEAT] != s->beat) {
        s->beat = s->board[BOARD_BEAT];
        s->unheard = 0;
        s->asked = now;
    } else if (now - s->asked >= LOOK_NS) {
        life_judge(s, now);
    }
    return s->lost ? -1 : 0;
}

int wait_round(struct share *s, struct wait *w)
{
    if (!w->rounds) w->since = clock_ns();
    w->rounds++;
    if (s->base && w->rounds <= SPINS) { /* most waits on one node end within a few microseconds */
        for (int i = 0; i < PAUSES; i++) cpu_pause();
    } else if (s->base && w->rounds <= SPINS + YIELDS) {
        sched_yield();
    } else { /* an eighth of the time waited so far: late by that at most */
        int64_t ns = (clock_ns() - w->since) / 8;
        if (ns < SLEEP_MIN_NS) ns = SLEEP_MIN_NS;
        if (ns > SLEEP_MAX_NS) ns = SLEEP_MAX_NS;
        clock_sleep_ns(ns);
        wait_sign(s);
    }
    reach_look(s);
    return wait_alive(s);
}

void wait_request(struct share *s)
{
    s->requested = clock_ns();
    atomic_store_explicit(word_at(s, at_request(s, s->slot)), (uint64_t)s->requested, memory_order_release);
    doorbell_ring(s);
}
