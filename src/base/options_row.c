/* options_row.c -- the rows of the options' table: defaults, values read and written as text. */
#include "base/options_row.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROW_REAL(d, l, h) .kind = KIND_REAL, .real = {(d), (l), (h)}
#define ROW_INT(d, l, h) .kind = KIND_INT, .integer = {(d), (l), (h)}
#define ROW_FLAG(d, l, h) .kind = KIND_FLAG, .flag = {(d)}
#define ROW_TEXT(d, l, h) .kind = KIND_TEXT, .text = {(d)}
#define ROW_NAME(d, l, h) .kind = KIND_NAME, .text = {(d)}
#define ROW_WORD(d, l, h) .kind = KIND_WORD, .word = {(d), (const char *const[]){h(WORD) NULL}}
#define WORD(constant, word) word,
#define X(k, field, name, def, low, high, may, text_of_help)                                                           \
    {.key = (name),                                                                                                    \
     .help = (text_of_help),                                                                                           \
     .offset = offsetof(struct options, field),                                                                        \
     .resume = (may),                                                                                                  \
     ROW_##k(def, low, high)},
const struct option_row option_rows[] = {OPTIONS(X)};
#undef X

enum { ROWS = sizeof option_rows / sizeof option_rows[0] };
static_assert((int)ROWS <= (int)OPTIONS_MOST, "an option_set has no room for so many");

static const char *(*names[ROWS])(int i); /* of the NAMEs; NULL: not told */

static const char *const flag_words[2][4] = {{"false", "no", "off", "0"}, {"true", "yes", "on", "1"}};

const int option_row_count = ROWS;

void option_row_names(const struct option_row *row, const char *(*name)(int i))
{
    names[row - option_rows] = name;
}

const char *option_row_word(const struct option_row *row, int w)
{
    if (row->kind == KIND_WORD) return row->word.words[w];
    return names[row - option_rows] ? names[row - option_rows](w) : NULL;
}

/* The place of value among the words that the row allows; -1: not there. */
static int place_of(const struct option_row *row, const char *value)
{
    for (int w = 0; option_row_word(row, w); w++)
        if (!strcmp(option_row_word(row, w), value)) return w;
    return -1;
}

void option_row_words(const struct option_row *row, char *text, size_t size)
{
    text[0] = 0;
    for (int w = 0; option_row_word(row, w); w++) {
        const size_t n = strlen(text);
        snprintf(text + n, size - n, "%s%s", w ? ", " : "", option_row_word(row, w));
    }
}

void option_row_allowed(const struct option_row *row, char *text, size_t size)
{
    switch (row->kind) {
    case KIND_REAL:
        snprintf(text, size, "a number from %.15g to %.15g", row->real.low, row->real.high);
        return;
    case KIND_INT:
        if (row->integer.high == INT64_MAX)
            snprintf(text, size, "a whole number, %" PRId64 " or more, such as 2000000 or 2e6", row->integer.low);
        else
            snprintf(text, size, "a whole number from %" PRId64 " to %" PRId64, row->integer.low, row->integer.high);
        return;
    case KIND_FLAG:
        snprintf(text, size, "true, false, yes, no, on, off, 1, 0");
        return;
    case KIND_TEXT:
    case KIND_WORD:
    case KIND_NAME:
        snprintf(text, size, "at most %d bytes without control characters", OPTION_TEXT - 1);
        if (option_row_word(row, 0)) option_row_words(row, text, size);
    }
}

static void print_bounds(double low, double high, char *text, size_t size)
{
    if (high > 0x1p62)
        snprintf(text, size, "; %.10g or more", low);
    else
        snprintf(text, size, "; %.10g to %.10g", low, high);
}

const char *option_row_range(const struct option_row *row, char *text, size_t size)
{
    text[0] = 0;
    switch (row->kind) {
    case KIND_REAL:
        print_bounds(row->real.low, row->real.high, text, size);
        return "X";
    case KIND_INT:
        print_bounds((double)row->integer.low, (double)row->integer.high, text, size);
        return "N";
    case KIND_FLAG:
        return "";
    case KIND_TEXT:
        return "TEXT";
    case KIND_WORD:
    case KIND_NAME:
        snprintf(text, size, "; one of ");
        option_row_words(row, text + strlen(text), size - strlen(text));
        return "WORD";
    }
    return "";
}

bool option_read_real(const char *value, double *x)
{
    char *end;
    if (!*value || value[strspn(value, "0123456789+-.eE")]) return false;
    *x = strtod(value, &end);
    return end != value && !*end && isfinite(*x);
}

static bool read_int(const char *value, int64_t *x)
{
    char *end;
    double real;
    if (!option_read_real(value, &real)) return false;
    errno = 0;
    *x = strtoll(value, &end, 10);
    if (!*end) return !errno;
    if (real != floor(real) || fabs(real) >= 0x1p63) return false;
    *x = (int64_t)real;
    return true;
}

static bool read_flag(const char *value, bool *x)
{
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 4; i++)
            if (!strcasecmp(value, flag_words[truth][i])) {
                *x = truth;
                return true;
            }
    return false;
}

