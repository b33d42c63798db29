/* keeper.c -- checkpoints: when they are due, whose state is in them. Writing them is clerk.c's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "train/master.h"

static const double PATIENCE = 2;         /* s that a periodic checkpoint waits for the actors' states */
static const double AT_LEAST_EVERY = 600; /* s between two checkpoints, however slow the frames */
static const double RETRY_FROM = 2,
                    RETRY_AT = 10; /* s after one that could not be written: not before, and at the latest */

void keeper_init(struct master *m, size_t state_bytes)
{
    const int64_t every = m->options->checkpoint_every;
    m->next_checkpoint = (m->turn.frames / every + 1) * every;
    m->last_checkpoint = m->started;
    m->state_bytes = state_bytes;
    m->states = memory_new((size_t)m->actors, sizeof *m->states);
    m->state_lengths = memory_new((size_t)m->actors, sizeof *m->state_lengths);
    m->state_seen = memory_new((size_t)m->actors, sizeof *m->state_seen);
    for (int a = 0; a < m->actors; a++) m->states[a] = memory_new(state_bytes, 1);
}

void keeper_free(struct master *m)
{
    for (int a = 0; a < m->actors && m->states; a++) free(m->states[a]);
    free(m->states);
    free(m->state_lengths);
    free(m->state_seen);
}

void keeper_ask(struct master *m, double patience)
{
    share_ask_state(m->share, ++m->state_id);
    m->state_deadline = clock_seconds() + patience;
    memset(m->state_seen, 0, (size_t)m->actors * sizeof *m->state_seen);
}

/* Takes in what has come; true once nothing more is awaited. */
static bool collected(struct master *m)
{
    bool all = true;
    for (int a = 0; a < m->actors; a++) {
        if (m->state_seen[a]) continue;
        const uint64_t id =
            share_read_post(m->share, a, SHARE_POST_STATE, m->states[a], m->state_bytes, &m->state_lengths[a]);
        m->state_seen[a] = id == m->state_id;
        if (!m->state_seen[a] && (m->options->deterministic || !progress_lost(m, a))) all = false;
    }
    return all || clock_seconds() >= m->state_deadline;
}

bool keeper_whole(struct master *m)
{
    if (!m->state_id) return false; /* nobody has been asked */
    collected(m);
    for (int a = 0; a < m->actors; a++)
        if (!m->state_seen[a]) return false;
    return true;
}

struct checkpoint_image *keeper_image(const char *dir, struct checkpoint *c, struct optim *optim)
{
    char name[64];
    const struct optim_row *row = optim_row_of(optim);
    const int sets = optim_sets(optim), blocks = optim_blocks(row);
    const float **state = memory_new((size_t)(sets * blocks) + 1, sizeof *state);
    for (int i = 0; i < sets * blocks; i++) state[i] = optim_state(optim, i / blocks, i % blocks);
    c->optim = (struct checkpoint_optim){.sets = sets,
                                         .blocks = blocks > 1 ? blocks : 1,
                                         .names = row->blocks,
                                         .state = state,
                                         .steps = row->counts ? *optim_steps(optim) : -1};
    snprintf(name, sizeof name, "checkpoint-%012lld.h5", (long long)c->counters.frames);
    struct checkpoint_image *image = checkpoint_image(dir, name, c);
    free(state);
    c->optim.state = NULL;
    return image;
}

/* The state of now, handed to the clerk. */
static void hand_over(struct master *m)
{
    struct checkpoint_actor *actors = memory_new((size_t)m->actors + 1, sizeof *actors);
    void *books = memory_new(books_size(m), 1);
    struct checkpoint c = {.options = m->set,
                           .net = m->setup->net,
                           .counters = master_counters(m),
                           .theta = share_theta(m->share),
                           .target = m->turn.target,
                           .actors = actors,
                           .actor_count = m->actors + 1};
    books_save(m, books);
    actors[0] = (struct checkpoint_actor){.rank = 0, .state = books, .bytes = books_size(m)};
    for (int a = 0; a < m->actors; a++) {
        actors[a + 1].rank = a + 1;
        actors[a + 1].state = m->state_seen[a] ? m->states[a] : NULL;
        actors[a + 1].bytes = m->state_seen[a] ? m->state_lengths[a] : 0;
        if (!m->state_seen[a] && !progress_lost(m, a)) /* of a lost one it has been said */
            progress_event(m, a + 1, "no-state", "checkpoint at %lld frames is without this actor's state",
                           (long long)m->turn.frames);
    }
    struct checkpoint_image *image = keeper_image(m->dir, &c, m->optim);
    free(actors);
    free(books);
    m->state_deadline = 0;
    clerk_log(m); /* first the rows up to it, then the checkpoint: a resume finds both */
    clerk_checkpoint(m, image);
}

void keeper_written(struct master *m, bool well)
{
    const double now = clock_seconds();
    if (well) m->last_checkpoint = now;
    m->retry_from = well ? 0 : now + RETRY_FROM;
    m->retry_at = well ? 0 : now + RETRY_AT;
}

static bool due(const struct master *m)
{
    const double now = clock_seconds();
    if (now < m->retry_from) return false;
    return m->turn.frames >= m->next_checkpoint || now - m->last_checkpoint >= AT_LEAST_EVERY ||
           (m->retry_at > 0 && now >= m->retry_at);
}

void keeper_turn(struct master *m)
{
    if (m->state_deadline > 0) {
        if (collected(m)) hand_over(m);
        return;
    }
    if (clerk_busy(m, CLERK_CHECKPOINT) || !due(m)) return;
    m->next_checkpoint = (m->turn.frames / m->options->checkpoint_every + 1) * m->options->checkpoint_every;
    keeper_ask(m, m->options->deterministic ? INFINITY : PATIENCE); /* in rounds: all of them or no checkpoint */
}

int keeper_finish(struct master *m, int tries)
{
    if (clerk_wait(m, CLERK_CHECKPOINT, CLERK_PATIENCE)) return -1;
    collected(m);
    for (;;) {
        hand_over(m);
        if (clerk_wait(m, CLERK_CHECKPOINT, CLERK_PATIENCE)) return -1;
        if (m->retry_at <= 0) return 0;
        if (--tries <= 0)
            return error_set("the last checkpoint could not be written: %s", m->troubles[CLERK_CHECKPOINT].cause);
        for (const double until = clock_seconds() + RETRY_FROM; clock_seconds() < until;) share_idle(m->share, 0.05);
    }
}
