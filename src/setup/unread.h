/* unread.h -- options that somebody has said and that this run does not read, as gae is by n-step Q: they are no error,
 * since a FILE.ini serves several algorithms, but whoever thinks that they count is told. Local. */
#ifndef DUNLIN_SETUP_UNREAD_H
#define DUNLIN_SETUP_UNREAD_H

#include <stddef.h>

#include "setup/setup.h"

/* Options from a file or the command line, other than their default and the environment's, that nothing in this setup
 * reads: "gae (of a3c), momentum (of momentum-sgd)" to text, cut where size ends. Returns how many. The setup is open,
 * with set's values. */
int setup_unread(const struct setup *setup, const struct option_set *set, char *text, size_t size);

#endif
