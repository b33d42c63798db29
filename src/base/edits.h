/* edits.h -- how far a word is from another, to name what was probably meant. Local. */
#ifndef DUNLIN_BASE_EDITS_H
#define DUNLIN_BASE_EDITS_H

/* Edits that make b of a: insert, delete, replace, swap two neighbours (optimal string alignment); of the first 63
 * bytes of each. */
int edits_between(const char *a, const char *b);

#endif
