/* scale.h -- a model of scale: how fast many actors on many nodes would be, and what would hold them back. Pure
 * functions of costs; no MPI, no clock, no files. Times are seconds, sizes bytes.
 *
 * Discrete events over a closed network of queues (the classical machine-repairman model, Reiser and Lavenberg 1980,
 * with what this system has besides: batches, publications, relays):
 *
 *   actor    fetch -> compute -> wait until its mailbox is free -> push -> fetch ...
 *   rank 0   takes all gradients that wait (at most 64), applies them, publishes once, frees their mailboxes; sleeps
 *            where none waits and takes `wake` to get up; serves remote transfers in between, for as long as a pass
 *            took where both wait
 *   link     rank 0's, full duplex: one transfer after another in each direction, at `bandwidth`
 *   cores    of a node: one copy, rollout, pass or relay's job at a time on each, first come first served, rank 0 first
 *   relay    one on every node but rank 0's: goes in rounds, each with all gradients of its actors that wait, or with
 *            their sum once the one before is applied, and with the newest weights if anybody there waits for some; a
 *            fetch behind a relay ends with the round that began after it (src/share/relay.c)
 *
 * Assumed: rollouts take `compute` within a quarter, evenly spread; a transfer's bytes, rank 0's work on them and the
 * other end's go on at the same time; half of `latency` lies before the bytes and half behind; nodes are filled one
 * after another, rank 0's first; switches between nodes never fill; caches and memory bandwidth of a node do not get
 * slower with more actors than were there when the costs were measured; a reader is never overtaken by publications. */
#ifndef DUNLIN_MEASURE_SCALE_H
#define DUNLIN_MEASURE_SCALE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCALE_APPLIES = 5 }; /* measured with 1, 2, 4, 8, 16 waiting */

struct scale_costs {
    double compute;     /* of a core: a rollout and its gradient */
    double fetch, push; /* of a core: weights in shared memory (borrowed there, or copied), a gradient into it */
    double apply[SCALE_APPLIES]; /* of rank 0, per gradient, with 1, 2, 4, 8, 16 waiting */
    double wake;                 /* from a push to the beginning of its pass, rank 0 asleep */
    double bandwidth;            /* of rank 0's link, bytes/s each way; 0: no limit */
    double latency;              /* of a remote fetch or push without its bytes */
    double serve, drive;         /* of rank 0's core and of the other end's, per remote byte */
    /* what the wire makes of it */
    double fetch_bytes, push_bytes;
    double encode,
        decode; /* of a relay's core, of rank 0's: a gradient to the wire's form and back (zero for float32) */
    double sum; /* of a relay: adding one gradient to another */
};

struct scale_layout {
    int actors;
    int per_node;  /* actors on a node, rank 0's too */
    int cores;     /* of a node; 0: one for each actor and one for rank 0 or the relay */
    bool idle;     /* actors sleep instead of computing */
    bool far;      /* actors on rank 0's node too take the way of remote ones */
    bool relays;   /* on the other nodes */
    bool sum;      /* relays send sums */
    bool even;     /* every rollout takes exactly `compute` (tests) */
    uint64_t seed; /* of the spread */
};

struct scale_result {
    double rollouts_per_s, updates_per_s; /* the same but where relays sum */
    double lag_mean, lag_p95;             /* updates between fetch and apply, of a rollout's gradient */
    /* share of the time that rank 0, its link's directions, the cores of its node (0 where each has its own) and the
     * core of the first relay are at work */
    double master, in, out, cores, relay;
};

/* Simulates until every actor has got into its stride and every one has pushed some times more. Local. */
struct scale_result scale_run(const struct scale_costs *costs, const struct scale_layout *layout);

/* What becomes the limit first. */
enum scale_limit { SCALE_NO_LIMIT, SCALE_RANK0, SCALE_LINK, SCALE_RELAY, SCALE_CORES, SCALE_LAG };
const char *scale_limit_name(enum scale_limit limit); /* "none", "rank 0", "link", ... */

/* Rollouts/s if nobody ever waited for anybody: one near actor's rate times those on rank 0's node or behind a relay,
 * one far actor's times the others. The cores of a node (where given) still count. Local. */
double scale_ideal(const struct scale_costs *costs, const struct scale_layout *layout);

/* What limits a result: less than 0.9 of the ideal, and then what is busiest; else a mean lag above lag_most. Local. */
enum scale_limit scale_judge(const struct scale_result *r, double ideal, double lag_most);

/* The smallest number of actors (to a twentieth) from which on there is a limit, with *limit and the result *at there;
 * SCALE_NO_LIMIT and `most` where there is none up to `most`. layout->actors is not used. Local. */
int scale_knee(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most,
               enum scale_limit *limit, struct scale_result *at);

/* The same by hand, from the asymptotic bounds of a closed network: where what the actors would ask for, if nobody
 * waited, is more than rank 0, its link in either direction or one relay can do, or the lag (one update per actor; with
 * sums one per relay) more than lag_most. */
int scale_bound(const struct scale_costs *costs, const struct scale_layout *layout, double lag_most, int most);

#endif
