/* serve.c -- the rest of rank 0's side: requests, posts, episodes, silence, sleep and the end. */
#include "share/share.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "share/beat.h"
#include "share/buffer.h"
#include "share/doorbell.h"
#include "share/master.h"

#define SLICE_NS INT64_C(50000000) /* the longest sleep, so that the master's beat goes on */
#define UNRUNG_NS INT64_C(2000000) /* where a push may come without a ring (push.c) */
#define DEAD_S 10.0

void share_ask_eval(struct share *s, int actor, const float *theta, uint64_t id, uint64_t version)
{
    assert(s->config.snapshot && actor >= 0 && actor < s->actors);
    const size_t at = s->map.snapshot;
    const uint64_t count = ++s->snapshots;
    buffer_open(s, at, count);
    memcpy(floats_at(s, at + LINE), theta, s->map.floats);
    atomic_store_explicit(word_at(s, at + BUFFER_VERSION * 8), version, memory_order_relaxed);
    atomic_store_explicit(word_at(s, at + BUFFER_ID * 8), id, memory_order_relaxed);
    buffer_close(s, at, count);
    atomic_store_explicit(word_at(s, at_reply(s, actor, REPLY_SNAPSHOT)), id, memory_order_release);
}

void share_ask_state(struct share *s, uint64_t id)
{
    atomic_store_explicit(word_at(s, at_board(BOARD_STATE)), id, memory_order_release);
}

uint64_t share_read_post(struct share *s, int actor, enum share_post kind, void *bytes, size_t cap, size_t *n)
{
    _Atomic uint64_t *const word = word_at(s, at_actor(s, actor, ACTOR_POST + (int)kind));
    for (;;) { /* again only where the actor began its next but one post meanwhile: it has other things to do */
        const uint64_t posted = atomic_load_explicit(word, memory_order_acquire);
        *n = 0;
        if (!posted) return 0;
        const size_t at = at_post(s, actor, kind, published_index(posted));
        uint64_t line[2];
        memcpy(line, s->base + at, sizeof line);
        const size_t length = line[1] < s->map.post_room[kind] ? (size_t)line[1] : s->map.post_room[kind];
        *n = length < cap ? length : cap;
        if (*n) memcpy(bytes, s->base + at + LINE, *n);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(word, memory_order_relaxed) == posted) return line[0];
    }
}

int share_take_episodes(struct share *s, int actor, struct share_episode *out, int max, int64_t *dropped)
{
    struct seen *l = &s->seen[actor];
    const uint64_t head = atomic_load_explicit(word_at(s, at_actor(s, actor, ACTOR_HEAD)), memory_order_acquire);
    const uint64_t lost = atomic_load_explicit(word_at(s, at_actor(s, actor, ACTOR_DROPPED)), memory_order_relaxed);
    int n = 0;
    for (; n < max && l->tail < head; n++, l->tail++)
        memcpy(&out[n], s->base + at_episode(s, actor, l->tail), sizeof out[n]);
    if (n) atomic_store_explicit(word_at(s, at_reply(s, actor, REPLY_TAIL)), l->tail, memory_order_release);
    *dropped += (int64_t)(lost - l->dropped);
    l->dropped = lost;
    return n;
}

static bool said_bye(const struct share *s, int actor)
{
    return atomic_load_explicit(word_at(s, at_actor(s, actor, ACTOR_BYE)), memory_order_acquire) != 0;
}

double share_silence(const struct share *s, int actor)
{
    return said_bye(s, actor) ? -1 : (double)s->seen[actor].silent * 1e-9;
}

void share_beat(struct share *s)
{
    if (!s->away) master_serve(s);
}

void share_away(struct share *s)
{
    if (!s->beat_thread) return;
    s->away = true;
    beat_serve(s->beat_thread, true);
}

void share_back(struct share *s)
{
    if (!s->away) return;
    beat_serve(s->beat_thread, false);
    s->away = false;
}

static bool any_pending(const struct share *s)
{
    for (int a = 0; a < s->actors; a++)
        if (master_pending(s, a)) return true;
    return false;
}

/* With remote ranks a sleep delays each of the ten or so rounds of their transfers: a thousandth of the time without
 * gradients so far, then, which delays the next one by about a hundredth of it. */
static int64_t slice(const struct share *s, int64_t now)
{
    if (!s->remote) return s->map.boxes > 1 ? UNRUNG_NS : SLICE_NS;
    const int64_t ns = (now - s->push_at) / 1000;
    return ns < INT64_C(20000) ? INT64_C(20000) : ns < INT64_C(1000000) ? ns : INT64_C(1000000);
}

/* One sleep of the master, ended by a ring. False, and no sleep, where the time is over, something rang since the
 * last drain or sleep, or, if that counts, a gradient waits (a remote one cannot ring). */
static bool sleep_once(struct share *s, int64_t until, bool gradients)
{
    master_serve(s);
    atomic_store(half_word_at(s, AT_ASLEEP), 1); /* before the last look at rings and mailboxes: see doorbell.c */
    const uint32_t rings = atomic_load(half_word_at(s, AT_RINGS));
    const bool calm = rings == s->rings && !(gradients && any_pending(s));
    const int64_t now = clock_ns(), left = until - now, longest = slice(s, now);
    if (calm && left > 0) doorbell_wait(s, rings, left < longest ? left : longest);
    atomic_store_explicit(half_word_at(s, AT_ASLEEP), 0, memory_order_relaxed);
    s->rings = rings;
    return calm && left > 0;
}

void share_idle(struct share *s, double seconds)
{
    const int64_t until = clock_ns() + (int64_t)(seconds * 1e9);
    while (sleep_once(s, until, true)) {}
}

void share_stop(struct share *s, int reason)
{
    assert(reason != 0);
    atomic_store_explicit(word_at(s, at_board(BOARD_STOP)), (uint64_t)reason, memory_order_release);
}

/* The last word is in our memory, but over a network its sender still waits to hear so. */
static void linger(struct share *s)
{
    const int64_t until = clock_ns() + INT64_C(50000000);
    while (s->remote && clock_ns() < until) {
        master_serve(s);
        clock_sleep_ns(20000);
    }
}

int share_wait_bye(struct share *s, double seconds)
{
    const int64_t until = clock_ns() + (int64_t)(seconds * 1e9);
    int missing = 0, living = 1;
    while (living) {
        missing = living = 0;
        for (int a = 0; a < s->actors; a++) {
            if (said_bye(s, a)) continue;
            missing++;
            living += share_silence(s, a) < DEAD_S;
        }
        if (!missing || clock_ns() >= until) break;
        sleep_once(s, until, false); /* also where it is the last look: who asks again and again does not spin */
    }
    linger(s);
    return missing;
}

bool share_part(struct share *s, bool together, double seconds)
{
    const int64_t until = clock_ns() + (int64_t)(seconds * 1e9);
    int missing = 1, waiting = 1;
    atomic_store_explicit(word_at(s, at_board(BOARD_PARTING)), together ? PART_TOGETHER : PART_ALONE,
                          memory_order_release);
    while (waiting) {
        missing = waiting = 0;
        for (int a = 0; a < s->actors; a++) {
            const uint64_t bye = atomic_load_explicit(word_at(s, at_actor(s, a, ACTOR_BYE)), memory_order_acquire);
            missing += bye == 0;
            waiting += bye == BYE_SAID;
        }
        if (!waiting || clock_ns() >= until) break;
        sleep_once(s, until, false);
    }
    linger(s);
    return together && !missing && !waiting;
}
