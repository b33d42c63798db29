/* options_help.c -- the help text of all options: key, help, default, range. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"

enum { HELP_AT = 28, WIDTH = 100 };

struct range {
    const char *value; /* what stands behind the key */
    double low, high;
};

#define RANGE_REAL(low, high)                                                                                          \
    {                                                                                                                  \
        "X", (low), (high)                                                                                             \
    }
#define RANGE_INT(low, high)                                                                                           \
    {                                                                                                                  \
        "N", (low), (double)(high)                                                                                     \
    }
#define RANGE_FLAG(low, high)                                                                                          \
    {                                                                                                                  \
        "", (low), (high)                                                                                              \
    }
#define RANGE_TEXT(low, high)                                                                                          \
    {                                                                                                                  \
        "TEXT", (low), 0                                                                                               \
    }
#define X(kind, field, key, def, low, high, resume, help) RANGE_##kind(low, high),
static const struct range ranges[] = {OPTIONS(X)};
#undef X

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

/* "; 0 to 1", "; 1 or more", "; one of a, b", or "". */
static void print_range(const struct range *range, const char *words, char *text, size_t size)
{
    text[0] = 0;
    if (*words) {
        size_t n = (size_t)snprintf(text, size, "; one of ");
        for (const char *c = words; *c && n + 3 < size; c++) {
            text[n++] = *c == '|' ? ',' : *c;
            if (*c == '|') text[n++] = ' ';
        }
        text[n] = 0;
    } else if (range->value[0] == 'N' || range->value[0] == 'X') {
        if (range->high > 0x1p62)
            snprintf(text, size, "; %.10g or more", range->low);
        else
            snprintf(text, size, "; %.10g to %.10g", range->low, range->high);
    }
}

void options_print_help(const struct option_set *set, bool resume)
{
    for (int i = 0; i < option_count(); i++) {
        const struct range *range = &ranges[i];
        if (resume && !option_may_change(i) && !option_of_start(i)) continue;
        const bool flag = !*range->value;
        const char *words = option_words(i);
        char def[OPTION_TEXT], allowed[256], line[OPTION_TEXT + 512], left[64];
        options_format(&set->values, i, def, sizeof def);
        if (resume) snprintf(def, sizeof def, "as before");
        print_range(range, words, allowed, sizeof allowed);
        snprintf(left, sizeof left, "--%s%s %s", flag ? "[no-]" : "", option_key(i), *words ? "WORD" : range->value);
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
