/* world_names.h -- what an environment is called here that somebody knows by another name. Local. */
#ifndef DUNLIN_LEARN_WORLD_NAMES_H
#define DUNLIN_LEARN_WORLD_NAMES_H

#include <stddef.h>

/* The end of the line on an environment that there is none of: "; here it is atari:pong" for the Arcade Learning
 * Environment's and Gymnasium's ids, the nearest of known(0), known(1), ... NULL, or "". Returns text. */
const char *world_names_advice(const char *name, const char *(*known)(int i), char *text, size_t size);

#endif
