/* messages.c -- what a relay sends for the actors of its node: gradients, finished episodes, posts, and the words that
 * make them count. Payload in the first question of a round, words in the second (relay.c).
 *
 * Moments at a gradient's end (optim/moments.h) are merged where gradients are added, and travel as they are.
 * Gradients, by config.combine and config.wire:
 * - none, float32: as they are, from the mailbox here to the mailbox there. Rank 0 does with them what it does with
 *   those of its own node.
 * - sum: all that wait become one, each with its own scale, once rank 0 has acked the sum before. One actor of those
 *   carries it, with the oldest version (the lag is that of the oldest part) and their summed losses; from the others
 *   rank 0 gets the facts alone. RMSProp sees one larger gradient, and one update is counted.
 * - sum, with combine_most: they are added and their actors go on at once (sum.c); an actor may be in a sum several
 *   times, and its part then travels as one push.
 *   A sum in which no number, or none that can be squared, is left is not sent: all of its parts are told as bad.
 * - a packed wire: scale * gradient is added to what earlier messages left over, and wire.h takes from that what this
 *   one carries. Rank 0 applies it with scale 1 and with the version of its last part, though some is older. */
#include "share/messages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "optim/norm.h"
#include "share/reach.h"
#include "share/sum.h"
#include "share/wire.h"

static uint64_t load(const struct messages *m, int l, int word)
{
    return atomic_load_explicit(word_at(m->here, at_actor(m->here, l, word)), memory_order_acquire);
}

/* Lanes with a message of their own that is packed. */
static int packed_lanes(const struct share_config *c, int lanes)
{
    return c->wire == SHARE_WIRE_FLOAT32 ? 0 : c->combine == SHARE_COMBINE_SUM ? 1 : lanes;
}

static size_t packed_room(const struct share_config *c)
{
    return wire_room(c->wire, sum_weights(c)) + moments_floats(&c->moments) * sizeof(float);
}

static size_t post_room(const struct map *map)
{
    size_t room = 0;
    for (int k = 0; k < SHARE_POST_KINDS; k++)
        if (map->post_room[k] > room) room = map->post_room[k];
    return LINE + room;
}

size_t messages_bytes(const struct share_config *c, const struct map *map, int lanes)
{
    const size_t theta = c->params * sizeof(float);
    size_t bytes = (size_t)lanes * sizeof(struct lane) + post_room(map);
    if (c->combine == SHARE_COMBINE_SUM) bytes += c->combine_most ? sum_bytes(c, lanes) : theta;
    return bytes + (size_t)packed_lanes(c, lanes) * (theta + packed_room(c));
}

void messages_open(struct messages *m, struct share *here, struct share *there, const int *actors, int lanes)
{
    const struct share_config *c = &here->config;
    *m = (struct messages){.here = here, .there = there, .lanes = lanes};
    m->lane = memory_new((size_t)lanes, sizeof *m->lane);
    for (int l = 0; l < lanes; l++) m->lane[l].actor = actors[l];
    m->post = memory_new(post_room(&here->map), 1);
    if (c->combine == SHARE_COMBINE_SUM && c->combine_most)
        m->waiting = sum_new(here, lanes);
    else if (c->combine == SHARE_COMBINE_SUM)
        m->sum = memory_floats(c->params);
    for (int l = 0; l < packed_lanes(c, lanes); l++) {
        m->lane[l].rest = memory_floats(c->params);
        m->lane[l].packed = memory_new(packed_room(c), 1);
    }
}

/* What this message carries of the rest: the moments whole. */
static size_t pack(const struct share_config *c, float *rest, unsigned char *bytes)
{
    const size_t n = sum_weights(c), packed = wire_pack(c->wire, rest, n, bytes), left = (c->params - n) * sizeof *rest;
    memcpy(bytes + packed, rest + n, left);
    memset(rest + n, 0, left);
    return packed + left;
}

void messages_close(struct messages *m)
{
    for (int l = 0; l < m->lanes; l++) {
        free(m->lane[l].rest);
        free(m->lane[l].packed);
    }
    free(m->lane);
    free(m->post);
    free(m->sum);
    sum_free(&m->waiting);
}

