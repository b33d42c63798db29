/* evaluate.h -- whole episodes without learning: raw returns of a given theta. */
#ifndef DUNLIN_LEARN_EVALUATE_H
#define DUNLIN_LEARN_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/agent.h"

/* An episode is cut after so many steps where neither the environment's max_steps nor config.max_steps says when, and
 * the evaluation ends with it: a game without an end would hold up training for ever. Some ten times the longest game
 * that is played here, so that what does end is not touched. Steps may be slow, and a declared max_steps vast, so there
 * is a limit in seconds, too. */
enum { EVALUATE_STEPS = 100000 };

struct evaluate_config {
    const struct algo_ops *algo;
    int episodes;   /* >= 1 */
    double epsilon; /* Q methods act at random with this chance */
    bool greedy;    /* A3C takes the likeliest action instead of drawing one */
    uint64_t seed;  /* with rank: names the streams RNG_EVAL_ENV and RNG_EVAL_POLICY */
    int rank;
    int64_t max_steps; /* an episode is cut, and counts, after so many steps; 0: only by the environment */
    bool leave_out;    /* a game in which a number is none does not count, where others do; else it ends all */
    double seconds;    /* then the evaluation ends: finished episodes count, or the open one where none is; 0: never */
};

struct evaluate_result {                /* raw returns */
    int episodes;                       /* played: fewer than asked for where it was cut */
    int left_out;                       /* games beside these; error_text() says why the last of them was */
    double mean, median, std, min, max; /* std divides by the number of episodes */
    int64_t frames, steps;              /* of all episodes; frames = steps times action repeat */
};

/* What a caller may look at meanwhile; any may be NULL. */
struct evaluate_hooks {
    /* Called some times a second; anything but 0 ends the evaluation. */
    int (*stop)(void *arg);
    /* Called after each reset (reward 0, value 0, end false) and after each step. state is the environment's, for its
     * render(), and obs the newest observation as the network sees it (world_obs_floats()); value is V(s) or
     * max_a Q(s,a) of the observation that was acted on. */
    void (*step)(void *arg, const void *state, const float *obs, double reward, double value, bool end);
    /* Called in place of the step that would end it where a game is left out. */
    void (*left_out)(void *arg);
    void *arg;
};

/* Plays config->episodes episodes with theta on an instance of its own. The world is opened by the caller, with
 * args.training false. hooks may be NULL. 0, or -1 after error_set(): the environment answered something that is no
 * number (with leave_out: in every game), or hooks->stop asked to end. Local. */
int evaluate_run(const struct evaluate_config *config, const struct world *world, const struct net *net,
                 const float *theta, const struct evaluate_hooks *hooks, struct evaluate_result *result);

#endif
