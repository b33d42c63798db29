/* number.h -- a number that a variable of the environment says. Local. */
#ifndef DUNLIN_BASE_NUMBER_H
#define DUNLIN_BASE_NUMBER_H

/* The whole number, up to a million, that all of `text` is; -1: it is none, and not to be heeded. */
int number_whole(const char *text);
/* The same of the variable of that name; -1 also where it is not set. */
int number_of(const char *variable);

#endif
