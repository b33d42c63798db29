/* option_names.h -- what an option or an environment of ours is called elsewhere, and what was probably meant by a name
 * that is nobody's. Local. */
#ifndef DUNLIN_BASE_OPTION_NAMES_H
#define DUNLIN_BASE_OPTION_NAMES_H

#include <stddef.h>

/* The end of the line on an option that there is none of: "; the nearest is 'lr'", "; here it is 'frames': ...", or ""
 * where nothing is near. `key` as typed, without its dashes. Returns text. */
const char *option_names_advice(const char *key, char *text, size_t size);

/* The nearest of names(0), names(1), ... NULL to what was typed, by edits, case and _ for - aside; NULL where all are
 * so far off that it would be a guess. A beginning of three letters or more is near. */
const char *option_names_nearest(const char *typed, const char *(*names)(int i));

/* The command that was probably meant: of names(0), names(1), ... NULL, or by what it is called elsewhere; NULL: none.
 */
const char *option_names_command(const char *typed, const char *(*names)(int i));

/* Our name of an environment of Gymnasium's, "CartPole-v1" with or without its version; NULL: none. */
const char *option_names_env(const char *id);

#endif
