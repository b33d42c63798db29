/* scale.h -- private to `dunlin bench scale`: what its parts tell each other.
 *
 *   bench_scale.c   words, and the order of things
 *   scale_costs.c   measures, by starting other parts of bench and by loops of its own
 *   scale_idle.c    its ranks under mpirun: actors that sleep instead of playing (idle.h)
 *   scale_report.c  figures, table, CSV
 *   scale_figure.c  the picture, as a gnuplot script
 *   scale.h         the model
 */
#ifndef DUNLIN_BENCH_SCALE_H
#define DUNLIN_BENCH_SCALE_H

#include <stdio.h>

#include "bench/bench.h"
#include "measure/idle.h"
#include "measure/scale.h"

enum { IDLE_SIZES = 16, WIRE_WAYS = 7 };

struct scale_words {
    double step[T_MAXES];      /* s of an agent step with its share of the gradient, by t_max; 0: to be measured */
    double fetch, push, apply; /* s; 0: to be measured */
    double link, latency;      /* bytes/s, s; 0: as assumed (link) or measured (latency) */
    double significant;        /* share of a gradient's entries that `significant` sends */
    double lag;                /* the most that is taken for harmless */
    int per_node, most;        /* actors */
    const char *csv, *out;     /* NULL: not given */
    /* between bench scale and its ranks */
    const char *tell; /* the file that gets what they found; NULL: stdout, as figures */
    bool far;         /* every actor takes the way of a remote one */
};
/* Takes its own words out of b->argv. 0, or -1 after error_set(). */
int scale_words(struct bench *b, struct scale_words *w);

/* A run of sleeping actors. */
struct idle_rate {
    int t_max, actors;
    double updates, lag, cpu; /* per s; mean; of a core, rank 0 */
};
/* What the ranks found. */
struct idle_found {
    struct idle_costs alone; /* of actor 0 */
    struct idle_rate rates[T_MAXES * IDLE_SIZES];
    int count;
};
/* Collective over MPI_COMM_WORLD, MPI_Init included: the whole program of a rank. Status. */
int scale_idle(const struct bench *b, const struct scale_words *w);
/* Reads what they wrote to w->tell. 0, or -1 after error_set(). */
int scale_idle_read(const char *path, struct idle_found *found);

/* A gradient as it is pushed, and what that costs. */
struct scale_form {
    struct grad_form form;
    double bytes, push;          /* s: into the mailbox */
    double apply[SCALE_APPLIES]; /* s */
};

/* Everything measured or given. */
struct scale_measured {
    int repeat;                                 /* frames of an agent step */
    double compute[T_MAXES];                    /* s of a rollout and its gradient, but for writing it */
    struct scale_form whole, factored[T_MAXES]; /* factored: as pushed in float32, each by itself; else whole too */
    struct scale_costs near;                    /* without compute and a gradient's form: on one node */
    struct scale_costs far; /* the same for actors that reach rank 0 over the link, here TCP on this node */
    double encode, decode, select, expand; /* s: a gradient to bf16 and back, to its significant entries and back */
    struct idle_found idle, idle_far;      /* count 0: not run */
    bool checked;                          /* costs are this machine's, so that real runs can be compared */
};
/* 0, or -1 after error_set(). */
int scale_measure(const struct bench *b, const struct scale_words *w, struct scale_measured *m);
/* base (near or far) with rollouts of idle_t_max[t] and their gradients, with factors or whole. */
struct scale_costs scale_costs_of(const struct scale_measured *m, const struct scale_costs *base, int t, bool factors);

/* One line of the picture: a way over the wire with one t_max, over actors. */
struct scale_way {
    const char *name; /* "bf16-sum" */
    bool direct, sum;
    int wire;              /* 0 float32, 1 bf16, 2 significant */
    bool factors;          /* gradients have factors where they can; otherwise they are whole */
    double push_bytes;     /* per float of a whole one */
    double encode, decode; /* s */
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
    struct scale_curve curve[T_MAXES * WIRE_WAYS];
    int curves;
    /* simulations of what the sleeping actors did */
    struct scale_result check[2][T_MAXES * IDLE_SIZES]; /* [far] beside idle.rates and idle_far.rates */
};

/* Simulates all of it; prints the figures of bench and, to stderr, the table; writes the CSV. 0, or -1 after
 * error_set(). */
int scale_report(const struct scale_words *w, const struct scale_measured *m, struct scale_table *table);

/* The picture of a table. */
void scale_figure(FILE *script, bool svg, const struct scale_measured *m, const struct scale_table *table);

#endif
