/* messages.h -- private to src/share: what a relay sends for the actors of its node. All one-sided, of the relay's
 * thread, but for opening and closing. */
#ifndef DUNLIN_SHARE_MESSAGES_H
#define DUNLIN_SHARE_MESSAGES_H

#include "share/layout.h"

/* One actor of the node, here in lane l of the node's window, there actor `actor`. */
struct lane {
    int actor;
    uint64_t sent, acked;  /* there: sequence of its last gradient sent, and of the last that rank 0 gave back */
    bool sending;          /* one is being sent in this round */
    uint64_t reply[WORDS]; /* there, as of the last look */
    uint64_t told[WORDS];  /* its words there, as told */
    uint64_t telling[WORDS];
    uint64_t head;                                             /* entries of its ring sent */
    uint64_t taken[SHARE_POST_KINDS], posts[SHARE_POST_KINDS]; /* the words of its last posts sent; their count there */
    struct facts facts;
    float *rest;  /* (params) kept for the next message; NULL where nothing is packed, or another lane's counts */
    void *packed; /* (wire_room() of the weights, and the moments) */
};

struct messages {
    struct share *here, *there; /* borrowed: the window of this node, and rank 0's */
    int lanes;
    struct lane *lane;                  /* (lanes) */
    void *post;                         /* room for the largest */
    float *sum;                         /* (params) of SHARE_COMBINE_SUM; else NULL, and */
    struct sum *waiting;                /* with combine_most in its place */
    uint64_t gradients, gradient_bytes; /* sent */
};

/* Local: the memory that messages_open() takes, of a node whose window has this map. */
size_t messages_bytes(const struct share_config *c, const struct map *map, int lanes);
/* Local: memory for actors[0 .. lanes) of all. Owner: messages_close(). */
void messages_open(struct messages *m, struct share *here, struct share *there, const int *actors, int lanes);
void messages_close(struct messages *m);
/* Puts what only counts once a word of messages_words() says so. False: there was nothing. */
bool messages_write(struct messages *m);
/* Puts the changed words of every lane. */
void messages_words(struct messages *m);
/* The round is over: all of it is there. */
void messages_sent(struct messages *m);
bool messages_wait(const struct messages *m); /* something could be sent now */
/* Every actor has left, with this word or a later one, and rank 0 has been told. */
bool messages_done(const struct messages *m, uint64_t bye);

#endif
