/* run_folders.h -- where the run is that somebody meant who named the folder above it, or a file in it. Local. */
#ifndef DUNLIN_STORE_RUN_FOLDERS_H
#define DUNLIN_STORE_RUN_FOLDERS_H

#include <stddef.h>

/* The end of the line on a path that is no run's folder: "; in it are the runs A, B" (the newest first, "and 9 more"
 * behind the fourth), "; its run is A" of a file, or "". Returns text. */
const char *run_folders_advice(const char *path, char *text, size_t size);

#endif
