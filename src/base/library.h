/* library.h -- shared libraries that are loaded while the program runs. All local. */
#ifndef DUNLIN_BASE_LIBRARY_H
#define DUNLIN_BASE_LIBRARY_H

/* Why the file cannot be a whole library of this kind of machine: a line without its path, constant or static until
 * the next call; or NULL. What is no ELF file, or cannot be read, is left to dlopen(), whose words are better. */
const char *library_cut(const char *path);

/* dlopen(path, RTLD_NOW | RTLD_LOCAL); what lies at a path (with a slash) must not be cut. NULL with the reason in
 * *why, static until the next call. It stays open until the process ends, or is closed by dlclose(). */
void *library_open(const char *path, const char **why);

#endif
