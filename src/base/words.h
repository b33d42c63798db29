/* words.h -- the words behind a subcommand, read by a table: one row a word, which says where its value goes. The
 * options of training have a table of their own (options.h) and share word_split(). Local. */
#ifndef DUNLIN_BASE_WORDS_H
#define DUNLIN_BASE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* A row: --key VALUE, --key=VALUE, or a bare --key for a flag. Of the places to fill one is given; what is not typed
 * keeps what stands there. */
struct word {
    const char *key; /* "--fps" */

    bool *flag;
    int64_t *integer; /* low .. high; a fraction is refused */
    double *real;     /* low .. high as typed, then times `unit` (0: 1) */
    const char **text;
    int *choice; /* the place among `choices`, from 0 */
    /* Reads the value (NULL: missing) to `to` itself: 0, or -1 after error_set(). */
    int (*read)(const char *key, const char *value, void *to);

    double low, high, unit;
    const char *choices; /* "frames|seconds" */
    const char *missing; /* of a text: what stands behind "--out: its value is missing"; NULL: the line of `unknown` */
    void *to;
    bool keep;   /* goes to words.rest, too, whose reader says what is missing */
    bool hidden; /* for the program's own use: not told by words_tell() */
};

struct words {
    const char *usage; /* what --help prints; NULL: --help is a word like others */
    const struct word *rows;
    int row_count;

    /* Words that are no options: up to `most` of them. */
    const char **what;
    int most, *count;     /* count may be NULL where most is 1: *what then tells, NULL before */
    const char *noun;     /* for "one NOUN at a time", "more than 9 NOUN" */
    const char *question; /* the line where there is none; NULL: none is needed */

    /* The line on a word that is not known, before and behind it; NULL: it lists the rows. */
    const char *unknown[2];
    /* Where given, such words go there instead, as typed (room for all), whatever they are. */
    char **rest;
    int *rest_count;
};

/* For completions: until it is called with NULL, words_read() reads nothing, calls take(to, "--key") for each row, and
 * returns 1. */
void words_tell(void (*take)(void *to, const char *key), void *to);
/* Is that so: for a command that asks for --help before it reads. */
bool words_telling(void);

/* Reads what stands behind the subcommand. 0; 1 where --help was asked for and is printed; -1 after error_set(). */
int words_read(const struct words *w, int argc, char **argv);

/* Where --help or -h stands; -1: nowhere. */
int words_find_help(int argc, char **argv);

/* The number `text` (NULL: missing) of `key`, from low to high. 0, or -1 after error_set(). */
int words_number(const char *key, const char *text, double low, double high, double *value);

/* "--key=value" taken apart. */
struct word_parts {
    char key[80];      /* with its dashes; cut, and then no row's */
    const char *value; /* behind the '='; NULL where there is none */
};
struct word_parts word_split(const char *word);

#endif
