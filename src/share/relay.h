/* relay.h -- private to src/share: the state of a relay (relay.c) and what it sends (letters.c). */
#ifndef DUNLIN_SHARE_RELAY_H
#define DUNLIN_SHARE_RELAY_H

#include <pthread.h>

#include "share/layout.h"

/* One actor of the node, here in lane l of the node's window, there actor `actor`. */
struct lane {
    int actor;
    uint64_t sent, acked; /* sequence of its last gradient sent, and of the last that rank 0 gave back */
    bool letter;          /* one is being sent in this round */
    uint64_t desk[WORDS]; /* there, as of the last look */
    uint64_t door[WORDS]; /* there, as told */
    uint64_t telling[WORDS];
    uint64_t head;                                             /* entries of its ring sent */
    uint64_t taken[SHARE_POST_KINDS], posts[SHARE_POST_KINDS]; /* the words of its last posts sent; their count there */
    struct facts facts;
    float *rest;  /* (params) kept for the next message; NULL where nothing is packed, or another lane's counts */
    void *packed; /* (wire_room()) */
};

/* Weights of one kind, on their way here. */
enum { THETA, TARGET, SNAPSHOT, KINDS };
struct coming {
    bool asked;
    uint64_t word;       /* of the board (theta, target), or the sequence (snapshot), that named them */
    size_t from, to;     /* there, and here */
    uint64_t count_here; /* of the buffer's sequence */
    uint64_t line[WORDS], after;
    int64_t since; /* theta: when the look began that named them */
    uint64_t need; /* theta: the target publication that was there by then */
};

struct relay {
    struct share *here, there;
    int lanes;
    struct lane *lane; /* (lanes) */
    pthread_t thread;
    _Atomic bool going, closing, done;
    bool joined;

    uint64_t board[WORDS], snapshot[WORDS]; /* there, as of the last look */
    int64_t looking, looked;                /* when the look under way, the last one, began */
    int64_t fresh;                          /* nothing newer than `current` was there then */
    int64_t moved;                          /* when anything last went on */

    struct coming coming[KINDS];
    uint64_t current, target; /* words of the board there whose weights are told here */
    uint64_t targets, shot;   /* targets taken; the id of the snapshot here */
    int index;                /* the buffer here of the weights that come or are held */
    bool held;                /* theta is here and waits for what must be told before it */
    uint64_t pins;            /* so far; each is a new value */
    bool snapshot_wanted;

    void *post; /* room for the largest */
    float *sum; /* (params) of SHARE_COMBINE_SUM */
    struct share_traffic traffic;
};

/* letters.c; all one-sided, of the relay's thread */

void letters_open(struct relay *r); /* memory; owner: letters_close() */
void letters_close(struct relay *r);
/* Puts what only counts once a word of letters_door() says so. False: there was nothing. */
bool letters_write(struct relay *r);
/* Puts the changed words of a lane. */
void letters_door(struct relay *r, struct lane *lane);
/* The round is over: all of it is there. */
void letters_sent(struct relay *r);
bool letters_wait(const struct relay *r); /* something could be sent now */
bool letters_done(const struct relay *r); /* every actor has left, and rank 0 has been told */

#endif