/* ---- gradients ---- */

static bool in_flight(const struct messages *m)
{
    for (int l = 0; l < m->lanes; l++)
        if (m->lane[l].sent != m->lane[l].acked) return true;
    return false;
}

static bool gradient_waits(const struct messages *m, int l)
{
    return load(m, l, ACTOR_SEQ) == m->lane[l].sent + 1;
}

static bool applies(const struct share_push *p)
{
    return p->scale != 0 && !p->bad;
}

static const float *mailbox(const struct messages *m, int l)
{
    return floats_at(m->here, at_mail(m->here, l, 0));
}

/* Takes over the facts of the gradient that waits in lane l. */
static void begin_gradient(struct messages *m, int l)
{
    struct lane *lane = &m->lane[l];
    lane->sending = true;
    lane->sent++;
    memcpy(&lane->facts, m->here->base + at_facts(m->here, l, 0), sizeof lane->facts);
}

/* No numbers, or such that rank 0's squares, which are floats and stay in g for ever, could be none. Each part has been
 * looked at by its actor, but not what they add up to. Far enough below the root of the largest float for bf16, which
 * may round up. */
static bool too_large(const float *x, const struct share_config *c, float *norm)
{
    static const double most = 1e19;
    const double n = optim_norm(x, sum_weights(c));
    if (norm) *norm = (float)n;
    return !(n <= most);
}

/* Rank 0 is told what it is told of a bad gradient. */
static void drop(struct share_push *p)
{
    p->bad = SHARE_BAD_SUM;
    p->scale = p->norm = p->policy_loss = p->value_loss = p->entropy = 0;
}

/* Adds it to the rest of lane `rest` and packs that. False, and the rest is none: what would be sent is too large. */
static bool packs(struct messages *m, struct lane *from, const float *grad, float scale, size_t *bytes)
{
    const struct share_config *c = &m->here->config;
    sum_add(c, from->rest, grad, scale);
    if (too_large(from->rest, c, NULL)) {
        memset(from->rest, 0, c->params * sizeof *from->rest);
        return false;
    }
    *bytes = pack(c, from->rest, from->packed);
    return true;
}

/* To the mailbox there of lane l, packed through the rest of lane `rest` where the wire wants it. False where it was
 * too large for that: nothing is sent. */
static bool send_gradient(struct messages *m, int l, int rest, const float *grad)
{
    const struct share_config *c = &m->here->config;
    struct lane *lane = &m->lane[l], *from = &m->lane[rest];
    size_t bytes;
    assert(c->wire == SHARE_WIRE_FLOAT32 || !lane->facts.push.factors);
    if (c->wire == SHARE_WIRE_FLOAT32) {
        bytes = reach_write_gradient(m->there, at_mail(m->there, lane->actor, 0), grad, lane->facts.push.factors);
    } else {
        if (!packs(m, from, grad, lane->facts.push.scale, &bytes)) return false;
        lane->facts.push.scale = 1;
        lane->facts.wire = (uint32_t)c->wire;
        lane->facts.bytes = (uint32_t)bytes;
        reach_write(m->there, at_mail(m->there, lane->actor, 0), from->packed, bytes);
    }
    m->gradients++;
    m->gradient_bytes += bytes;
    return true;
}

static void each_alone(struct messages *m)
{
    for (int l = 0; l < m->lanes; l++) {
        if (!gradient_waits(m, l)) continue;
        begin_gradient(m, l);
        struct share_push *const p = &m->lane[l].facts.push;
        if (applies(p) && !send_gradient(m, l, l, mailbox(m, l))) drop(p);
    }
}

/* The lane's part of the sum that goes in this round; NULL: it has none. */
static struct share_push *part_of(struct messages *m, int l)
{
    struct lane *lane = &m->lane[l];
    return lane->sending && applies(&lane->facts.push) ? &lane->facts.push : NULL;
}

