/* children.h -- the ended children of this process that nobody waits for: a subreaper (job/leave.c, left.h) is given
 * what its environments' processes leave behind, and who of these has ended keeps its number until it is waited for.
 * Local; one thread. */
#ifndef DUNLIN_BASE_CHILDREN_H
#define DUNLIN_BASE_CHILDREN_H

#include <sys/types.h>

enum { CHILDREN_DEAD_MOST = 256 }; /* a table of 32,768 processes has room for those of a hundred ranks */

/* Who started pid will wait for it: children_reap() leaves it alone, until children_waited(). */
void children_started(pid_t pid);
void children_waited(pid_t pid);

/* Now and then; looks every few seconds at most. Where more than CHILDREN_DEAD_MOST have ended, waits for those that
 * had at the look before, but not for `mine`, which the caller waits for (0: none). Nothing says whether a process was
 * inherited, and a library of this process may wait for one of its own: fewer, and those that have just ended, are left
 * to it. */
void children_reap(pid_t mine);

#endif
