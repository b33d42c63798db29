/* queue.c -- see queue.h. The events lie in a binary heap. */
#include "measure/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void fifo_put(struct fifo *f, struct gradient g)
{
    if (f->count == f->room) {
        const int room = f->room ? 2 * f->room : 16;
        struct gradient *more = memory_new((size_t)room, sizeof *more);
        for (int i = 0; f->room && i < f->count; i++) more[i] = f->g[(f->head + i) % f->room];
        free(f->g);
        *f = (struct fifo){.g = more, .count = f->count, .room = room};
    }
    assert(f->room > 0);
    f->g[(f->head + f->count++) % f->room] = g;
}

struct gradient fifo_take(struct fifo *f)
{
    const struct gradient g = f->g[f->head];
    f->head = (f->head + 1) % f->room;
    f->count--;
    return g;
}

void station_open(struct station *s, int servers)
{
    *s = (struct station){.servers = servers, .room = 16};
    s->queue = memory_new((size_t)s->room, sizeof *s->queue);
}

void station_free(struct station *s)
{
    free(s->queue);
    s->queue = NULL;
}

void agenda_free(struct agenda *a)
{
    free(a->heap);
    a->heap = NULL;
}

static bool before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at <= b->at && a->order < b->order);
}

static void put(struct agenda *a, double at, struct station *station, const struct job *job)
{
    if (a->count == a->room) {
        a->room = a->room ? 2 * a->room : 64;
        struct event *more = memory_new((size_t)a->room, sizeof *more);
        if (a->count) memcpy(more, a->heap, (size_t)a->count * sizeof *more);
        free(a->heap);
        a->heap = more;
    }
    const struct event e = {.at = at, .order = a->order++, .station = station, .job = *job};
    int i = a->count++;
    for (; i && before(&e, &a->heap[(i - 1) / 2]); i = (i - 1) / 2) a->heap[i] = a->heap[(i - 1) / 2];
    a->heap[i] = e;
}

static struct event take(struct agenda *a)
{
    const struct event first = a->heap[0], last = a->heap[--a->count];
    int i = 0;
    for (int child; (child = 2 * i + 1) < a->count; i = child) {
        if (child + 1 < a->count && before(&a->heap[child + 1], &a->heap[child])) child++;
        if (!before(&a->heap[child], &last)) break;
        a->heap[i] = a->heap[child];
    }
    a->heap[i] = last;
    return first;
}

void agenda_add(struct agenda *a, const struct job *job)
{
    if (job->version) *job->seen = *job->version;
    put(a, a->now + job->duration, NULL, job);
}

static void begin(struct agenda *a, struct station *s, const struct job *job)
{
    s->busy++;
    s->worked += job->duration;
    if (job->version) *job->seen = *job->version;
    put(a, a->now + job->duration, s, job);
}

void station_add(struct agenda *a, struct station *s, const struct job *job, bool first)
{
    if (s->busy < s->servers) {
        begin(a, s, job);
        return;
    }
    if (s->count == s->room) {
        struct job *more = memory_new(2 * (size_t)s->room, sizeof *more);
        for (int i = 0; i < s->count; i++) more[i] = s->queue[(s->head + i) % s->room];
        free(s->queue);
        s->queue = more;
        s->head = 0;
        s->room *= 2;
    }
    if (first) s->head = (s->head + s->room - 1) % s->room;
    s->queue[first ? s->head : (s->head + s->count) % s->room] = *job;
    s->count++;
}

bool agenda_next(struct agenda *a, struct job *done)
{
    if (!a->count) return false;
    const struct event e = take(a);
    struct station *s = e.station;
    a->now = e.at;
    *done = e.job;
    if (!s) return true;
    s->busy--;
    if (s->count) {
        const struct job next = s->queue[s->head];
        s->head = (s->head + 1) % s->room;
        s->count--;
        begin(a, s, &next);
    }
    return true;
}
