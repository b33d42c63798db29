/* queue.h -- private to scale.c and model.c: what discrete-event simulation needs, events in order of time and stations
 * where jobs queue. Local; no memory is shared between two agendas. */
#ifndef DUNLIN_MEASURE_QUEUE_H
#define DUNLIN_MEASURE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct job {
    double duration;        /* s */
    int who, stage;         /* what goes on when it is done: the caller's */
    const int64_t *version; /* where not NULL, *seen = *version when the job begins */
    int64_t *seen;
};

/* Servers that take one job at a time each, first come first served. */
struct station {
    int servers, busy;
    double worked;     /* s of all servers, of jobs begun */
    struct job *queue; /* (room) a ring; owner: station_free() */
    int head, count, room;
};

struct event {
    double at;
    uint64_t order; /* of two at the same time, the first put in is the first out */
    struct station *station;
    struct job job;
};

struct agenda {
    double now;
    uint64_t order;
    struct event *heap; /* (room); owner: agenda_free() */
    int count, room;
};

/* A rollout's gradient that waits at rank 0 or at a relay. `more`: the next one is in the same sum. */
struct gradient {
    int64_t version;
    int owner;
    bool more;
};

struct fifo {
    struct gradient *g; /* (room) a ring; owner: free() */
    int head, count, room;
};

void fifo_put(struct fifo *f, struct gradient g);
struct gradient fifo_take(struct fifo *f); /* only where count > 0 */

void station_open(struct station *s, int servers);
void station_free(struct station *s);
void agenda_free(struct agenda *a);

/* `job` is done job->duration from now, without queueing anywhere. */
void agenda_add(struct agenda *a, const struct job *job);
/* The same, by a server of s as soon as one is free; ahead of all who wait, where `first`. */
void station_add(struct agenda *a, struct station *s, const struct job *job, bool first);
/* Goes on to the next job that is done; false where there is none. */
bool agenda_next(struct agenda *a, struct job *done);

#endif
