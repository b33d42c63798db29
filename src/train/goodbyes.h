/* goodbyes.h -- rank 0 awaits the goodbyes of its actors. Local; serves one-sided progress. */
#ifndef DUNLIN_TRAIN_GOODBYES_H
#define DUNLIN_TRAIN_GOODBYES_H

#include <stdbool.h>

struct ranks;
struct run;
struct sums;

/* Waits at most `seconds`, and not for the dead; nor, where `silent` is false, for those that have given no sign of
 * life for long. How many have not come, the dead included. */
int goodbyes_await(struct run *run, struct ranks *ranks, struct sums *sums, double seconds, bool silent);
/* Once more for the `missing` ones, and an event for each that hangs. */
void goodbyes_finish(struct run *run, struct ranks *ranks, struct sums *sums, int missing);

#endif
