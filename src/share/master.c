/* master.c -- rank 0's side of weights and gradients: publish, drain, acknowledge. */
#include "share/master.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "share/buffer.h"
#include "share/check.h"
#include "share/watch.h"
#include "share/wire.h"

#define PIN_NS INT64_C(50000000)  /* how long a pinned buffer is left alone when no other is free */
#define BEAT_NS INT64_C(50000000) /* between two beats */

/* Changes with whatever the actor does: all of these only grow. */
static uint64_t life(const struct share *s, int actor)
{
    static const int words[] = {ACTOR_SEQ, ACTOR_ALIVE, ACTOR_HEAD, ACTOR_DROPPED, ACTOR_POST, ACTOR_POST + 1};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        sum += atomic_load_explicit(word_at(s, at_actor(s, actor, words[i])), memory_order_relaxed);
    return sum;
}

void master_serve(struct share *s)
{
    const int64_t now = clock_ns();
    if (now - s->beat_at >= BEAT_NS) {
        s->beat_at = now;
        atomic_fetch_add_explicit(word_at(s, at_board(BOARD_BEAT)), 1, memory_order_relaxed);
        for (int a = 0; a < s->actors; a++) {
            struct seen *l = &s->seen[a];
            const uint64_t seen = life(s, a);
            const int64_t since = now - l->looked;
            l->silent = seen != l->life ? 0 : l->silent + (since < LOOK_NS ? since : LOOK_NS);
            l->life = seen;
            l->looked = now;
        }
    }
    if (!s->remote || (s->away && !s->serialized))
        return; /* a probe costs a yield of the core where it finds nothing: only for whom it helps */
    int found = 0;
    watch_enter(s->watch);
    CHECK_MPI(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, s->reach, &found, MPI_STATUS_IGNORE));
    watch_leave(s->watch);
}

bool master_pending(const struct share *s, int actor)
{
    const struct seen *l = &s->seen[actor];
    const uint64_t seq = atomic_load_explicit(word_at(s, at_actor(s, actor, ACTOR_SEQ)), memory_order_acquire);
    const uint64_t out = l->taken - l->acked, boxes = (uint64_t)s->map.boxes; /* with one: seq is exactly acked + 1 */
    return out < boxes && seq - l->taken - 1 < boxes - out;
}

static void store(struct share *s, size_t at, uint64_t value, memory_order order)
{
    atomic_store_explicit(word_at(s, at), value, order);
}

/* A buffer for the next publication, opened. Where all that are not lent are pinned, waits a little and overrides the
 * pins of one: who reads it reads again, and the others are left alone. A pin that was overridden is ignored for good,
 * so a dead actor's costs one wait at most. */
static int choose_buffer(struct share *s)
{
    const int64_t start = clock_ns();
    do {
        const int i = buffer_take(s, s->actors, s->publication + 1, true);
        if (i >= 0) return i;
        master_serve(s);
        clock_sleep_ns(20000);
    } while (clock_ns() - start < PIN_NS);
    const int i = buffer_take(s, s->actors, s->publication + 1, false);
    for (int a = 0; a < s->actors; a++) {
        const uint64_t pin = atomic_load_explicit(word_at(s, at_actor(s, a, ACTOR_PIN)), memory_order_relaxed);
        if (published_index(pin) == i) s->seen[a].stale_pin = pin;
    }
    return i;
}

const float *share_theta(const struct share *s)
{
    return floats_at(s, at_theta(s, s->current) + LINE);
}

float *share_next(struct share *s)
{
    assert(s->self < 0);
    if (s->next < 0) s->next = s->config.hogwild ? s->current : choose_buffer(s);
    return floats_at(s, at_theta(s, s->next) + LINE);
}

int share_theta_buffer(const struct share *s)
{
    return s->current;
}

int share_next_buffer(struct share *s)
{
    share_next(s);
    return s->next;
}

void share_publish(struct share *s, uint64_t version, int64_t frames)
{
    share_next(s); /* nothing new was written: with hogwild the same weights, else those of some publication before */
    const size_t at = at_theta(s, s->next);
    s->current = s->next;
    s->next = -1;
    s->publication++;
    store(s, at + BUFFER_VERSION * 8, version, memory_order_relaxed);
    store(s, at + BUFFER_FRAMES * 8, (uint64_t)frames, memory_order_relaxed);
    buffer_close(s, at, s->publication);
    buffer_told(s, s->current);
    store(s, at_board(BOARD_CURRENT), published_word(s->publication, s->current), memory_order_release);
}

void share_publish_target(struct share *s, const float *theta_target)
{
    assert(s->config.target);
    const uint64_t count = ++s->targets;
    const int i = (int)(count & 1);
    buffer_open(s, at_target(s, i), count);
    memcpy(floats_at(s, at_target(s, i) + LINE), theta_target, s->map.floats);
    buffer_close(s, at_target(s, i), count);
    store(s, at_board(BOARD_TARGET), published_word(count, i), memory_order_release);
}

void share_start(struct share *s, const float *theta, const float *theta_target, uint64_t version, int64_t frames)
{
    if (s->config.target) share_publish_target(s, theta_target ? theta_target : theta);
    memcpy(share_next(s), theta, s->map.floats);
    share_publish(s, version, frames);
    s->beat_at = 0;
    master_serve(s);
    for (int a = 0; a < s->actors; a++) s->seen[a].silent = 0;
}

/* In place: the mailbox is ours until it is acked. */
static void unpack(struct share *s, float *mail, const struct facts *facts)
{
    const size_t left = moments_floats(&s->config.moments) * sizeof(float); /* behind what is packed, as it is */
    const size_t n = s->config.params - moments_floats(&s->config.moments);
    const size_t room = wire_room((enum share_wire)facts->wire, n) + left;
    const size_t bytes = facts->bytes < room ? facts->bytes : room;
    if (!s->scratch) s->scratch = memory_new(room, 1);
    memcpy(s->scratch, mail, bytes);
    wire_unpack((enum share_wire)facts->wire, s->scratch, bytes - (bytes < left ? bytes : left), mail, n);
    if (bytes >= left)
        memcpy(mail + n, s->scratch + bytes - left, left);
    else
        memset(mail + n, 0, left);
}

static void take(struct share *s, int actor, struct share_ready *ready)
{
    const uint64_t seq = ++s->seen[actor].taken;
    float *const mail = floats_at(s, at_mail(s, actor, seq));
    struct facts facts;
    memcpy(&facts, s->base + at_facts(s, actor, seq), sizeof facts);
    *ready = (struct share_ready){.actor = actor, .grad = mail, .push = facts.push};
    if (facts.wire) unpack(s, mail, &facts);
    s->last = actor;
}

int share_drain(struct share *s, struct share_ready *ready, int max)
{
    s->rings = atomic_load(half_word_at(s, AT_RINGS)); /* what rings after this is news to share_idle() */
    master_serve(s);
    int n = 0;
    const int first = s->last + 1;
    for (int i = 0; i < s->actors && n < max; i++) {
        const int a = (first + i) % s->actors;
        for (; n < max && master_pending(s, a); n++) take(s, a, &ready[n]);
    }
    if (n) s->push_at = clock_ns();
    return n;
}

void share_ack(struct share *s, const struct share_ready *ready, int n)
{
    for (int i = 0; i < n; i++) {
        struct seen *l = &s->seen[ready[i].actor];
        assert(l->taken > l->acked);
        store(s, at_reply(s, ready[i].actor, REPLY_ACK), ++l->acked, memory_order_release);
    }
}
