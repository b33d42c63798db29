/* bench.h -- `dunlin bench [WHAT] [options]`: speed figures, each as a ratio to a limit measured in the same run.
 *
 *   bench.c         words, and which WHAT
 *   measure/probe.c clocks, medians, cores, the printed line, starting under mpirun
 *   measure/ranks.c what the ranks of bench actor and bench server share
 *   measure/made.c  gradients that no network computed
 *   actor.c         one actor-learner against the bare emulator
 *   net.c           the network against the floating-point and memory bounds of a core
 *   server.c        the master: apply, push, fetch, waking up, idling; mate.c  the actors it plays with
 *   link.c          push and fetch between two nodes against plain messages
 *   whole.c         whole trainings, side by side
 *   scale.c         a simulation of many actors from measured costs
 *
 * Slices of everything that is compared alternate, and a figure is the median over its slices, so that what a neighbour
 * on the machine takes hits both sides of a ratio alike.
 */
#ifndef DUNLIN_BENCH_BENCH_H
#define DUNLIN_BENCH_BENCH_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "setup/setup.h"
#include "share/share.h"

/* argc and argv stand behind the subcommand. Status: 0, 1 failed, 2 wrong usage. */
int bench_main(int argc, char **argv);

/* ---- bench.c: what was asked for ---- */

enum {
    BENCH_PARAMS = 677968, /* those of the small net with few actions */
    BENCH_ACTIONS = 6,
    BENCH_ROWS = 2,
};

struct bench {
    double seconds; /* to measure for */
    long params;    /* --params, 0: not given */
    int lstm;       /* --lstm */
    /* --factors AT,IN,OUT,ROWS[,ROWS], from bench scale to what it starts with --params: where the wide matrix lies,
     * and the rank of the factors that are pushed, 0 for none; in 0: not given */
    struct grad_wide wide;
    int rows[BENCH_ROWS];
    const char *net; /* --net, NULL: not given */
    int argc;        /* the options of training among the words, --net included; argv has room for 32 more */
    char **argv;
};

/* The options of training, with the environment's defaults. 0, or -1 after error_set(). */
int bench_options(const struct bench *b, struct option_set *set);

/* A policy and value network over four 84x84 planes, or, for an mlp, four floats. NULL after error_set(). Owner:
 * net_free(). */
struct net *bench_net_new(const char *spec, int lstm);

int bench_actor(const struct bench *b);
int bench_net(const struct bench *b);
int bench_server(const struct bench *b);
int bench_link(const struct bench *b);
int bench_whole(const struct bench *b);
int bench_scale(const struct bench *b);
int bench_scale_check(const struct bench *b); /* its words: 0, or -1 after error_set() */

/* ---- bench_tools.c; local ---- */

/* Numbers, one a slice. Owner: series_free(). */
struct series {
    double *x;
    int n, room;
};
void series_add(struct series *s, double x);
double series_median(const struct series *s); /* 0 where there is none */
void series_free(struct series *s);

/* A figure on stdout: NAME value V UNIT limit V UNIT ratio R, where R is value / limit: of rates at best 1 from below,
 * of times 1 from above. */
void bench_print(const char *name, double value, double limit, const char *unit);

/* Cores this process might use when it started. */
int bench_cores(void);
/* Keeps the calling thread on the i-th of them, counted round. */
void bench_pin(int i);

/* Forks mpirun with `ranks` ranks of this program, silent; words follow the program's name and end with NULL; extra:
 * "NAME=VALUE" for the ranks' environment, several with blanks between, or NULL. It ends with us. Returns mpirun's
 * process, or -1 after error_set(). */
pid_t bench_start(int ranks, const char *const *words, const char *extra);
/* The same with its stderr on ours and its stdout to read from *from, which the caller closes. */
pid_t bench_start_read(int ranks, const char *const *words, const char *extra, int *from);
/* The same with both on ours, waiting for its end; returns its exit status. */
int bench_launch(int ranks, const char *const *words);

/* ---- bench_made.c; local ---- */

/* Noise of the size of a real gradient, to grad (params): what is not there stays as it was. Of the inputs of
 * factors 0.42 are active, most of them in every row: over five steps of Pong, Breakout and Q*bert it is
 * 0.39 to 0.45. */
void bench_gradient(const struct grad_form *form, struct rng *rng, float *grad);

/* ---- bench_ranks.c ---- */

struct bench_ranks {
    int rank, size;
    struct share *share;
};

/* Collective: MPI_Init and the rest of a start. */
void bench_ranks_begin(struct bench_ranks *r);
/* Collective: true where ok on every rank; else rank 0 prints a line. */
bool bench_ranks_agree(const struct bench_ranks *r, bool ok);
/* Collective: closes the window where there is one, and MPI. With `lost`, local: ends this process with status 1. */
void bench_ranks_end(struct bench_ranks *r, bool lost);

/* The master of a benchmark: what serve() of master.c does, without its books. */
struct bench_master {
    struct share *share;
    struct optim *optim;
    float lr;
    uint64_t version;
    int64_t frames; /* T; bench server puts its commands there */
    bool count;     /* add the pushes' frames to T */
};
enum { BENCH_DRAIN = 64 };
/* Local: n gradients, taken by share_drain(), through the optimiser; publishes and acks. */
void bench_apply(struct bench_master *m, const struct share_ready *ready, int n);
/* Local: serves until the actor has said bye (or died: 30 s of silence). */
void bench_serve(struct bench_master *m, int actor);

#endif
