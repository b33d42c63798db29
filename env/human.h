/* human.h -- scores of a random player and of a person in 57 games of Atari 2600, by which scores are made comparable.
 *
 * Both played as learned agents are evaluated: up to 30 no-op actions at the start, 30 minutes at most. The figures are
 * those of google-deepmind/dqn_zoo (dqn_zoo/atari_data.py), which are the ones printed by Wang et al. 2016, "Dueling
 * network architectures for deep reinforcement learning"; the random player's are also Mnih et al. 2015's. The human
 * figures of the latter, and those of human starts (Nair et al. 2015, in table 1 of Mnih et al. 2016), are other sets:
 * scores normalised by one are not comparable with scores normalised by another. */
#ifndef DUNLIN_ENV_HUMAN_H
#define DUNLIN_ENV_HUMAN_H

struct human_scores {
    const char *game; /* as behind atari: */
    double random, human;
};

/* Of the game that --env names, by atari: or by one of Gymnasium's ids for it; NULL: of no such game. Local. */
const struct human_scores *human_scores_of(const char *env);

/* 0: as a random player; 1: as a person. */
double human_normalised(const struct human_scores *scores, double score);

#endif
