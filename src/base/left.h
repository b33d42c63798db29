/* left.h -- processes that a child leaves running when it ends, such as those that an environment's library starts:
 * they would hold the pipes of whoever reads this program's output to its end. Local; one thread. */
#ifndef DUNLIN_BASE_LEFT_H
#define DUNLIN_BASE_LEFT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/watched.h"

struct left {
    pid_t *before; /* (n) children that this process had already */
    int n, adopted;
};

/* Before the child is started: what it leaves becomes a child of this process. */
void left_begin(struct left *l);
/* When it has been waited for: ends what it has left, and all that this has started; waits a second for their end at
 * most. tell: with a line, where there were any. No other child may have been started meanwhile. */
void left_end(struct left *l, bool tell);

/* watched_run() between both; a line where work came back. */
int left_run(const struct watched *w, int (*work)(void *arg), void *arg, size_t bytes);

#endif
