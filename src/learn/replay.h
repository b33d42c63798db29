/* replay.h -- the memory that an agent learns from: its newest steps, each observation kept once.
 *
 * What a step's input and its successor's were is not stored: they are gathered from the single observations, as they
 * were stacked when the step was played. So a step costs an observation and a few bytes (84x84: 7,068), a fourth of
 * its stack and an eighth of both stacks. Pixels are kept as the bytes they were, other observations as floats.
 *
 * Each environment has a ring of its own. A place holds an observation; most hold the step that was taken there too:
 * its action, its reward and what followed. Two kinds hold none: the newest one, and the observation at which a time
 * limit cut an episode, which is kept for the bootstrap alone. A step can be drawn where all that it needs is still
 * there: its successor's observation, unless it was terminal, and its stack, which is not complete for the oldest few.
 *
 * No stack reaches over a reset. A lost life is a terminal and no reset: stacks go on over it, as the one that was
 * played did. Knows nothing of networks or losses.
 */
#ifndef DUNLIN_LEARN_REPLAY_H
#define DUNLIN_LEARN_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dunlin/rng.h"

struct replay_config {
    int64_t steps; /* to keep, of all rings together */
    int rings;
    int planes, stack;
    size_t size; /* numbers of an observation, all planes */
    bool pixels; /* they are k / 255 */
};

struct replay_place;

struct replay {
    struct replay_config config;
    int64_t room;               /* places of a ring */
    int64_t *written;           /* (rings) places ever written; the newest is written - 1, at (written - 1) % room */
    int64_t steps;              /* ever kept, since it was empty */
    struct replay_place *place; /* (rings, room) */
    uint8_t *obs;               /* (rings, room) observations */
    size_t obs_bytes;           /* of one */
    void *block;                /* place and obs, taken from the system as they are written */
    size_t block_bytes;
};

/* A step that was drawn: which, and what was kept of it. */
struct replay_step {
    int ring;
    int64_t at; /* as `written` counts */
    float action, reward;
    uint8_t end; /* enum rollout_end */
};

/* Bytes that such a memory takes once it is full. */
double replay_bytes(const struct replay_config *config);
/* Steps that a ring must have room for, at least. */
int replay_least(const struct replay_config *config);

/* Empty. 0, or -1 after error_set() where the system does not give that much. Owner: replay_free(), also after -1. */
int replay_new(struct replay *m, const struct replay_config *config);
void replay_free(struct replay *m);
void replay_clear(struct replay *m);

/* The first observation of an episode, (planes, size / planes); or, in an empty ring, of one that is under way, whose
 * earlier observations are not there. */
void replay_begin(struct replay *m, int ring, const float *obs);
void replay_join(struct replay *m, int ring, const float *obs);
/* What was done at the newest observation, what it brought, and the observation after it. next may be NULL where
 * neither the bootstrap nor the episode goes on: then replay_begin() follows, as it may at any time. */
void replay_add(struct replay *m, int ring, float action, float reward, uint8_t end, const float *next);

/* Can step `at` of the ring be drawn. */
bool replay_has(const struct replay *m, int ring, int64_t at);
/* One of the steps that can be drawn, each with the same chance. There must be one: so it is where more than
 * rings * stack have ever been kept. */
void replay_draw(const struct replay *m, struct rng *rng, struct replay_step *step);

/* Its input and its successor's as the network takes them: stack * planes pointers each, those of the newest
 * observation last; next is not written after a terminal. Pixels are converted to `room`, (stack + 1) * size floats;
 * other observations are pointed to where they lie, until the next replay_add() or replay_begin(). */
void replay_gather(const struct replay *m, const struct replay_step *step, float *room, const float **x,
                   const float **next);

#endif
