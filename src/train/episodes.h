/* episodes.h -- finished episodes, from the actors' rings to /episodes and the sums. */
#ifndef DUNLIN_TRAIN_EPISODES_H
#define DUNLIN_TRAIN_EPISODES_H

struct ranks;
struct run;
struct sums;

/* Takes in those finished since the last call. Local. */
void episodes_take(struct run *run, struct ranks *ranks, struct sums *sums);
/* An event, where some were lost to a full ring since the last one. Local. */
void episodes_tell_lost(struct run *run, struct sums *sums);

#endif
