/* show.h -- an agent plays and is drawn, one picture an agent step, with the score so far and what the agent expects
 * (V(s), or max_a Q(s,a)): into a file (record.c) or a window (window.h). Local. */
#ifndef DUNLIN_PLAY_SHOW_H
#define DUNLIN_PLAY_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "learn/evaluate.h"
#include "play/canvas.h"
#include "play/player.h"
#include "play/sight.h"

struct show {
    /* Takes a picture, canvas.rgb, to be shown for `times` times 1/fps s: 0, 1 to end the play,
     * -1 after error_set(). */
    int (*picture)(void *sink, const uint8_t *rgb, int times);
    void *sink;
    double fps;
    int64_t most; /* pictures, counted as often as they are shown; 0: no limit */

    /* filled by show_open() and show_play() */
    struct canvas canvas;
    struct sight sight; /* where the environment draws nothing */
    const struct player *player;
    double score, sum; /* of the open episode; of the finished ones */
    int64_t shown;
    int episodes; /* finished */
    bool waiting; /* the canvas holds a picture whose value comes with the next step */
    bool full, failed;
    char line[1024]; /* why it failed */
};

/* Makes the canvas for what the player plays: the environment's own pictures, or, where it draws none, its observations
 * (sight.h). Owner: show_close(). */
void show_open(struct show *s, const struct player *player);
void show_close(struct show *s);
/* Plays; the games are those of evaluate_run() with the same config. 0, also where the limit or the sink ended it
 * (s->full, and *result is then not filled); or -1 after error_set(). */
int show_play(struct show *s, const struct evaluate_config *config, struct evaluate_result *result);

#endif
