/* options_help.c -- the help text of all options: key, help, default, range. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/options_row.h"
#include "base/text.h"

enum { HELP_AT = 28 };

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
        char def[OPTION_TEXT], allowed[256], line[OPTION_TEXT + 640], left[64];
        const char *const value = print_range(&option_rows[i], allowed, sizeof allowed);
        options_format(&set->values, i, def, sizeof def);
        if (resume) snprintf(def, sizeof def, "as before");
        snprintf(left, sizeof left, "--%s%s %s", *value ? "" : "[no-]", option_key(i), value);
        snprintf(line, sizeof line, *def ? "  %-*s %s (%s%s)" : "  %-*s %s", HELP_AT - 3, left, option_help(i), def,
                 allowed);
        text_wrapped(stdout, line, HELP_AT, TEXT_WIDTH);
    }
    text_wrapped(
        stdout,
        resume ? "In brackets: default and range. What is not listed stays as the run has it."
               : "In brackets: default and range. Whole numbers may be written 2000000 or 2e6. Environments bring "
                 "defaults of their own for some options (--env E --algo A --help shows these); FILE.ini is "
                 "stronger than they are, and the command line is strongest.",
        0, TEXT_WIDTH);
}
