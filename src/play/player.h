/* player.h -- a stored agent, ready to play: what `dunlin eval` and `dunlin record` share. Local; knows
 * nothing of MPI. */
#ifndef DUNLIN_PLAY_PLAYER_H
#define DUNLIN_PLAY_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/options.h"
#include "learn/evaluate.h"
#include "setup/setup.h"

/* The words that both commands know. */
struct player_words {
    const char *what; /* RUN|CHECKPOINT; NULL: not given */
    const char *env;  /* lib:PATH.so, where the run's environment is a library; NULL: not given */
    int64_t episodes, seed;
    double epsilon; /* < 0: the run's eval-eps */
    bool greedy, best;
};

struct player {
    char path[OPTION_TEXT + 64]; /* the checkpoint that is played */
    struct option_set set;       /* as it was stored, but for the path of a library */
    struct setup setup;          /* borrows set */
    float *theta;                /* (params) owner: player_close() */
};

/* Reads argv[*i] where it is --episodes, --seed, --greedy, --best, --eval-eps, --env or the run, and moves *i to the
 * last word that belongs to it. 1; 0 where it is another option, for the command to read; -1 after error_set(). */
int player_read_word(struct player_words *w, int argc, char **argv, int *i);
/* The number `text` (NULL: missing) of the option `key`, from low to high. 0, or -1 after error_set(). */
int player_read_number(const char *key, const char *text, double low, double high, double *value);

/* Finds the checkpoint, opens its environment for playing and loads theta. A library is loaded only where w->env names
 * it: a checkpoint may come from a stranger, and must not choose whose code runs here. 0, or after error_set() the
 * status to exit with: 2 where there is no such run, 1 where it cannot be loaded. *p must stay where it is. Owner:
 * player_close(), also after a failure. */
int player_open(struct player *p, const struct player_words *w);
void player_close(struct player *p);

/* What evaluate_run() is told. */
struct evaluate_config player_config(const struct player *p, const struct player_words *w);

#endif
