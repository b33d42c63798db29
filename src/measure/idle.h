/* idle.h -- the real window with actors that do nothing but what rank 0 orders: fetch, sleep where others play, push;
 * or time their own calls: held against the model of scale, or asked whether they come through at all. Rank 0's orders
 * stand in the T that it publishes. */
#ifndef DUNLIN_MEASURE_IDLE_H
#define DUNLIN_MEASURE_IDLE_H

#include "measure/made.h"
#include "turn/master.h"

enum { T_MAXES = 2, IDLE_LOOK_MS = 40 }; /* an actor at rest looks for orders so often */
extern const int idle_t_max[T_MAXES];    /* 5, 20 */

/* What one actor's calls cost while all others rest. s, medians. */
struct idle_costs {
    double fetch, push;  /* of a copy of the weights, of a whole gradient */
    double borrow;       /* of the weights as an actor takes them: in place where it can */
    double ask, answer;  /* the same without weights, and without a gradient */
    double serve, drive; /* s of rank 0's core and of the actor's, per byte fetched */
};

/* What sleeping actors pretend. */
struct idle_part {
    struct grad_form whole;
    struct grad_form form[T_MAXES]; /* of what is pushed, by t_max */
    double step[T_MAXES];           /* s of an agent step, by t_max */
};

/* Rank > 0, one-sided: obeys until the master stops, and says bye. 0, or -1 after error_set(). */
int idle_actor(struct share *share, int rank, const struct idle_part *part);

/* Rank 0. */
struct idle_master {
    struct turn_master turn;
    int64_t orders;
    double lag;         /* summed */
    double first, last; /* when gradients came, s; 0: none yet */
    int64_t behind;     /* how many came behind the first */
};
/* Local, before anything else: weights of 0, and all actors at rest. share and optim are borrowed. */
void idle_begin(struct idle_master *h, struct share *share, struct optim *optim, size_t params);
/* Local: from now on `actors` go round, sleeping t_max steps; 0: all rest. */
void idle_order(struct idle_master *h, int t_max, int actors);
/* Serves for a while; returns how many gradients came. */
int64_t idle_serve(struct idle_master *h, double seconds);
/* Lets one actor time its calls for about `seconds`. 0, or -1 after error_set() where it does not answer. */
int idle_alone(struct idle_master *h, int actor, double seconds, struct idle_costs *costs);
/* Is a fetch of the actor served while rank 0 calls no MPI (it sleeps for a third of a second)? 1, 0, or -1 after
 * error_set() where it is not served afterwards either. */
int idle_absent(struct idle_master *h, int actor);
/* Stops all and awaits their goodbyes. 0, or -1 after error_set(). */
int idle_end(struct idle_master *h);

#endif
