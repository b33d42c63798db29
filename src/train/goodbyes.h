/* goodbyes.h -- rank 0 awaits the goodbyes of its actors. Local; serves one-sided progress. */
#ifndef DUNLIN_TRAIN_GOODBYES_H
#define DUNLIN_TRAIN_GOODBYES_H

struct ranks;
struct run;
struct sums;

/* Waits at most `seconds`, and not for the dead; gradients that come are applied, but in rounds. How many have not
 * come, the dead included. */
int goodbyes_await(struct run *run, struct ranks *ranks, struct sums *sums, double seconds);
/* Once the last checkpoint is out: waits for the `missing` ones once more, but not for those that have given no sign of
 * life for long; gradients that come are dropped and counted in an event, since neither weights nor counters may leave
 * what was saved. An event for each that hangs. */
void goodbyes_finish(struct run *run, struct ranks *ranks, struct sums *sums, int missing);

#endif
