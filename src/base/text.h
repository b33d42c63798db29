/* text.h -- figures and names as people read them. Local. */
#ifndef DUNLIN_BASE_TEXT_H
#define DUNLIN_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { TEXT_FIGURE = 32 }; /* bytes that the functions below fill at most; they return `text` */

/* Seconds: 3725 -> "1h02m", 62 -> "1m02s", 7 -> "0m07s"; "?" where they are unknown or without end. */
const char *text_span(double seconds, char text[TEXT_FIGURE]);
/* A figure by its printf format, or "-" for NaN: not known yet. */
const char *text_figure(double x, const char *fmt, char text[TEXT_FIGURE]);
/* 1234567 -> "1,234,567" */
const char *text_grouped(int64_t n, char text[TEXT_FIGURE]);

/* Does text end with `end`, with something before it: ".png" names no picture. */
bool text_ends_with(const char *text, const char *end);

#endif