/* What its carrier tells of the sum, and the others no longer do. */
static void hand_over(struct messages *m, int carried)
{
    struct share_push *const carrier = &m->lane[carried].facts.push;
    for (int l = 0; l < m->lanes; l++) {
        struct share_push *const p = part_of(m, l);
        if (!p || p == carrier) continue;
        if (p->version < carrier->version) carrier->version = p->version;
        carrier->policy_loss += p->policy_loss;
        carrier->value_loss += p->value_loss;
        carrier->entropy += p->entropy;
        p->scale = 0;
    }
}

/* The sum of all lanes' parts, which are in their facts. Where it is too large each part is dropped: rank 0 counts
 * them. */
static void send_sum(struct messages *m, const float *sum)
{
    float norm;
    int carried = 0;
    const bool large = too_large(sum, &m->here->config, &norm);
    while (!part_of(m, carried)) carried++;
    struct share_push *const carrier = &m->lane[carried].facts.push;
    carrier->scale = 1;
    if (large || !send_gradient(m, carried, 0, sum)) {
        for (int l = 0; l < m->lanes; l++)
            if (part_of(m, l)) drop(&m->lane[l].facts.push);
        return;
    }
    hand_over(m, carried);
    carrier->norm = norm;
}

static void all_as_one(struct messages *m)
{
    bool any = false;
    if (in_flight(m)) return;
    for (int l = 0; l < m->lanes; l++) {
        if (!gradient_waits(m, l)) continue;
        begin_gradient(m, l);
        const struct share_push *const p = &m->lane[l].facts.push;
        if (!applies(p)) continue;
        assert(!p->factors);
        if (!any) memset(m->sum, 0, m->here->map.floats);
        sum_add(&m->here->config, m->sum, mailbox(m, l), p->scale);
        any = true;
    }
    if (any) send_sum(m, m->sum);
}

/* What has been added up so far, once rank 0 has acked the sum before. */
static void what_has_come(struct messages *m)
{
    sum_take(m->waiting);
    if (in_flight(m) || !sum_waits(m->waiting)) return;
    const float *const sum = sum_close(m->waiting);
    for (int l = 0; l < m->lanes; l++) {
        struct lane *lane = &m->lane[l];
        lane->facts = (struct facts){0};
        lane->sending = sum_part(m->waiting, l, &lane->facts.push);
        lane->sent += lane->sending;
    }
    if (sum) send_sum(m, sum);
}

/* ---- the rest ---- */

static bool send_episodes(struct messages *m, int l)
{
    struct lane *lane = &m->lane[l];
    const uint64_t head = load(m, l, ACTOR_HEAD), room = (uint64_t)m->here->config.episodes;
    if (head == lane->head) return false;
    while (lane->head != head) { /* in two pieces where they go around the end */
        const uint64_t to_end = room - (lane->head & (room - 1)), left = head - lane->head,
                       n = left < to_end ? left : to_end;
        reach_write(m->there, at_episode(m->there, lane->actor, lane->head),
                    m->here->base + at_episode(m->here, l, lane->head), (size_t)n * sizeof(struct share_episode));
        lane->head += n;
    }
    return true;
}

/* Copied first, and again where the actor has posted anew meanwhile: then it may be at work on this half. */
static bool send_post(struct messages *m, int l, enum share_post kind)
{
    struct lane *lane = &m->lane[l];
    const uint64_t word = load(m, l, ACTOR_POST + (int)kind);
    if (word == lane->taken[kind]) return false;
    const size_t at = at_post(m->here, l, kind, published_index(word)), room = m->here->map.post_room[kind];
    uint64_t line[2];
    memcpy(line, m->here->base + at, sizeof line);
    const size_t n = line[1] < room ? (size_t)line[1] : room;
    memcpy(m->post, m->here->base + at, LINE + n);
    atomic_thread_fence(memory_order_acquire);
    if (load(m, l, ACTOR_POST + (int)kind) != word) return false;
    lane->taken[kind] = word;
    const int half = (int)(++lane->posts[kind] & 1); /* not the half here: one that was overtaken is not sent */
    reach_write(m->there, at_post(m->there, lane->actor, kind, half), m->post, LINE + n);
    return true;
}

