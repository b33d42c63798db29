/* explore.c -- epsilon-greedy (Mnih et al. 2016, section 4: each actor draws its own final epsilon, for diversity). T
 * counts the frames of all actors, so that the schedule does not depend on how many there are.
 *
 *   epsilon(T) = 1 + (final - 1) min(T / F, 1)     F = --eps-frames, or --eps-share of --frames
 *
 * A share is a departure: the paper's F is 4 million frames, whatever the length of a run. With dqn the schedule begins
 * where the memory is filled for the first gradient. */
#include "learn/explore.h"

double explore_draw_final(const double *value, const double *prob, int count, struct rng *rng)
{
    double left = rng_uniform(rng);
    for (int i = 0; i < count - 1; i++) {
        left -= prob[i];
        if (left < 0) return value[i];
    }
    return value[count - 1];
}

double explore_epsilon(double final, int64_t T, int64_t frames)
{
    if (T >= frames) return final;
    return 1 + (final - 1) * ((double)T / (double)frames);
}

int explore_greedy(const float *q, int A)
{
    int best = 0;
    for (int a = 1; a < A; a++)
        if (q[a] > q[best]) best = a;
    return best;
}

int explore_action(const float *q, int A, double epsilon, struct rng *rng)
{
    if (rng_uniform(rng) < epsilon) return rng_below(rng, A);
    return explore_greedy(q, A);
}
