/* scripted.h -- private to server.c and scripted.c: how the measuring master and its synthetic actors talk. */
#ifndef DUNLIN_BENCH_SCRIPTED_H
#define DUNLIN_BENCH_SCRIPTED_H

#include "measure/made.h"
#include "share/share.h"

/* The master's order stands in the T it publishes: id << 8 | what; an order holds until another is published. */
enum order {
    ORDER_REST = 0,
    ORDER_FACTORS = 128, /* 1 .. 127: so many actors push once; with this added: factors */
    ORDER_MEASURE = 255  /* actor 0 */
};

/* What actor 0 measured, its post's bytes (SHARE_POST_EVAL). Medians. */
struct scripted_figures {
    double copy, push, fetch; /* s for the parameters: memcpy, memcpy to the mailbox and push, fetch */
    double wake, floor;       /* s: push to ack with the master asleep; a bare futex there and back */
    int64_t samples;
};

/* Rank > 0: obeys until the master stops. One-sided. factored: the form of those it pushes when told to push
 * factors. 0, or -1 after error_set(). */
int scripted_run(struct share *share, const struct grad_form *factored, double seconds);

#endif
