/* preset.h -- the INI files that come with the program, by name: `dunlin train pong`. Local. */
#ifndef DUNLIN_BASE_PRESET_H
#define DUNLIN_BASE_PRESET_H

#include <stddef.h>

/* The path of preset `name`, "pong" of pong.ini in ../share/dunlin beside the program's folder (installed) or in ../run
 * (built). 0, or -1 after error_set(), whose line names the presets there are, or what to do with the folder
 * of a run. */
int preset_find(const char *name, char *path, size_t size);

#endif
