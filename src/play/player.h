/* player.h -- a stored agent, ready to play: what `dunlin eval` and `dunlin record` share. Local; knows
 * nothing of MPI. */
#ifndef DUNLIN_PLAY_PLAYER_H
#define DUNLIN_PLAY_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "base/words.h"
#include "learn/evaluate.h"
#include "setup/setup.h"

/* The words that both commands know. */
struct player_words {
    const char *what;   /* RUN|CHECKPOINT; NULL: not given */
    const char *env;    /* lib:PATH.so, where the run's environment is a library; NULL: not given */
    const char *python; /* of a gym: environment; NULL: not given */
    int64_t episodes, seed;
    double epsilon;         /* < 0: the run's eval-eps */
    double seconds;         /* that it may take; 0: no limit */
    bool greedy, best, ema; /* greedy: no action by chance; ema: the average of the weights in place of them */
};

/* Their rows in a table of words (base/words.h), to a struct player_words *w. */
/* clang-format off */
#define PLAYER_ROWS(w)                                              \
    {"--episodes", .integer = &(w)->episodes, .low = 1, .high = 1e6}, \
    {"--seed", .integer = &(w)->seed, .low = 0, .high = 9e15},        \
    {"--greedy", .flag = &(w)->greedy},                               \
    {"--best", .flag = &(w)->best},                                   \
    {"--ema", .flag = &(w)->ema},                                     \
    {"--eval-eps", .real = &(w)->epsilon, .low = 0, .high = 1},       \
    {"--eval-seconds", .real = &(w)->seconds, .low = 0, .high = 1e9}, \
    {"--python", .text = &(w)->python, .missing = "; allowed: --python PATH, such as venv/bin/python"}, \
    {"--env", .read = player_read_env, .to = &(w)->env}
/* clang-format on */

/* What goes with what, when the words are read: 0, or -1 after error_set(). */
int player_check(const struct player_words *w);
/* The value of --env (NULL: missing) to the const char * at `to`: it names a library. 0, or -1 after error_set(). */
int player_read_env(const char *key, const char *value, void *to);

struct player {
    char path[OPTION_TEXT + 64]; /* the checkpoint that is played */
    struct option_set set;       /* as it was stored, but for the path of a library */
    struct setup setup;          /* borrows set */
    float *theta;                /* (params) owner: player_close() */
};

/* Finds the checkpoint, opens its environment for playing and loads theta. A library is loaded only where w->env names
 * it: a checkpoint may come from a stranger, and must not choose whose code runs here. 0, or after error_set() the
 * status to exit with: 2 where there is no such run, or --env is missing or of another environment, 1 where it cannot
 * be loaded. *p must stay where it is. Owner: player_close(), also after a failure. */
int player_open(struct player *p, const struct player_words *w);
void player_close(struct player *p);

/* Plays in a child, so that no library ends this process or hangs past w->seconds: watched_run(), but a player that did
 * not come back is 1. A call of the environment may take ten times as long, up to a minute. */
int player_watched(const struct player_words *w, int (*play)(void *arg), void *arg, size_t bytes);

/* What evaluate_run() is told. */
struct evaluate_config player_config(const struct player *p, const struct player_words *w);

#endif
