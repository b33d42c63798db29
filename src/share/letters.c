/* letters.c -- what a relay sends for the actors of its node: gradients, finished episodes, posts, and the words that
 * make them count. Payload in the first question of a round, words in the second (relay.c).
 *
 * Gradients, by config.combine and config.wire:
 * - none, float32: as they are, from the mailbox here to the mailbox there. Rank 0 does with them what it does with
 *   those of its own node.
 * - sum: all that wait become one, each with its own scale, once rank 0 has acked the sum before. One actor of those
 *   carries it, with the oldest version (the lag is that of the oldest part) and their summed losses; from the others
 *   rank 0 gets the facts alone. RMSProp sees one larger gradient, and one update is counted.
 * - a packed wire: scale * gradient is added to what earlier messages left over, and wire.h takes from that what this
 *   one carries. Rank 0 applies it with scale 1 and with the version of its last part, though some is older. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "optim/norm.h"
#include "share/relay.h"
#include "share/wire.h"

static uint64_t load(const struct relay *r, int l, int word)
{
    return atomic_load_explicit(word_at(r->here, at_door(r->here, l, word)), memory_order_acquire);
}

void letters_open(struct relay *r)
{
    const struct share_config *c = &r->here->config;
    size_t room = 0;
    for (int k = 0; k < SHARE_POST_KINDS; k++)
        if (r->here->map.post_room[k] > room) room = r->here->map.post_room[k];
    r->post = memory_new(LINE + room, 1);
    if (c->combine == SHARE_COMBINE_SUM) r->sum = memory_floats(c->params);
    const int lanes = c->wire == SHARE_WIRE_FLOAT32 ? 0 : c->combine == SHARE_COMBINE_SUM ? 1 : r->lanes;
    for (int l = 0; l < lanes; l++) {
        r->lane[l].rest = memory_floats(c->params);
        r->lane[l].packed = memory_new(wire_room(c->wire, c->params), 1);
    }
}

void letters_close(struct relay *r)
{
    for (int l = 0; l < r->lanes; l++) {
        free(r->lane[l].rest);
        free(r->lane[l].packed);
    }
    free(r->post);
    free(r->sum);
}

/* ---- gradients ---- */

static bool in_flight(const struct relay *r)
{
    for (int l = 0; l < r->lanes; l++)
        if (r->lane[l].sent != r->lane[l].acked) return true;
    return false;
}

static bool gradient_waits(const struct relay *r, int l)
{
    return load(r, l, DOOR_SEQ) == r->lane[l].sent + 1;
}

static bool applies(const struct share_push *p)
{
    return p->scale != 0 && !p->bad;
}

static const float *mailbox(const struct relay *r, int l)
{
    return floats_at(r->here, at_mail(r->here, l));
}

/* Takes over the facts of the gradient that waits in lane l. */
static void begin_letter(struct relay *r, int l)
{
    struct lane *lane = &r->lane[l];
    lane->letter = true;
    lane->sent++;
    memcpy(&lane->facts, r->here->base + at_facts(r->here, l), sizeof lane->facts);
}

/* To the mailbox there of lane l, packed through the rest of lane `rest` where the wire wants it. */
static void send_gradient(struct relay *r, int l, int rest, const float *grad)
{
    const struct share_config *c = &r->here->config;
    struct lane *lane = &r->lane[l], *keeper = &r->lane[rest];
    size_t bytes;
    assert(c->wire == SHARE_WIRE_FLOAT32 || !lane->facts.push.factors);
    if (c->wire == SHARE_WIRE_FLOAT32) {
        bytes = reach_write_gradient(&r->there, at_mail(&r->there, lane->actor), grad, lane->facts.push.factors);
    } else {
        wire_add(keeper->rest, grad, lane->facts.push.scale, c->params);
        bytes = wire_pack(c->wire, keeper->rest, c->params, keeper->packed);
        lane->facts.push.scale = 1;
        lane->facts.wire = (uint32_t)c->wire;
        lane->facts.bytes = (uint32_t)bytes;
        reach_write(&r->there, at_mail(&r->there, lane->actor), keeper->packed, bytes);
    }
    r->traffic.gradients++;
    r->traffic.gradient_bytes += bytes;
}

static void each_alone(struct relay *r)
{
    for (int l = 0; l < r->lanes; l++) {
        if (!gradient_waits(r, l)) continue;
        begin_letter(r, l);
        if (applies(&r->lane[l].facts.push)) send_gradient(r, l, l, mailbox(r, l));
    }
}

static void all_as_one(struct relay *r)
{
    const size_t n = r->here->config.params;
    struct share_push *carrier = NULL;
    int carried = -1;
    if (in_flight(r)) return;
    for (int l = 0; l < r->lanes; l++) {
        if (!gradient_waits(r, l)) continue;
        begin_letter(r, l);
        struct share_push *const p = &r->lane[l].facts.push;
        if (!applies(p)) continue;
        assert(!p->factors);
        if (!carrier) memset(r->sum, 0, n * sizeof *r->sum);
        wire_add(r->sum, mailbox(r, l), p->scale, n);
        if (!carrier) {
            carrier = p;
            carried = l;
            continue;
        }
        if (p->version < carrier->version) carrier->version = p->version;
        carrier->policy_loss += p->policy_loss;
        carrier->value_loss += p->value_loss;
        carrier->entropy += p->entropy;
        p->scale = 0;
    }
    if (!carrier) return;
    carrier->scale = 1;
    carrier->norm = (float)optim_norm(r->sum, n);
    send_gradient(r, carried, 0, r->sum);
}

