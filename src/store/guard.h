/* guard.h -- reading files that may be damaged: the HDF5 library may crash or never return on them, so it happens in a
 * process of its own with limits on time and memory, and only bytes come back. */
#ifndef DUNLIN_STORE_GUARD_H
#define DUNLIN_STORE_GUARD_H

#include <stddef.h>
#include <stdio.h>

enum { GUARD_DIED = 255 }; /* crashed, or over its limits */

/* Forks; the child calls work(arg, out), which returns 0 .. 100; what it wrote to out comes back malloc'd in *bytes, *n
 * (both may be NULL where it writes nothing). Returns work's value, with the child's error_text() where that is not 0;
 * GUARD_DIED after error_set(), which names path; -1 after error_set() where there is no process to be had or a stop
 * signal ended it. *bytes is NULL unless 0 is
 * returned. The limits are 10 s of computing and a second more for each 16 MB of the file, 60 s and a second for each 4
 * MB by the clock, and 2 GB and eight times the file of memory. No HDF5 file may be open for writing. */
int guard_run(int (*work)(void *arg, FILE *out), void *arg, const char *path, char **bytes, size_t *n);

#endif
