/* runs.h -- which run a word of the command line means. Local. */
#ifndef DUNLIN_VIEW_RUNS_H
#define DUNLIN_VIEW_RUNS_H

#include <stdbool.h>
#include <stddef.h>

/* The run.h5 of a run given as its folder or as the file itself, to path (size); *folder: it is the folder. 0, or -1
 * after error_set(). */
int runs_find(const char *what, char *path, size_t size, bool *folder);

/* The folder's own name of such a run, to name (size). */
void runs_name(const char *what, bool folder, char *name, size_t size);

#endif
