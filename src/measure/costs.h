/* costs.h -- what the model of scale (scale.h) is told: what each thing costs, and how the actors are placed. Times are
 * seconds, sizes bytes. */
#ifndef DUNLIN_MEASURE_COSTS_H
#define DUNLIN_MEASURE_COSTS_H

#include <stdbool.h>
#include <stdint.h>

enum { SCALE_APPLIES = 5 }; /* measured with 1, 2, 4, 8, 16 waiting */
/* Messages of an actor by itself, as src/share/push.c and fetch.c send them: a push is facts, its word, and the
 * gradient, which is in so many pieces (grad.h); a fetch asks for board and reply, the line and the floats, board and
 * reply, and the word again. Of a Put one goes to rank 0, of a Get a question goes there and an answer comes back. */
enum { SCALE_PUSH_MESSAGES = 2, SCALE_FETCH_MESSAGES = 7 };

/* Where it is not measured or given. Two threads are 1.9 times as fast as one with factors, 1.8 times with whole
 * gradients of which eight or more wait (tests/bench/README.md). A look at a line that no core has written since the
 * last one takes 3 ns. Assumed: a million messages a second, as of TCP; 0.06 of a gradient is significant. */
static const double SCALE_SERIAL = 0.05, SCALE_SERIAL_WHOLE = 0.11, SCALE_SCAN = 3e-9, SCALE_MESSAGE = 1e-6,
                    SCALE_SIGNIFICANT = 0.06; /* shares, and s */

struct scale_costs {
    double compute;     /* of a core: a rollout and its gradient */
    double fetch, push; /* of a core: weights in shared memory (borrowed there, or copied), a gradient into it */
    double apply[SCALE_APPLIES]; /* of rank 0, per gradient, with 1, 2, 4, 8, 16 waiting */
    double serial;               /* share of `apply` that more threads of rank 0 do not share */
    double scan;         /* of rank 0, per actor and pass: a look whether its mailbox is full, where it is not */
    double wake;         /* from a push to the beginning of its pass, rank 0 asleep */
    double bandwidth;    /* of rank 0's link, bytes/s each way; 0: no limit */
    double message;      /* of that link, per message, however short; 0: none */
    double latency;      /* of a remote fetch or push without its bytes */
    double serve, drive; /* of rank 0's core and of the other end's, per remote byte */
    /* what the wire makes of it */
    double fetch_bytes, push_bytes;
    double encode,
        decode; /* of a relay's core, of rank 0's: a gradient to the wire's form and back (zero for float32) */
    double sum; /* of a relay: adding one gradient to another */
    int pieces; /* that a gradient is put in; 0: one */
};

struct scale_layout {
    int actors;
    int per_node;  /* actors on a node, rank 0's too */
    int cores;     /* of a node; 0: one for each actor and one for rank 0 or the relay */
    bool idle;     /* actors sleep instead of computing */
    bool far;      /* actors on rank 0's node too take the way of remote ones */
    bool relays;   /* on the other nodes */
    bool sum;      /* relays send sums */
    int most;      /* gradients of one, taken at once; 0: an actor waits until rank 0 has answered */
    int threads;   /* of rank 0; 0: one */
    bool even;     /* every rollout takes exactly `compute` (tests) */
    uint64_t seed; /* of the spread */
};

static inline double scale_serial_said(bool factors)
{
    return factors ? SCALE_SERIAL : SCALE_SERIAL_WHOLE;
}

static inline int scale_push_messages(const struct scale_costs *c)
{
    return SCALE_PUSH_MESSAGES + (c->pieces ? c->pieces : 1);
}

struct scale_messages {
    int in, out;
};

/* A relay's round with so many gradients or sums, of so many of its actors, as src/share/relay.c and messages.c send
 * it: facts and words of each sender; with weights a pin and its end, and the line, floats and sequence; the board, the
 * snapshot's line and the reply of every actor. Episodes and posts are rarer, and left out. */
static inline struct scale_messages scale_round_messages(const struct scale_costs *c, int gradients, int senders,
                                                         int actors, bool weights)
{
    const int gets = (weights ? 3 : 0) + 2 + actors;
    return (struct scale_messages){
        .in = gradients * (c->pieces ? c->pieces : 1) + 2 * senders + (weights ? 2 : 0) + gets, .out = gets};
}

#endif