static bool read_text(const char *value, char field[OPTION_TEXT], bool store)
{
    const size_t n = strlen(value);
    if (n >= OPTION_TEXT) return false;
    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)value[i])) return false;
    if (!store) return true;
    memset(field, 0, OPTION_TEXT); /* so that equal options are equal bytes */
    snprintf(field, OPTION_TEXT, "%s", value);
    return true;
}

/* An enum option_FIELD is as large as an int, and holds what one would. */
static_assert(sizeof(enum option_wire) == sizeof(int), "a WORD's field is written as an int");

bool option_row_read(const struct option_row *row, struct options *values, const char *value, bool store)
{
    void *field = (char *)values + row->offset;
    double real;
    int64_t integer;
    bool flag;
    int place;
    switch (row->kind) {
    case KIND_REAL:
        if (!option_read_real(value, &real) || real < row->real.low || real > row->real.high) return false;
        if (store) *(double *)field = real;
        return true;
    case KIND_INT:
        if (!read_int(value, &integer) || integer < row->integer.low || integer > row->integer.high) return false;
        if (store) *(int64_t *)field = integer;
        return true;
    case KIND_FLAG:
        if (!read_flag(value, &flag)) return false;
        if (store) *(bool *)field = flag;
        return true;
    case KIND_WORD:
        if ((place = place_of(row, value)) < 0) return false;
        if (store) memcpy(field, &place, sizeof place);
        return true;
    case KIND_NAME:
        if (option_row_word(row, 0) && place_of(row, value) < 0) return false;
        return read_text(value, field, store);
    case KIND_TEXT:
        return read_text(value, field, store);
    }
    return false;
}

void option_row_init(const struct option_row *row, struct options *values)
{
    void *field = (char *)values + row->offset;
    switch (row->kind) {
    case KIND_REAL:
        *(double *)field = row->real.def;
        return;
    case KIND_INT:
        *(int64_t *)field = row->integer.def;
        return;
    case KIND_FLAG:
        *(bool *)field = row->flag.def;
        return;
    case KIND_WORD:
        memcpy(field, &row->word.def, sizeof row->word.def);
        return;
    case KIND_TEXT:
    case KIND_NAME:
        snprintf(field, OPTION_TEXT, "%s", row->text.def);
        return;
    }
}

/* The shortest %g that reads back to the same bits; 40 is "40", though "4e+01" has fewer digits. */
static void format_real(double x, char *text, size_t size)
{
    char best[32] = "", other[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(other, sizeof other, "%.*g", digits, x);
        if (strtod(other, NULL) == x && (!*best || strlen(other) < strlen(best))) memcpy(best, other, sizeof best);
    }
    snprintf(text, size, "%s", best);
}

void option_row_format(const struct option_row *row, const struct options *values, char *text, size_t size)
{
    int place;
    const void *field = (const char *)values + row->offset;
    switch (row->kind) {
    case KIND_REAL:
        format_real(*(const double *)field, text, size);
        break;
    case KIND_INT:
        snprintf(text, size, "%" PRId64, *(const int64_t *)field);
        break;
    case KIND_FLAG:
        snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
        break;
    case KIND_WORD:
        memcpy(&place, field, sizeof place);
        snprintf(text, size, "%s", option_row_word(row, place));
        break;
    case KIND_TEXT:
    case KIND_NAME:
        snprintf(text, size, "%s", (const char *)field);
        break;
    }
}
