/* options_help.c -- the help text of options, by what they are about: key, help, default, range. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/options_row.h"
#include "base/text.h"

enum { HELP_AT = 28 };

/* What a first run turns to; the rest is shown by `--help all`. */
static const char *const USUAL[] = {"env",
                                    "frames",
                                    "seed",
                                    "algo",
                                    "net",

                                    "optimizer",
                                    "lr",
                                    "gamma",
                                    "t-max",
                                    "envs-per-actor",

                                    "entropy",
                                    "eps-final",
                                    "out",
                                    "or-resume",
                                    "force",
                                    "actors",
                                    "checkpoint-every",
                                    "eval-every",
                                    "stop-at",
                                    "deterministic"};

static const char *const HEADINGS[] = {
    [OPTIONS_OF_TASK] = "Task",       [OPTIONS_OF_LEARNING] = "Learning",   [OPTIONS_OF_EXPLORATION] = "Exploration",
    [OPTIONS_OF_RUNNING] = "Running", [OPTIONS_OF_NODES] = "Several nodes",
};

static bool is_usual(const char *key)
{
    for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++)
        if (!strcmp(key, USUAL[i])) return true;
    return false;
}

static void print_option(const struct option_set *set, int i, bool resume, bool whole)
{
    char def[OPTION_TEXT], allowed[256], line[OPTION_TEXT + 640], left[64];
    const char *const value = option_row_range(&option_rows[i], allowed, sizeof allowed);
    options_format(&set->values, i, def, sizeof def);
    if (resume && !option_of_start(i)) snprintf(def, sizeof def, "as before");
    if (!whole && (*value == 'N' || *value == 'X')) allowed[0] = 0;
    snprintf(left, sizeof left, "--%s%s %s", *value ? "" : "[no-]", option_key(i), value);
    const bool again = resume && !strcmp(option_key(i), "env");
    const char *help = again ? "lib:PATH.so or gym:FILE.py:FUNCTION, whose code the run's folder does not choose: "
                               "named once more, wherever it lies"
                             : option_help(i);
    snprintf(line, sizeof line, *def ? "  %-*s %s (%s%s)" : "  %-*s %s", HELP_AT - 3, left, help, def, allowed);
    text_wrapped(stdout, line, HELP_AT, TEXT_WIDTH);
}

void options_print_help(const struct option_set *set, bool resume, bool whole)
{
    char line[320];
    int shown = 0, all = 0, before = -1;
    for (int i = 0; i < option_count(); i++) {
        if (resume && !option_of_resume(i)) continue;
        all++;
        if (!whole && !is_usual(option_key(i))) continue;
        shown++;
        const int group = (int)option_group(i);
        if (group != before) printf("%s%s\n", before < 0 ? "" : "\n", HEADINGS[group]);
        before = group;
        print_option(set, i, resume, whole);
    }
    putchar('\n');
    if (!whole) {
        snprintf(line, sizeof line, "These are %d of %d options. All of them: dunlin %s --help all", shown, all,
                 resume ? "resume" : "train");
        text_wrapped(stdout, line, 0, TEXT_WIDTH);
    }
    text_wrapped(
        stdout,
        resume ? "In brackets: default and range. What is not listed stays as the run has it."
               : "In brackets: default and range. Whole numbers may be written 2000000 or 2e6. Environments bring "
                 "defaults of their own (--env E --algo A --help shows them); FILE.ini is stronger, the command "
                 "line strongest.",
        0, TEXT_WIDTH);
}
