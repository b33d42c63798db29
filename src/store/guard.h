/* guard.h -- reading files that may be damaged: the HDF5 library may crash or never return on them, so it happens in a
 * process of its own with limits on time and memory, and only bytes come back. */
#ifndef DUNLIN_STORE_GUARD_H
#define DUNLIN_STORE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { GUARD_DIED = 255 }; /* crashed, or over its limits */

/* Bytes of a file by which what it says of itself is measured, 0 where there is none: its length, but holes, which cost
 * who made it nothing, do not count. A file system may compress what is not packed, and may not have written all of it
 * yet. */
uint64_t guard_size(const char *path, bool packed);
/* Forks; the child calls work(arg, out), which returns 0 .. 100; meanwhile the caller's eat(to, in) reads what it
 * writes, to the end, and returns 0, or -1 after error_set(), which ends the child. Returns work's value, with the
 * child's error_text() where that is not 0; GUARD_DIED after error_set(), which names path; -1 after error_set() where
 * eat did, where there is no process to be had, a stop signal ended it, or its time by the clock (then it is the file
 * system that does not answer). What was eaten counts only where 0 is
 * returned. The limits are 10 s of computing and a second more for each MB of the file, 60 s and a second for each MB
 * by the clock, and 2 GB and eight times the file of memory. No HDF5 file may be open for writing. */
int guard_pipe(int (*work)(void *arg, FILE *out), void *arg, const char *path, int (*eat)(void *to, FILE *in),
               void *to);
/* fwrite() for work that writes much: while who reads it takes its time, the clock stands still. */
size_t guard_write(const void *bytes, size_t size, size_t n, FILE *out);
/* The same as guard_pipe(); what was written, 64 MB at most, comes back malloc'd in *bytes, *n (both may be NULL
 * where nothing is). *bytes is NULL unless 0 is returned. */
int guard_run(int (*work)(void *arg, FILE *out), void *arg, const char *path, char **bytes, size_t *n);

#endif
