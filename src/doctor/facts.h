/* facts.h -- what one process can see of its machine: fixed size, sent as bytes between ranks of one build. */
#ifndef DUNLIN_DOCTOR_FACTS_H
#define DUNLIN_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stdint.h>

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
    char blas[96], core_type[32], core_before[32]; /* core_before: chosen by OpenBLAS, not kept; "": kept */
    char kernels[16], kernels_forced[16];
    bool ale, gnuplot;
    int roms;
    char ale_error[256];
    char mujoco[32], mujoco_error[256]; /* "MuJoCo 3.3.7"; "": not there, and why */
    /* network: up, IPv4, not loopback */
    int nets;
    struct doctor_net {
        char name[16];
        uint32_t address, mask; /* host order */
    } net[DOCTOR_NETS];
    /* of the MPI library: mpi.h */
    char yield[8], osc[64], btl[64], single_copy[16], if_include[64], if_exclude[96];
    int copy_error;      /* errno of reading a neighbour's memory; -1: no neighbour */
    char unresolved[64]; /* a host of the job whose name means nothing here */
    bool no_relays;      /* the library does not let another thread call it */
    int mangled;         /* messages that came changed */
};

/* Local: all but those of the MPI library. */
void doctor_facts(struct doctor_facts *f);

/* Is there such a program on the PATH? Local. */
bool doctor_on_path(const char *program);

#endif
