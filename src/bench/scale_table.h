/* scale_table.h -- everything that `bench scale` simulates: each way over the wire with each t_max, over actors.
 * Local. */
#ifndef DUNLIN_BENCH_SCALE_TABLE_H
#define DUNLIN_BENCH_SCALE_TABLE_H

#include "bench/scale_measured.h"
#include "bench/scale_words.h"
#include "measure/limits.h"
#include "measure/scale.h"

enum { WIRE_WAYS = 10, THREAD_WAYS = 7, SCALE_WAYS = WIRE_WAYS + THREAD_WAYS };

/* One line of the picture: a way over the wire with one t_max, over actors. */
struct scale_way {
    const char *name; /* "bf16-sum" */
    bool direct, sum;
    bool most;   /* sums that nobody waits for */
    bool near;   /* all actors on rank 0's node */
    int threads; /* of rank 0 */
    enum share_wire wire;
    bool factors; /* gradients have factors where they can; otherwise they are whole */
};
enum { SCALE_POINTS = 13 }; /* 1, 2, 4 ... 4096 */
struct scale_curve {
    struct scale_way way;
    int t_max, points;
    int actors[SCALE_POINTS];
    struct scale_result at[SCALE_POINTS];
    enum scale_limit limited[SCALE_POINTS];
    int knee, bound;
    enum scale_limit limit;
    struct scale_result there; /* at the knee */
};
struct scale_table {
    struct scale_curve curve[T_MAXES * SCALE_WAYS];
    int curves;
    /* simulations of what the sleeping actors did */
    struct scale_result check[2][T_MAXES * IDLE_SIZES]; /* [far] beside idle.rates and idle_far.rates */
};

/* The costs of a cluster: this machine's cores, the link as given or assumed. */
struct scale_costs scale_table_costs(const struct scale_words *w, const struct scale_measured *m,
                                     const struct scale_way *way, int t);

struct scale_layout scale_table_layout(const struct scale_words *w, const struct scale_measured *m,
                                       const struct scale_way *way);

/* Simulates all of it. */
void scale_table_fill(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table);

#endif
