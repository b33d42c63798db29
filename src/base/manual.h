/* manual.h -- the man page, and the words that a shell completes, made from the tables of commands and options. */
#ifndef DUNLIN_BASE_MANUAL_H
#define DUNLIN_BASE_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

enum { MANUAL_OWN = 32 };

/* A subcommand: what is typed behind its name, a line on it, and the whole of its --help. */
struct manual_command {
    const char *name, *words, *help, *usage;
    const char *own[MANUAL_OWN]; /* its own options, "--fps"; NULL behind the last */
    bool (*takes)(int option);   /* which options of training it takes, too; NULL: none */
};

struct manual {
    const struct manual_command *commands;
    int count;
    const char *version;
    const char *(*env)(int i); /* the environments' names, NULL behind the last */
};

/* dunlin(1), as roff. */
void manual_page(FILE *out, const struct manual *m);
/* A completion file: "bash" or "zsh". 0, or -1 after error_set(). */
int manual_completion(FILE *out, const struct manual *m, const char *shell);

#endif
