/* normalised.c -- see normalised.h. */
#include "view/normalised.h"

#include <math.h>

#include "view/outcome.h"
#include "view/settings.h"

int normalised_read(struct normalised *n, const char *path)
{
    static struct settings settings;
    struct outcome outcome;
    *n = (struct normalised){0};
    if (settings_read(&settings, path)) return -1;
    n->of = human_scores_of(settings.values.env);
    if (!n->of) return 0;
    if (outcome_read(&outcome, path)) return -1;
    n->last = human_normalised(n->of, outcome.eval.last);
    n->best = human_normalised(n->of, outcome.eval.best);
    return 0;
}

void normalised_of_checkpoint(struct normalised *n, const char *env, double best)
{
    *n = (struct normalised){.of = human_scores_of(env), .last = (double)NAN, .best = (double)NAN};
    if (n->of) n->best = human_normalised(n->of, best);
}
