/* refuse.h -- private to src/share: which windows cannot be used, and how that ends the job; and which nodes cannot be
 * pretended. */
#ifndef DUNLIN_SHARE_REFUSE_H
#define DUNLIN_SHARE_REFUSE_H

#include "share/layout.h"

/* Ends the job with one line, from the first rank of comm; the others leave it the time to speak. code: MPI's. */
_Noreturn void refuse_none(const struct share *s, MPI_Comm comm, int code);
/* Collective over s->comm, once all windows are open. Every one of them has to be of the unified model: our words are
 * looked at by loads until they change, and nobody would call what brings a second copy up to date. */
void refuse_separate(const struct share *s);
/* The nodes that are pretended: `told`, or where that is 0 what DUNLIN_NODES says. 0, and a line of rank 0, where that
 * is no number up to the ranks. Local. */
int refuse_nodes(int told, int ranks);

#endif