/* ---- the rest ---- */

static bool send_episodes(struct relay *r, int l)
{
    struct lane *lane = &r->lane[l];
    const uint64_t head = load(r, l, DOOR_HEAD), room = (uint64_t)r->here->config.episodes;
    if (head == lane->head) return false;
    while (lane->head != head) { /* in two pieces where they go around the end */
        const uint64_t to_end = room - (lane->head & (room - 1)), left = head - lane->head,
                       n = left < to_end ? left : to_end;
        reach_write(&r->there, at_episode(&r->there, lane->actor, lane->head),
                    r->here->base + at_episode(r->here, l, lane->head), (size_t)n * sizeof(struct share_episode));
        lane->head += n;
    }
    return true;
}

/* Copied first, and again where the actor has posted anew meanwhile: then it may be at work on this half. */
static bool send_post(struct relay *r, int l, enum share_post kind)
{
    struct lane *lane = &r->lane[l];
    const uint64_t word = load(r, l, DOOR_POST + (int)kind);
    if (word == lane->taken[kind]) return false;
    const size_t at = at_post(r->here, l, kind, published_index(word)), room = r->here->map.post_room[kind];
    uint64_t line[2];
    memcpy(line, r->here->base + at, sizeof line);
    const size_t n = line[1] < room ? (size_t)line[1] : room;
    memcpy(r->post, r->here->base + at, LINE + n);
    atomic_thread_fence(memory_order_acquire);
    if (load(r, l, DOOR_POST + (int)kind) != word) return false;
    lane->taken[kind] = word;
    const int half = (int)(++lane->posts[kind] & 1); /* not the half here: one that was overtaken is not sent */
    reach_write(&r->there, at_post(&r->there, lane->actor, kind, half), r->post, LINE + n);
    return true;
}

bool letters_write(struct relay *r)
{
    bool any = false, posted = false;
    if (r->sum)
        all_as_one(r);
    else
        each_alone(r);
    for (int l = 0; l < r->lanes; l++) {
        struct lane *lane = &r->lane[l];
        if (lane->letter) reach_write(&r->there, at_facts(&r->there, lane->actor), &lane->facts, sizeof lane->facts);
        any = send_episodes(r, l) || lane->letter || any;
        for (int k = 0; k < SHARE_POST_KINDS && !posted; k++) posted = send_post(r, l, (enum share_post)k);
    }
    return any || posted;
}

/* Nothing of this lane is left to be sent but its goodbye. */
static bool all_sent(const struct relay *r, int l)
{
    const struct lane *lane = &r->lane[l];
    bool all = load(r, l, DOOR_SEQ) == lane->sent && load(r, l, DOOR_HEAD) == lane->head;
    for (int k = 0; k < SHARE_POST_KINDS; k++) all = all && load(r, l, DOOR_POST + k) == lane->taken[k];
    return all;
}

void letters_door(struct relay *r, struct lane *lane)
{
    const int l = (int)(lane - r->lane);
    uint64_t *const word = lane->telling;
    const uint64_t bye = load(r, l, DOOR_BYE); /* before the others: an actor's last word */
    word[DOOR_SEQ] = lane->sent;
    word[DOOR_ALIVE] = load(r, l, DOOR_ALIVE);
    word[DOOR_PIN] = 0;
    word[DOOR_HEAD] = lane->head;
    word[DOOR_DROPPED] = load(r, l, DOOR_DROPPED);
    for (int k = 0; k < SHARE_POST_KINDS; k++)
        word[DOOR_POST + k] = lane->posts[k] ? published_word(lane->posts[k], (int)(lane->posts[k] & 1)) : 0;
    /* rank 0 takes a goodbye to mean that all the rest is there: a round later, then */
    if (bye && all_sent(r, l) && !memcmp(word, lane->door, sizeof lane->door)) word[DOOR_BYE] = bye;
    for (int first = 0, end; first < DOOR_END; first = end + 1) {
        for (end = first; end < DOOR_END && word[end] != lane->door[end]; end++) {}
        if (end > first)
            reach_write(&r->there, at_door(&r->there, lane->actor, first), &word[first], (size_t)(end - first) * 8);
    }
}

void letters_sent(struct relay *r)
{
    for (int l = 0; l < r->lanes; l++) {
        struct lane *lane = &r->lane[l];
        memcpy(lane->door, lane->telling, sizeof lane->door);
        lane->letter = false;
    }
}

bool letters_wait(const struct relay *r)
{
    const bool may_send = !r->sum || !in_flight(r);
    for (int l = 0; l < r->lanes; l++) {
        const struct lane *lane = &r->lane[l];
        if (may_send && gradient_waits(r, l)) return true;
        if (load(r, l, DOOR_HEAD) != lane->head) return true;
        for (int k = 0; k < SHARE_POST_KINDS; k++)
            if (load(r, l, DOOR_POST + k) != lane->taken[k]) return true;
        if (load(r, l, DOOR_BYE) != lane->door[DOOR_BYE] && all_sent(r, l)) return true;
    }
    return false;
}

bool letters_done(const struct relay *r)
{
    const uint64_t last = r->board[BOARD_PARTING] ? BYE_PARTED : BYE_SAID;
    for (int l = 0; l < r->lanes; l++)
        if (r->lane[l].door[DOOR_BYE] < last) return false;
    return true;
}
