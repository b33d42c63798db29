/* movie.h -- pictures into a .gif or .mp4 file, which appears under its name when it is whole. Local. */
#ifndef DUNLIN_PLAY_MOVIE_H
#define DUNLIN_PLAY_MOVIE_H

#include <stdbool.h>
#include <stdint.h>

struct movie;

/* A kind of file: its ending, and how it is written to the file `part`. state is the writer's own. All return 0, or -1
 * after error_set(). */
struct movie_kind {
    const char *ending;
    double fps_most;                                                    /* players show no more */
    void *(*open)(const char *part, int height, int width, double fps); /* NULL after error_set() */
    int (*add)(void *state, const uint8_t *rgb, int times);
    int (*close)(void *state, bool whole); /* frees state; whole false: what was written is thrown away */
};
extern const struct movie_kind movie_gif;    /* gif.c: giflib */
extern const struct movie_kind movie_ffmpeg; /* ffmpeg.c: .mp4 by the program ffmpeg */

/* The kind that a file's name asks for; NULL after error_set(). */
const struct movie_kind *movie_kind_of(const char *path);

/* height and width are even; fps pictures a second. Until movie_close() all is written beside the name; a signal to end
 * (SIGINT, SIGTERM, SIGHUP) removes that. One movie at a time. NULL after error_set(). Owner: movie_close(). */
struct movie *movie_open(const char *path, int height, int width, double fps);
/* A picture, (height, width, 3), shown for `times` times 1/fps s. 0, or -1 after error_set(). */
int movie_add(struct movie *movie, const uint8_t *rgb, int times);
/* keep: gives the file its name; 0, or -1 after error_set(), and then nothing is left of it. Else nothing is left of
 * it, and error_text() stays, but for a better line on why movie_add() failed. *movie becomes NULL, and
 * NULL is fine. */
int movie_close(struct movie **movie, bool keep);

#endif