bool messages_write(struct messages *m)
{
    bool any = false, posted = false;
    if (m->waiting)
        what_has_come(m);
    else if (m->sum)
        all_as_one(m);
    else
        each_alone(m);
    for (int l = 0; l < m->lanes; l++) {
        struct lane *lane = &m->lane[l];
        if (lane->sending) reach_write(m->there, at_facts(m->there, lane->actor, 0), &lane->facts, sizeof lane->facts);
        any = send_episodes(m, l) || lane->sending || any;
        for (int k = 0; k < SHARE_POST_KINDS && !posted; k++) posted = send_post(m, l, (enum share_post)k);
    }
    return any || posted;
}

/* Nothing of this lane is left to be sent but its goodbye. */
static bool all_sent(const struct messages *m, int l)
{
    const struct lane *lane = &m->lane[l];
    bool all = m->waiting ? sum_empty(m->waiting, l) : load(m, l, ACTOR_SEQ) == lane->sent;
    all = all && load(m, l, ACTOR_HEAD) == lane->head;
    for (int k = 0; k < SHARE_POST_KINDS; k++) all = all && load(m, l, ACTOR_POST + k) == lane->taken[k];
    return all;
}

static void send_words(struct messages *m, int l)
{
    struct lane *lane = &m->lane[l];
    uint64_t *const word = lane->telling;
    const uint64_t bye = load(m, l, ACTOR_BYE); /* before the others: an actor's last word */
    word[ACTOR_SEQ] = lane->sent;
    word[ACTOR_ALIVE] = load(m, l, ACTOR_ALIVE);
    word[ACTOR_PIN] = 0;
    word[ACTOR_HEAD] = lane->head;
    word[ACTOR_DROPPED] = load(m, l, ACTOR_DROPPED);
    for (int k = 0; k < SHARE_POST_KINDS; k++)
        word[ACTOR_POST + k] = lane->posts[k] ? published_word(lane->posts[k], (int)(lane->posts[k] & 1)) : 0;
    /* rank 0 takes a goodbye to mean that all the rest is there: a round later, then */
    if (bye && all_sent(m, l) && !memcmp(word, lane->told, sizeof lane->told)) word[ACTOR_BYE] = bye;
    for (int first = 0, end; first < ACTOR_END; first = end + 1) {
        for (end = first; end < ACTOR_END && word[end] != lane->told[end]; end++) {}
        if (end > first)
            reach_write(m->there, at_actor(m->there, lane->actor, first), &word[first], (size_t)(end - first) * 8);
    }
}

void messages_words(struct messages *m)
{
    for (int l = 0; l < m->lanes; l++) send_words(m, l);
}

void messages_sent(struct messages *m)
{
    for (int l = 0; l < m->lanes; l++) {
        struct lane *lane = &m->lane[l];
        memcpy(lane->told, lane->telling, sizeof lane->told);
        lane->sending = false;
    }
}

bool messages_wait(const struct messages *m)
{
    const bool may_send = !m->waiting && (!m->sum || !in_flight(m));
    if (m->waiting && !in_flight(m) && sum_waits(m->waiting)) return true;
    for (int l = 0; l < m->lanes; l++) {
        const struct lane *lane = &m->lane[l];
        if (may_send && gradient_waits(m, l)) return true;
        if (load(m, l, ACTOR_HEAD) != lane->head) return true;
        for (int k = 0; k < SHARE_POST_KINDS; k++)
            if (load(m, l, ACTOR_POST + k) != lane->taken[k]) return true;
        if (load(m, l, ACTOR_BYE) != lane->told[ACTOR_BYE] && all_sent(m, l)) return true;
    }
    return false;
}

bool messages_done(const struct messages *m, uint64_t bye)
{
    for (int l = 0; l < m->lanes; l++)
        if (m->lane[l].told[ACTOR_BYE] < bye) return false;
    return true;
}
