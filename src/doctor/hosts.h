/* hosts.h -- what is judged: facts of all ranks, and which ranks are on one host. Local. */
#ifndef DUNLIN_DOCTOR_HOSTS_H
#define DUNLIN_DOCTOR_HOSTS_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "doctor/facts.h"

/* What training takes of a host's memory, in bytes. */
struct doctor_want {
    double window, least;     /* of it in /dev/shm; at least, where every actor copies the weights */
    double bytes, most;       /* all; what takes most of it */
    const char *what, *lower; /* that, and the options by which it takes less */
    double checkpoints;       /* of the disk, for the run's */
    char refused[512];        /* "", or why a process may not take what it needs (rank 0's host) */
};

/* Facts of (n) ranks, in order of rank. */
struct doctor_plan {
    const struct doctor_facts *facts; /* (n) */
    int n;
    int actors;                     /* that a run would have */
    const struct doctor_want *want; /* (n) of the host of each */
    bool alone;                     /* facts of one process that is not under a launcher */
};

static inline bool same_host(const struct doctor_facts *a, const struct doctor_facts *b)
{
    assert(a && b);
    return !strcmp(a->host, b->host);
}

/* Is entry i the first of its host? */
static inline bool is_first(const struct doctor_plan *p, int i)
{
    for (int r = 0; r < i; r++)
        if (same_host(&p->facts[r], &p->facts[i])) return false;
    return true;
}

static inline int count_hosts(const struct doctor_plan *p)
{
    int n = 0;
    for (int r = 0; r < p->n; r++) n += is_first(p, r);
    return n;
}

static inline int cpu_count(const uint64_t mask[DOCTOR_CPUS / 64])
{
    int n = 0;
    for (int i = 0; i < DOCTOR_CPUS / 64; i++) n += __builtin_popcountll(mask[i]);
    return n;
}

/* "ranks 0-3,8" of a host; "this process" alone. */
void list_ranks(const struct doctor_plan *p, const struct doctor_facts *host, char *text, size_t size);

#endif
