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
 *   link     rank 0's, full duplex: one transfer after another in each direction, at `bandwidth`, and no more
 *            messages than its rate, all that an actor or a relay sends and asks (costs.h)
 *   cores    of a node: one copy, rollout, pass or relay's job at a time on each, first come first served, rank 0 first
 *   relay    one on every node but rank 0's: goes in rounds, each with all gradients of its actors that wait, or with
 *            their sum once the one before is applied, and with the newest weights if anybody there waits for some; a
 *            fetch behind a relay ends with the round that began after it (src/share/relay.c). What is applied is
 *            heard by a round, or by looks in between. With layout.most a second thread adds meanwhile, actors wait
 *            for neither (src/share/sum.c), and fetch what the node has
 *
 * Assumed: rollouts take `compute` within a quarter, evenly spread; a transfer's bytes, rank 0's work on them and the
 * other end's go on at the same time; half of `latency` lies before the bytes and half behind; nodes are filled one
 * after another, rank 0's first; switches between nodes never fill; caches and memory bandwidth of a node do not get
 * slower with more actors than were there when the costs were measured; a reader is never overtaken by publications. */
#ifndef DUNLIN_MEASURE_SCALE_H
#define DUNLIN_MEASURE_SCALE_H

#include "measure/costs.h"

struct scale_result {
    double rollouts_per_s, updates_per_s; /* the same but where relays sum */
    double lag_mean, lag_p95; /* over updates: updates between fetch and apply, of a sum those of its oldest part */
    /* share of the time that rank 0, its link's directions, the cores of its node (0 where each has its own) and the
     * core of the first relay are at work */
    double master, in, out, cores, relay;
    double adder; /* the same of that relay's thread that adds */
};

/* Simulates until every actor has got into its stride and every one has pushed some times more. Local. */
struct scale_result scale_run(const struct scale_costs *costs, const struct scale_layout *layout);

#endif
