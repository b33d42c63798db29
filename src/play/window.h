/* window.h -- pictures in a window, by SDL 2, which is loaded only when it is asked for: building takes none of it. */
#ifndef DUNLIN_PLAY_WINDOW_H
#define DUNLIN_PLAY_WINDOW_H

#include <stdint.h>

struct window;

/* height * width pixels. NULL after error_set(): no SDL, no display. One at a time. Owner: window_close(). */
struct window *window_open(const char *title, int height, int width);
/* Shows rgb, (height, width, 3), for that long. 0, or 1 where the user closed the window or typed q or Escape. */
int window_show(struct window *w, const uint8_t *rgb, double seconds);
void window_close(struct window **w);

#endif
