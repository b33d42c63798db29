/* push.c -- an actor's side of its mailbox, ring and posts: payload first, then the word that makes it count. */
#include "share/share.h"

#include <assert.h>

#include "base/clock.h"
#include "share/doorbell.h"
#include "share/layout.h"
#include "share/reach.h"
#include "share/wait.h"

#define PARTING_NS INT64_C(10000000) /* between two looks of an actor that is done */
#define QUICK_NS INT64_C(50000)      /* between two pushes, where a wake-up for each costs more than it is worth */

/* The mailbox that comes next is the actor's own. */
static bool is_free(const struct share *s)
{
    return s->seq - s->reply[REPLY_ACK] < (uint64_t)s->map.boxes;
}

/* Where pushes come every few microseconds rank 0 is not woken for each one: to wake it, and its going to sleep again,
 * take longer than a small network's update. It is woken when half of the mailboxes are full, and looks at all of them
 * before it sleeps and every two milliseconds (serve.c). */
static void ring(struct share *s)
{
    if (s->map.boxes > 1) {
        const int64_t now = clock_ns(), since = now - s->pushed_at;
        s->pushed_at = now;
        if (since < QUICK_NS && 2 * (s->seq - s->reply[REPLY_ACK]) < (uint64_t)s->map.boxes) return;
    }
    doorbell_ring(s);
}

float *share_begin(struct share *s)
{
    assert(s->self >= 0);
    struct wait w = {0};
    if (s->lost) return NULL;
    /* a fetch since the last push has brought the ack along: no second question over the network */
    if (s->base || !(s->granted || is_free(s))) {
        reach_look(s);
        if (wait_alive(s)) return NULL;
    }
    for (;;) {
        if (s->board[BOARD_STOP]) return NULL;
        if (s->granted || is_free(s)) break;
        if (wait_round(s, &w)) return NULL;
    }
    s->granted = true;
    if (s->relayed) wait_request(s); /* the next weights travel while this gradient is computed */
    return s->base ? floats_at(s, at_mail(s, s->slot, s->seq + 1)) : s->staging;
}

bool share_stopped(struct share *s)
{
    if (!s->board[BOARD_STOP]) reach_look(s);
    return s->board[BOARD_STOP] != 0;
}

void share_push(struct share *s, const struct share_push *push)
{
    assert(s->granted);
    const bool applied = push->scale != 0 && !push->bad;
    const uint64_t seq = s->seq + 1;
    reach_write(s, at_facts(s, s->slot, seq), push, sizeof *push);
    if (!s->base && applied) reach_write_gradient(s, at_mail(s, s->slot, seq), s->staging, push->factors);
    reach_settle(s);
    reach_store(s, at_actor(s, s->slot, ACTOR_SEQ), s->seq = seq);
    s->granted = false;
    ring(s);
}

int share_flush(struct share *s)
{
    struct wait w = {0};
    reach_look(s);
    while (s->reply[REPLY_ACK] != s->seq && !s->board[BOARD_STOP])
        if (wait_round(s, &w)) return -1;
    return 0;
}

void share_tell_episode(struct share *s, const struct share_episode *episode)
{
    const uint64_t room = (uint64_t)s->config.episodes;
    if (s->base || s->head - s->reply[REPLY_TAIL] >= room) reach_look(s);
    if (s->head - s->reply[REPLY_TAIL] >= room) {
        reach_store(s, at_actor(s, s->slot, ACTOR_DROPPED), ++s->dropped);
        return;
    }
    reach_write(s, at_episode(s, s->slot, s->head), episode, sizeof *episode);
    reach_settle(s);
    reach_store(s, at_actor(s, s->slot, ACTOR_HEAD), ++s->head);
}

void share_post(struct share *s, enum share_post kind, uint64_t id, const void *bytes, size_t n)
{
    assert(n <= s->map.post_room[kind]);
    const int half = (int)(++s->posts[kind] & 1);
    const uint64_t line[2] = {id, n};
    const size_t at = at_post(s, s->slot, kind, half);
    reach_settle(s); /* the master must see that the other half counts before it can see this one change */
    reach_write(s, at, line, sizeof line);
    if (n) reach_write(s, at + LINE, bytes, n);
    reach_settle(s);
    reach_store(s, at_actor(s, s->slot, ACTOR_POST + (int)kind), published_word(s->posts[kind], half));
    doorbell_ring(s);
}

void share_alive(struct share *s)
{
    wait_sign(s);
}

void share_bye(struct share *s)
{
    if (s->borrows) reach_store(s, at_loan(s, s->slot), 0);
    reach_settle(s);
    reach_store(s, at_actor(s, s->slot, ACTOR_BYE), BYE_SAID);
    doorbell_ring(s);
}

bool share_parting(struct share *s)
{
    struct wait w = {0};
    reach_look(s);
    while (!s->board[BOARD_PARTING]) { /* for an actor that ended early this lasts as long as the run */
        clock_sleep_ns(PARTING_NS);
        if (wait_round(s, &w)) return false;
    }
    const bool together = s->board[BOARD_PARTING] == PART_TOGETHER;
    reach_store(s, at_actor(s, s->slot, ACTOR_BYE), BYE_PARTED);
    doorbell_ring(s);
    return together;
}
