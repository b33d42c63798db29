/* fetch.c -- an actor reads weights: theta, theta_target, the snapshot under evaluation. Whole, or read again.
 *
 * A reader that was overtaken pins the buffer it reads, and the master then leaves pinned ones alone for a while.
 * The pin is for progress only (a slow network reader would be lapped for ever); that a copy is whole rests on the
 * sequence. Behind a relay the same is done in the window of the actor's own node, once the relay has brought weights
 * that are fresh enough.
 *
 * An actor that shares the window's memory borrows instead: nothing is copied, and its loan, unlike a pin, is a promise
 * (layout.h). The two are words apart: an actor may pin what it copies while it holds a loan. */
#include "share/share.h"

#include <assert.h>

#include "share/layout.h"
#include "share/reach.h"
#include "share/wait.h"

static void pin(struct share *s, int index)
{
    /* the count makes each pin a new value, so that the master can tell a forgotten one (of a dead actor) from a
     * fresh one */
    reach_store(s, at_actor(s, s->slot, ACTOR_PIN), published_word(++s->pins, index));
    reach_settle(s);
}

static void unpin(struct share *s)
{
    reach_store(s, at_actor(s, s->slot, ACTOR_PIN), 0);
}

/* Waits for a published word of the board to be set. 0, 1 where the master stopped before, or -1. */
static int await_published(struct share *s, enum board word)
{
    struct wait w = {0};
    reach_look(s);
    if (wait_alive(s)) return -1;
    while (!s->board[word]) {
        if (s->board[BOARD_STOP]) return 1;
        if (wait_round(s, &w)) return -1;
    }
    return 0;
}

/* Behind a relay: waits until the weights here are the newest of rank 0 as of the last request. 0, or -1. */
static int await_fresh(struct share *s)
{
    struct wait w = {0};
    if (!s->requested) wait_request(s);
    while ((int64_t)s->board[BOARD_FRESH] < s->requested && !s->board[BOARD_STOP])
        if (wait_round(s, &w)) return -1;
    s->requested = 0;
    reach_look(s); /* the current word was looked at before that of its freshness: it may be the one before */
    return 0;
}

static void fill_view(const struct share *s, const uint64_t *line, uint64_t publication, struct share_view *view)
{
    *view = (struct share_view){.version = line[BUFFER_VERSION],
                                .publication = publication,
                                .frames = (int64_t)line[BUFFER_FRAMES],
                                .target_version = published_count(s->board[BOARD_TARGET]),
                                .snapshot_id = s->reply[REPLY_SNAPSHOT],
                                .state_id = s->board[BOARD_STATE],
                                .stop = (int)s->board[BOARD_STOP]};
}

/* Waits for weights, those that are fresh enough where they are `wanted`. 0, 1 where the master stopped before there
 * were any: the view is filled; or -1. */
static int await_weights(struct share *s, bool wanted, struct share_view *view)
{
    static const uint64_t none[WORDS];
    assert(s->self >= 0);
    wait_sign(s);
    const int early = await_published(s, BOARD_CURRENT);
    if (early) fill_view(s, none, 0, view);
    return !early && s->relayed && wanted && !s->config.combine_most ? await_fresh(s) : early;
}

int share_fetch(struct share *s, float *theta, struct share_view *view)
{
    const int early = await_weights(s, theta != NULL, view);
    uint64_t line[WORDS] = {0};
    if (early) return early < 0 ? -1 : 0;
    int verdict = 0;
    for (int tries = 0;; tries++) {
        const uint64_t current = s->board[BOARD_CURRENT], publication = published_count(current);
        const size_t at = at_theta(s, published_index(current));
        if (tries) pin(s, published_index(current));
        reach_read(s, at, line, LINE); /* the facts first: in hogwild mode the lag is then never too small */
        if (theta) reach_read(s, at + LINE, theta, s->map.floats);
        reach_look(s); /* so that a target, request or stop set before this publication is seen with it */
        if (s->config.hogwild || reach_load(s, at) == 2 * publication) {
            fill_view(s, line, publication, view);
            if (tries) unpin(s);
            break;
        }
        reach_look(s);
        if ((verdict = wait_alive(s))) break;
    }
    return verdict;
}

const float *share_borrow(struct share *s, float *own, struct share_view *view)
{
    if (!s->borrows) return share_fetch(s, own, view) ? NULL : own;
    const int early = await_weights(s, true, view);
    if (early) return early < 0 ? NULL : own;
    for (;;) { /* again only where all of a publication came between the look and the loan */
        const uint64_t current = s->board[BOARD_CURRENT], publication = published_count(current);
        const size_t at = at_theta(s, published_index(current));
        reach_store(s, at_loan(s, s->slot), current); /* all reading of the buffer lent before comes before this */
        reach_settle(s);                              /* the loan is seen, or else the sequence is odd below */
        if (reach_load(s, at) == 2 * publication) {
            uint64_t line[WORDS];
            reach_read(s, at, line, LINE);
            fill_view(s, line, publication, view); /* the look's first word was the current one: nothing is missing */
            return floats_at(s, at + LINE);
        }
        reach_look(s);
        if (wait_alive(s)) return NULL;
    }
}

int share_wait(struct share *s, uint64_t publication, struct share_view *view)
{
    struct wait w = {0};
    reach_look(s);
    while (published_count(s->board[BOARD_CURRENT]) < publication && !s->board[BOARD_STOP]) {
        if (s->relayed && (int64_t)s->board[BOARD_FRESH] >= s->requested)
            wait_request(s); /* wanted as soon as it is out */
        if (wait_round(s, &w)) return -1;
    }
    return share_fetch(s, NULL, view);
}

int share_fetch_target(struct share *s, float *theta_target, uint64_t *target_version)
{
    assert(s->config.target);
    const int early = await_published(s, BOARD_TARGET);
    *target_version = 0;
    if (early) return early < 0 ? -1 : 0;
    for (;;) { /* two buffers and rare publications: an overtaken reader has all the time it needs the next time */
        const uint64_t target = s->board[BOARD_TARGET], count = published_count(target);
        const size_t at = at_target(s, published_index(target));
        reach_read(s, at + LINE, theta_target, s->map.floats);
        reach_settle(s);
        if (reach_load(s, at) == 2 * count) {
            *target_version = count;
            return 0;
        }
        reach_look(s);
        if (wait_alive(s)) return -1;
    }
}

int share_fetch_snapshot(struct share *s, float *theta, uint64_t *snapshot_id, uint64_t *version)
{
    assert(s->config.snapshot);
    const size_t at = s->map.snapshot;
    uint64_t line[WORDS] = {0};
    struct wait w = {0};
    for (;;) { /* one buffer, rewritten only when no evaluation is pending: no board word leads to it */
        const uint64_t seq = reach_load(s, at);
        if (seq && seq % 2 == 0) {
            reach_read(s, at, line, LINE);
            reach_read(s, at + LINE, theta, s->map.floats);
            reach_settle(s);
            if (reach_load(s, at) == seq) break;
        }
        if (wait_round(s, &w)) return -1;
        if (s->board[BOARD_STOP]) { /* the last word: nothing more will be asked */
            *snapshot_id = *version = 0;
            return 0;
        }
    }
    *snapshot_id = line[BUFFER_ID];
    *version = line[BUFFER_VERSION];
    return 0;
}
