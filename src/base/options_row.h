/* options_row.h -- private to src/base: one row of the options' table at run time, and its values as text. Local. */
#ifndef DUNLIN_BASE_OPTIONS_ROW_H
#define DUNLIN_BASE_OPTIONS_ROW_H

#include "base/options_table.h"

enum option_kind { KIND_REAL, KIND_INT, KIND_FLAG, KIND_TEXT, KIND_WORD, KIND_NAME };
enum option_resume { FIXED, MAY, START, FOLDER, FIRST };

/* The bounds keep their own type, because INT64_MAX is no double. */
struct option_row {
    const char *key, *help;
    size_t offset; /* in struct options */
    enum option_kind kind;
    enum option_resume resume;
    union {
        struct {
            double def, low, high;
        } real;
        struct {
            int64_t def, low, high;
        } integer;
        struct {
            bool def;
        } flag;
        struct {
            const char *def;
        } text;
        struct {
            int def;
            const char *const *words; /* by value, NULL behind the last */
        } word;
    };
};

extern const struct option_row option_rows[];
extern const int option_row_count;

/* What options_names(), option_word() and options_format() promise (options.h), of one row. */
void option_row_names(const struct option_row *row, const char *(*name)(int i));
const char *option_row_word(const struct option_row *row, int w);
void option_row_words(const struct option_row *row, char *text, size_t size);
void option_row_format(const struct option_row *row, const struct options *values, char *text, size_t size);

/* The row's default to its field in values. */
void option_row_init(const struct option_row *row, struct options *values);
/* Parses value and, where it is allowed and `store`, writes it to the row's field. */
bool option_row_read(const struct option_row *row, struct options *values, const char *value, bool store);
/* What row allows, in words: "a number from 0 to 1000". */
void option_row_allowed(const struct option_row *row, char *text, size_t size);
/* The same as help shows it: "; 0 to 1", "; 1 or more", "; one of a, b", or "". Returns what stands behind the key. */
const char *option_row_range(const struct option_row *row, char *text, size_t size);
/* A number as values have it: no "inf", "nan", hexadecimal or leading blanks, which strtod() would take. */
bool option_read_real(const char *value, double *x);

#endif
