/* doctor.h -- `dunlin doctor [what dunlin train would be given]`: what this machine or allocation would trip over.
 *
 * One line for each finding, on stdout:  ok NAME: what  |  warn NAME: what; mend: line  |  fail NAME: what; mend: line
 *
 *   doctor.c         words; alone: starts itself under mpirun as `dunlin train` would, and watches over it
 *   ranks.c          under a launcher: gathers facts, tries messages and a real window, and reports, as rank 0
 *   facts.c          what one process can see of its machine
 *   mpi.c            how the MPI library is set, and messages between ranks
 *   judge.c          from facts of all ranks to findings: pure functions
 *   folder.c         the folder that runs would go to
 *   scale.c          how many actors would pay here, by the model of scale.h
 */
#ifndef DUNLIN_DOCTOR_DOCTOR_H
#define DUNLIN_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/bench.h"
#include "measure/idle.h"

/* argv stands behind the subcommand. Alone, or collective over all ranks (MPI_Init included). Status: 0 nothing would
 * fail, 1 something would, 2 wrong usage. */
int doctor_main(int argc, char **argv);

/* ---- findings ---- */

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };
struct doctor {
    FILE *out; /* borrowed */
    int count[3];
};
/* One line. mend is NULL for DOCTOR_OK alone; what: a format. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *name, const char *mend, const char *what, ...)
    __attribute__((format(printf, 5, 6)));
/* The last line; returns the status. */
int doctor_verdict(struct doctor *d);

/* ---- facts of one process: fixed size, sent as bytes between ranks of one build ---- */

enum { DOCTOR_CPUS = 1024, DOCTOR_NETS = 12 };
struct doctor_facts {
    int rank;
    int64_t pid;
    char host[64], build[80];
    /* cores */
    int online, quota_percent, load_percent; /* cores of the machine; of a core, 0: no quota */
    uint64_t mask[DOCTOR_CPUS / 64];         /* those this process may use */
    /* limits; bytes, -1: unlimited or not known */
    int64_t shm_free, memory, files, files_hard, locked, tmp_free;
    bool tmp_writable, infiniband, root;
    char tmp[128];
    /* libraries */
    char blas[96], core_type[32], kernels[16], kernels_forced[16];
    bool ale, mujoco, gnuplot;
    int roms;
    char ale_error[256];
    /* network: up, IPv4, not loopback */
    int nets;
    struct doctor_net {
        char name[16];
        uint32_t address, mask; /* host order */
    } net[DOCTOR_NETS];
    /* doctor_mpi.c */
    char yield[8], osc[64], btl[64], single_copy[16], if_include[64], if_exclude[96];
    int copy_error;      /* errno of reading a neighbour's memory; -1: no neighbour */
    char unresolved[64]; /* a host of the job whose name means nothing here */
    bool no_relays;      /* the library does not let another thread call it */
    int mangled;         /* messages that came changed */
};

/* Local. */
void doctor_facts(struct doctor_facts *f);
/* Local, after MPI_Init: how the library is set. */
void doctor_mpi_facts(struct doctor_facts *f);
/* Collective: messages in a ring, memory of a neighbour, names of all hosts. */
void doctor_mpi_try(struct doctor_facts *f, int rank, int size);

/* ---- findings from facts: (n) ranks, in order of rank ---- */

struct doctor_plan {
    const struct doctor_facts *facts; /* (n) */
    int n;
    int actors;    /* that a run would have */
    size_t params; /* of its network */
    bool alone;    /* facts of one process that is not under a launcher */
};
void doctor_judge_start(struct doctor *d, const struct doctor_plan *p);   /* build, hosts, root, tmp */
void doctor_judge_cores(struct doctor *d, const struct doctor_plan *p);   /* cores, binding, load, yield, blas */
void doctor_judge_memory(struct doctor *d, const struct doctor_plan *p);  /* shm, memory, files, locked */
void doctor_judge_mpi(struct doctor *d, const struct doctor_plan *p);     /* settings, messages, single copies */
void doctor_judge_network(struct doctor *d, const struct doctor_plan *p); /* names, interfaces; several hosts only */
void doctor_judge_pieces(struct doctor *d, const struct doctor_plan *p, bool atari); /* ale, mujoco, gnuplot */

/* ---- other findings; rank 0 or alone, local ---- */

/* dir: where runs would go, "" for runs/; params: floats of a network. Leaves nothing behind. */
void doctor_folder(struct doctor *d, const char *dir, size_t params);

struct doctor_setup {
    struct option_set set;
    struct setup setup; /* open where ok */
    bool ok;
};
/* The environment and network that training would open. 0, or -1 after a finding. */
int doctor_open(struct doctor *d, struct doctor_setup *s);
/* How many actors pay. near: costs on rank 0's node (NULL: not measured); far: over the slowest link (NULL: none). */
void doctor_scale(struct doctor *d, struct doctor_setup *s, int actors, const struct idle_costs *near,
                  const struct idle_costs *far, int per_node);

/* Under a launcher: all of the above on every rank. Collective. Status. */
int doctor_ranks(struct option_set *set);

#endif
