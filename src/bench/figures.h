/* figures.h -- what `dunlin bench` can measure: one function for each WHAT, in the file of its name. Slices of
 * everything that is compared alternate, and a figure is the median over its slices, so that what a neighbour on the
 * machine takes hits both sides of a ratio alike. All print their figures on stdout and return a status: 0, 1 failed, 2
 * wrong usage. */
#ifndef DUNLIN_BENCH_FIGURES_H
#define DUNLIN_BENCH_FIGURES_H

#include "bench/words.h"
#include "setup/setup.h"

int bench_net(const struct bench *b);   /* local: the network against the floating-point and memory bounds of a core */
int bench_whole(const struct bench *b); /* local: whole trainings, side by side */
int bench_scale(const struct bench *b); /* a simulation of many actors from measured costs; collective where a launcher
                                         * has started it: then its ranks are the sleeping actors (scale_idle.h) */
int bench_scale_check(const struct bench *b); /* its words: 0, or -1 after error_set() */

/* Collective over MPI_COMM_WORLD, MPI_Init included. */
int bench_actor(const struct bench *b);                      /* one actor-learner against the bare emulator */
int bench_bridge(const struct setup *setup, double seconds); /* of it, local: a Python environment against a plain loop
                                                              * of Python. 0, or -1 after error_set() */
int bench_server(const struct bench *b);                     /* the master: apply, push, fetch, waking up, idling */
int bench_link(const struct bench *b); /* push and fetch between two nodes against plain messages */

#endif
