/* options_help.c -- the help text of all options: key, help, default, range. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/options_row.h"

enum { HELP_AT = 28, WIDTH = 100 };

/* Prints text from column `at` on, where the cursor stands, broken at blanks so that no line passes WIDTH. */
static void print_wrapped(const char *text, int at)
{
    int column = at;
    for (const char *c = text; *c;) {
        const int n = (int)strcspn(c, " ");
        if (column > at && column + 1 + n > WIDTH) {
            printf("\n%*s", at, "");
            column = at;
        } else if (column > at) {
            putchar(' ');
            column++;
        }
        printf("%.*s", n, c);
        column += n;
        c += n;
        c += strspn(c, " ");
    }
    putchar('\n');
}

static void print_bounds(double low, double high, char *text, size_t size)
{
    if (high > 0x1p62)
        snprintf(text, size, "; %.10g or more", low);
    else
        snprintf(text, size, "; %.10g to %.10g", low, high);
}

/* "; 0 to 1", "; 1 or more", "; one of a, b", or "". Returns what stands behind the key. */
static const char *print_range(const struct option_row *row, char *text, size_t size)
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

void options_print_help(const struct option_set *set, bool resume)
{
    for (int i = 0; i < option_count(); i++) {
        if (resume && !option_may_change(i) && !option_of_start(i)) continue;
        char def[OPTION_TEXT], allowed[256], line[OPTION_TEXT + 512], left[64];
        const char *const value = print_range(&option_rows[i], allowed, sizeof allowed);
        options_format(&set->values, i, def, sizeof def);
        if (resume) snprintf(def, sizeof def, "as before");
        snprintf(left, sizeof left, "--%s%s %s", *value ? "" : "[no-]", option_key(i), value);
        if (*def)
            snprintf(line, sizeof line, "%s (%s%s)", option_help(i), def, allowed);
        else
            snprintf(line, sizeof line, "%s", option_help(i));
        printf("  %-*s ", HELP_AT - 3, left);
        print_wrapped(line, HELP_AT);
    }
    print_wrapped(
        resume ? "In brackets: default and range. What is not listed stays as the run has it."
               : "In brackets: default and range. Whole numbers may be written 2000000 or 2e6. Environments bring "
                 "defaults of their own for some options (--env E --algo A --help shows these); FILE.ini is "
                 "stronger than they are, and the command line is strongest.",
        0);
}
