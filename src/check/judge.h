/* judge.h -- what was counted becomes findings. Local. */
#ifndef DUNLIN_CHECK_JUDGE_H
#define DUNLIN_CHECK_JUDGE_H

#include "base/options.h"
#include "check/game.h"

/* What the environment says of itself. */
void check_judge_sizes(const struct world *world);

/* What it did; options: those that it would be trained with. */
void check_judge_game(const struct check_game *g, const struct check_limits *limits, const struct options *options);

#endif
