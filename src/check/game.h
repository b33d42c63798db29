/* game.h -- an environment plays at random, and what it did is counted. Local. */
#ifndef DUNLIN_CHECK_GAME_H
#define DUNLIN_CHECK_GAME_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/instance.h"
#include "learn/world.h"

/* What a call did that no environment may do; the last is a promise that it broke itself. */
enum check_fault {
    CHECK_BOUNDS,    /* wrote behind its memory */
    CHECK_REWARD,    /* a NaN or Inf */
    CHECK_NUMBER,    /* the same in an observation */
    CHECK_UNWRITTEN, /* an observation, or a part of it */
    CHECK_FAILED,    /* its `failure` */
    CHECK_FAULTS
};

struct check_limits {
    uint64_t seed;
    int64_t episodes; /* to play */
    double seconds;   /* at most */
};

/* Entries of observations as the network sees them. */
struct check_range {
    float *low, *high; /* (numbers) */
    size_t numbers;
};

struct check_game {
    struct world *world; /* borrowed; its max_steps is 0 meanwhile, that which it declares stands below */
    int max_steps;
    struct rng policy;
    void *room; /* for an action */

    int64_t steps, episodes, terminated, truncated, both;
    int64_t longest, shortest;
    int64_t over, at_limit; /* episodes beyond max_steps; those that terminated right there */
    int64_t endless;        /* given up after CHECK_ENDLESS steps */
    double reward_low, reward_high, return_low, return_high, return_sum;
    struct check_range obs;
    int64_t faults[CHECK_FAULTS];
    char lines[CHECK_FAULTS][512]; /* the first of each */
    double seconds;                /* in the environment's calls */
    bool spoilt;                   /* given up after too many faults */
    bool late;                     /* the time was over before the episodes were */
    double bytes_a_step;           /* of resident memory, that came in the later part; 0: none to speak of */
};

enum { CHECK_ENDLESS = 100000 };

/* Plays; fills *g. 0, or -1 after error_set() where no instance opens. *world is as before. Owner: check_game_free(),
 * also after a failure. */
int check_game_play(struct check_game *g, struct world *world, const struct check_limits *limits);
void check_game_free(struct check_game *g);

/* An action: each alike, or, with `extreme`, at an end of what is allowed. */
struct env_action check_action(const struct world *world, struct rng *rng, bool extreme, void *room);

/* Room for an action of it. Owner: free(). */
void *check_room(const struct world *world);

#endif
