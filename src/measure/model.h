/* model.h -- private to scale.c (the simulation): a simulated cluster at a moment: its queues, its clients, and what
 * was counted. Local. */
#ifndef DUNLIN_MEASURE_MODEL_H
#define DUNLIN_MEASURE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "dunlin/rng.h"
#include "measure/costs.h"
#include "measure/queue.h"
#include "share/share.h"

enum { MODEL_LAGS = 1 << 16 };

/* An actor, or the relay of a node. */
struct client {
    int node;
    int64_t seen;        /* the version of its weights; of one that fetches: of those under way */
    double in, out;      /* bytes of the present transfer to rank 0, and from there */
    int asks, answers;   /* messages of it, the same */
    int parts;           /* of it, still under way */
    bool fetches;        /* an actor: its direction */
    bool owes;           /* its mailbox is taken */
    bool waits;          /* until it is free */
    bool applied, heard; /* behind a relay: what is in it is, at rank 0; that a round has learnt of it */
    /* of a relay */
    int64_t weights; /* the version its node reads */
    bool busy;
    int sending, wishes;          /* gradients and waiting actors of the present round */
    int messages;                 /* gradients and sums of it */
    int under_way, read, unheard; /* gradients and sums not applied yet: now, when the round read, as last told */
    double moved, looked, due;    /* when anything went on; the last round read; the next look is due */
    bool look_comes;              /* a LOOK_DUE is under way */
    double worked;                /* s of a core */
    bool adding, wants;           /* with layout.most: one is being added; somebody has asked for newer weights */
    double added;                 /* s of a core, the thread that adds */
};

struct model {
    const struct scale_costs *c;
    const struct scale_layout *l;
    struct agenda agenda;
    struct rng rng;
    int nodes;
    struct client *client; /* (actors + nodes): relays behind the actors, the one of node n is actors + n */
    struct station *cores; /* (nodes) */
    struct station in, out;
    struct fifo *ready; /* (nodes) gradients that wait; [0]: at rank 0, others: at the relay */
    struct fifo *held;  /* (nodes) with layout.most: gradients in the sum that waits */
    struct fifo *wish;  /* (nodes) actors that wait for weights of their relay's */
    int *serving;       /* (actors + nodes) clients whose transfers rank 0 has to serve, a ring */
    int serve_head, serve_count;
    bool up;       /* rank 0 is at work or on its way there */
    double worked; /* s, rank 0 */
    double credit; /* s that transfers may take before the next pass */
    int64_t version, rollouts, updates;
    int64_t sums;     /* applied, with layout.most */
    struct fifo pass; /* what the present pass applies */
    int64_t *lags;    /* (MODEL_LAGS) updates by their lag, the last: or more */
    double lag_sum;
};

/* Everybody at rest, no event to come. costs and layout are borrowed. Owner: model_close(). */
void model_open(struct model *m, const struct scale_costs *costs, const struct scale_layout *layout);
void model_close(struct model *m);

/* What is counted, is counted from here on. */
void model_forget(struct model *m);
/* The lag that `share` of the updates do not exceed. */
int model_lag_at(const struct model *m, double share);

#endif
