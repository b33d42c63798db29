/* text.h -- figures and names as people read them. Local. */
#ifndef DUNLIN_BASE_TEXT_H
#define DUNLIN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_FIGURE = 32 }; /* bytes that the next four fill at most; they return `text` */

/* Seconds: 3725 -> "1h02m", 62 -> "1m02s", 7 -> "0m07s"; "?" where they are unknown or without end. */
const char *text_span(double seconds, char text[TEXT_FIGURE]);
/* A figure by its printf format, or "-" for NaN: not known yet. */
const char *text_figure(double x, const char *fmt, char text[TEXT_FIGURE]);
/* 1234567 -> "1,234,567" */
const char *text_grouped(int64_t n, char text[TEXT_FIGURE]);
/* The shortest that reads back to the same bits, with a dot whatever the locale, for other programs; "nan", "inf". */
const char *text_number(double x, char text[TEXT_FIGURE]);

/* Columns of the terminal that standard output is; else COLUMNS where it says, else TEXT_WIDTH. At least 40. */
int text_columns(void);
/* text in at most `columns` characters: of a longer one the middle becomes "...". To cut (size); returns it. */
const char *text_cut(const char *text, int columns, char *cut, size_t size);
/* Characters of text, as text_shown() would show it. */
int text_length(const char *text);

/* Bytes of the UTF-8 character at text (Unicode 15, table 3-7); 0 for a control character, of C0, C1 or DEL, and for
 * what is none. */
int text_character(const char *text);
/* Text that others wrote (names of files, labels, lines of a file) as a terminal may see it: what text_character() says
 * 0 of becomes \xNN, byte by byte. Cut to `size` bytes; returns `text`. */
const char *text_shown(const char *foreign, char *text, size_t size);

/* A word as it is typed to a shell: in single quotes where it needs some. Cut to `size` bytes; returns `text`. */
const char *text_typed(const char *word, char *text, size_t size);

/* Writes a line, broken at blanks outside [] so that none of its parts is wider than `width` columns where words allow
 * it; parts behind the first stand at column `hang`. text_help() does so for each line of a help text, at 80 columns,
 * parts below what stands behind the line's first gap of two blanks, or two columns further in than the line. Less than
 * 0 where that cannot be written. */
enum { TEXT_WIDTH = 80 };
int text_wrapped(FILE *out, const char *line, int hang, int width);
int text_help(FILE *out, const char *lines);

/* Does text end with `end`, with something before it: ".png" names no picture. */
bool text_ends_with(const char *text, const char *end);

#endif
