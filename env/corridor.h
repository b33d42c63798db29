/* corridor.h -- the model of env/corridor.c as pure functions, to hold what is learned against exact values.
 *
 *          exit <- 0  1  2  3  4  5 -> goal          rewards: exit +0.3, goal +1, abyss -1, all else 0
 *          +0.3          |  |  |  |    +1            actions: 0 left, 1 right; always obeyed
 *                        v abyss  v
 *                           -1
 *
 * Going left from 2, 3, 4 or 5 ends in the abyss; in 0 and 1 there is a wall beside the path. Who never errs goes
 * right: Q*(s, right) = gamma^(5-s). Who errs with probability epsilon/2 at each of the four cells beside the abyss
 * does better to take the small exit, once epsilon is large: at gamma 0.99 the greedy action in cell 1 is right for
 * epsilon 0.1 and left for epsilon 0.5. So one-step Q and Sarsa, exploring alike, learn different values, and even
 * different policies.
 */
#ifndef DUNLIN_ENV_CORRIDOR_H
#define DUNLIN_ENV_CORRIDOR_H

enum {
    CORRIDOR_CELLS = 6,
    CORRIDOR_EDGE = 2, /* the first cell beside the abyss */
    CORRIDOR_ACTIONS = 2,
    /* where an episode is over: numbers behind the cells */
    CORRIDOR_EXIT = CORRIDOR_CELLS,
    CORRIDOR_GOAL,
    CORRIDOR_ABYSS,
};

struct corridor_move {
    int next; /* a cell, or >= CORRIDOR_CELLS where it is over */
    double reward;
};

/* One move from a cell; action 0 left, 1 right. */
struct corridor_move corridor_move(int cell, int action);

/* q[s][a]: value of action a in cell s and of going on epsilon-greedily by q itself (with probability epsilon a uniform
 * draw from all actions, else the best one). epsilon 0: Q*, what Q-learning learns however it explores. epsilon > 0:
 * what Sarsa learns that explores with epsilon: q = r + gamma [(1 - epsilon) max_a' q' + (epsilon / A) sum_a' q'], a
 * contraction, iterated until it stands. 0 <= gamma < 1. */
void corridor_values(double gamma, double epsilon, double q[CORRIDOR_CELLS][CORRIDOR_ACTIONS]);

/* q[s][a] of a given policy pi[s][a] (probabilities): V = r_pi + gamma P_pi V solved as a linear system, then one move
 * ahead. pi is not changed. 0 <= gamma < 1. */
void corridor_policy_values(double gamma, double pi[CORRIDOR_CELLS][CORRIDOR_ACTIONS],
                            double q[CORRIDOR_CELLS][CORRIDOR_ACTIONS]);

#endif
