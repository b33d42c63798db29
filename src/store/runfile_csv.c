/* runfile_csv.c -- a table of run.h5 as CSV, row by row as they come. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "store/runfile.h"
#include "store/tables.h"

/* The shortest text that reads back to the same number. */
static void print_real(double value)
{
    char text[40];
    if (isnan(value)) {
        fputs("nan", stdout);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, stdout);
}

/* In quotes where it holds a comma or a quote (RFC 4180); a line break becomes a blank, a row is one line. */
static void print_csv_text(const char *field, size_t size)
{
    char foreign[1024], text[4 * sizeof foreign];
    snprintf(foreign, sizeof foreign, "%.*s", (int)size, field);
    for (char *c = foreign; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = ' ';
    const size_t n = strlen(text_shown(foreign, text, sizeof text));
    const int quoted = memchr(text, ',', n) || memchr(text, '"', n);
    if (quoted) putchar('"');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"') putchar('"');
        putchar(text[i]);
    }
    if (quoted) putchar('"');
}

static void print_field(const char *row, const struct table_field *field)
{
    const char *at = row + field->offset;
    int64_t integer;
    double real;
    float single;
    switch (field->kind) {
    case FIELD_INT:
        memcpy(&integer, at, sizeof integer);
        printf("%" PRId64, integer);
        break;
    case FIELD_REAL:
        memcpy(&real, at, sizeof real);
        print_real(real);
        break;
    case FIELD_FLOAT:
        memcpy(&single, at, sizeof single);
        print_real((double)single);
        break;
    case FIELD_TEXT:
        print_csv_text(at, field->bytes);
        break;
    }
}

static int print_rows(void *arg, const void *rows, int64_t n, int64_t total)
{
    const struct table *t = arg;
    (void)total;
    if (!n) {
        for (int i = 0; i < t->field_count; i++) printf("%s%s", i ? "," : "", table_field_name(&t->fields[i]));
        putchar('\n');
    }
    for (int64_t r = 0; r < n; r++)
        for (int i = 0; i < t->field_count; i++) {
            print_field((const char *)rows + (size_t)r * t->row, &t->fields[i]);
            putchar(i + 1 < t->field_count ? ',' : '\n');
        }
    return ferror(stdout) ? error_set("cannot write to standard output") : 0;
}

int runfile_print_csv(const char *path, enum runfile_table table)
{
    struct table t = RUN_TABLES[table];
    if (runfile_each(path, table, print_rows, &t) < 0) return -1;
    return fflush(stdout) || ferror(stdout) ? error_set("cannot write to standard output") : 0;
}
