/* version.h -- the version of Dunlin and of the contract with environments in shared libraries. */
#ifndef DUNLIN_VERSION_H
#define DUNLIN_VERSION_H

#define DUNLIN_VERSION "0.1.0"

/* Raised whenever a field of env.h changes its place or its meaning. */
#define DUNLIN_ENV_API 1

#endif
