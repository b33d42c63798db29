/* version.h -- the version of Dunlin and of the contract with environments in shared libraries. */
#ifndef DUNLIN_VERSION_H
#define DUNLIN_VERSION_H

#define DUNLIN_VERSION "0.1.0"

/* Raised whenever a field of env.h changes its place or its meaning. Version 1 of an environment becomes version 2 by
 * ENV_OBS_PICTURE for ENV_OBS_PLANE, arrays of action_dim floats for action_low and action_high, and building again. */
#define DUNLIN_ENV_API 2

#endif
