/* program.h -- where this program's file lies, and what lies beside it. Local. */
#ifndef DUNLIN_BASE_PROGRAM_H
#define DUNLIN_BASE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* `below`, a path from the folder of the program's file, in path (size). False, and "" there, where it is not told. */
bool program_beside(const char *below, char *path, size_t size);

/* Folders to search for what a user fetches: first the one that an environment's variable names, then those beside the
 * program. */
struct program_folders {
    const char *variable;
    const char *const *beside; /* ended by NULL */
};
/* The i-th in path (size), from 0 on, "" where it is not set; false behind the last. */
bool program_folder(const struct program_folders *f, int i, char *path, size_t size);
/* Those that are set as a user reads them, "A, B", cut to fit; `below` is added to each. Returns text. */
const char *program_folders_text(const struct program_folders *f, const char *below, char *text, size_t size);

#endif
