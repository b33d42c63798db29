/* checkpoints.c -- see checkpoints.h. */
#include "train/checkpoints.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "train/events.h"
#include "train/files.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/totals.h"

static const double PATIENCE = 2;         /* s that a periodic checkpoint waits for the actors' states */
static const double AT_LEAST_EVERY = 600; /* s between two checkpoints, however slow the frames */
static const double RETRY_FROM = 2,
                    RETRY_AT = 10; /* s after one that could not be written: not before, and at the latest */

void checkpoints_init(struct checkpoints *k, struct run *run, const struct ranks *ranks, struct files *files,
                      const struct totals *totals, size_t state_bytes)
{
    const int64_t every = run->options->checkpoint_every;
    const size_t actors = (size_t)run->actors;
    *k = (struct checkpoints){.run = run,
                              .ranks = ranks,
                              .files = files,
                              .totals = totals,
                              .next = (run->turn.frames / every + 1) * every,
                              .last = run->started,
                              .saved = run->turn.frames,
                              .state_bytes = state_bytes,
                              .states = memory_new(actors, sizeof *k->states),
                              .lengths = memory_new(actors, sizeof *k->lengths),
                              .seen = memory_new(actors, sizeof *k->seen)};
    for (size_t a = 0; a < actors; a++) k->states[a] = memory_new(state_bytes, 1);
}

void checkpoints_free(struct checkpoints *k)
{
    for (int a = 0; a < k->run->actors; a++) free(k->states[a]);
    free(k->states);
    free(k->lengths);
    free(k->seen);
}

void checkpoints_ask(struct checkpoints *k, double patience)
{
    share_ask_state(k->run->share, ++k->state_id);
    k->deadline = clock_seconds() + patience;
    memset(k->seen, 0, (size_t)k->run->actors * sizeof *k->seen);
}

/* Takes in what has come; true once nothing more is awaited. */
static bool collected(struct checkpoints *k)
{
    bool all = true;
    for (int a = 0; a < k->run->actors; a++) {
        if (k->seen[a]) continue;
        const uint64_t id =
            share_read_post(k->run->share, a, SHARE_POST_STATE, k->states[a], k->state_bytes, &k->lengths[a]);
        k->seen[a] = id == k->state_id;
        if (!k->seen[a] && (k->run->options->deterministic || !ranks_lost(k->ranks, a))) all = false;
    }
    return all || clock_seconds() >= k->deadline;
}

bool checkpoints_whole(struct checkpoints *k)
{
    if (!k->state_id) return false; /* nobody has been asked */
    collected(k);
    for (int a = 0; a < k->run->actors; a++)
        if (!k->seen[a]) return false;
    return true;
}

struct checkpoint_image *checkpoints_image(const char *dir, struct checkpoint *c, struct optim *optim)
{
    char name[64];
    const struct optim_row *row = optim_row_of(optim);
    const int sets = optim_sets(optim), blocks = optim_blocks(row);
    const float **state = memory_new((size_t)(sets * blocks) + 1, sizeof *state);
    for (int i = 0; i < sets * blocks; i++) state[i] = optim_state(optim, i / blocks, i % blocks);
    c->optim = (struct checkpoint_optim){.sets = sets,
                                         .blocks = blocks,
                                         .names = row->blocks,
                                         .state = state,
                                         .steps = row->counts ? *optim_steps(optim) : -1};
    snprintf(name, sizeof name, "checkpoint-%012lld.h5", (long long)c->counters.frames);
    struct checkpoint_image *image = checkpoint_image(dir, name, c);
    free(state);
    c->optim.state = NULL;
    return image;
}

void checkpoints_news(struct checkpoints *k)
{
    const enum writer_state state = files_take_checkpoint(k->files);
    const bool well = state == WRITER_DONE;
    const double now = clock_seconds();
    if (state == WRITER_FREE) return;
    if (well) k->last = now, k->saved = k->written;
    k->retry_from = well ? 0 : now + RETRY_FROM;
    k->retry_at = well ? 0 : now + RETRY_AT;
}

/* The state of now, handed to the files. */
static void hand_over(struct checkpoints *k)
{
    const struct run *run = k->run;
    struct checkpoint_actor *actors = memory_new((size_t)run->actors + 1, sizeof *actors);
    void *totals = memory_new(totals_size(k->totals), 1);
    const struct model model = setup_model(run->setup);
    struct checkpoint c = {.options = run->set,
                           .net = run->setup->net,
                           .counters = run_counters(run),
                           .theta = share_theta(run->share),
                           .target = run->turn.target,
                           .average = run->turn.average,
                           .actors = actors,
                           .actor_count = run->actors + 1,
                           .model = &model};
    totals_save(k->totals, totals);
    actors[0] = (struct checkpoint_actor){.rank = 0, .state = totals, .bytes = totals_size(k->totals)};
    for (int a = 0; a < run->actors; a++) {
        actors[a + 1].rank = a + 1;
        actors[a + 1].state = k->seen[a] ? k->states[a] : NULL;
        actors[a + 1].bytes = k->seen[a] ? k->lengths[a] : 0;
        if (!k->seen[a] && !ranks_lost(k->ranks, a)) /* of a lost one it has been said */
            run_event(k->run, a + 1, "no-state", "checkpoint at %lld frames is without this actor's state",
                      (long long)run->turn.frames);
    }
    share_away(run->share);
    struct checkpoint_image *image = checkpoints_image(run->dir, &c, run->turn.optim);
    share_back(run->share);
    free(actors);
    free(totals);
    k->deadline = 0;
    k->written = run->turn.frames;
    files_log(k->files, true); /* first the rows up to it, then the checkpoint: a resume finds both */
    files_checkpoint(k->files, image);
    checkpoints_news(k); /* it may have failed already */
}

bool checkpoints_asked(const struct checkpoints *k)
{
    return k->deadline > 0;
}

static bool due(const struct checkpoints *k)
{
    const double now = clock_seconds();
    if (now < k->retry_from) return false;
    return k->run->turn.frames >= k->next || now - k->last >= AT_LEAST_EVERY || (k->retry_at > 0 && now >= k->retry_at);
}

void checkpoints_turn(struct checkpoints *k)
{
    if (k->deadline > 0) {
        if (collected(k)) hand_over(k);
        return;
    }
    if (files_busy(k->files, FILE_CHECKPOINT) || !due(k)) return;
    const struct options *o = k->run->options;
    k->next = (k->run->turn.frames / o->checkpoint_every + 1) * o->checkpoint_every;
    checkpoints_ask(k, o->deterministic ? INFINITY : PATIENCE); /* in rounds: all of them or no checkpoint */
}

int checkpoints_finish(struct checkpoints *k, int tries)
{
    if (files_wait(k->files, FILE_CHECKPOINT)) return -1;
    checkpoints_news(k);
    collected(k);
    for (;;) {
        hand_over(k);
        if (files_wait(k->files, FILE_CHECKPOINT)) return -1;
        checkpoints_news(k);
        if (k->retry_at <= 0) return 0;
        if (--tries <= 0)
            return error_set("the last checkpoint could not be written: %s", k->files->troubles[FILE_CHECKPOINT].cause);
        for (const double until = clock_seconds() + RETRY_FROM; clock_seconds() < until;)
            share_idle(k->run->share, 0.05);
    }
}
