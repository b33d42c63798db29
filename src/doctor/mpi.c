/* mpi.c -- see mpi.h. */
#include "doctor/mpi.h"

#include <errno.h>
#include <mpi.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/memory.h"
#include "share/check.h"

enum { MESSAGE = 1 << 20, TAG_RING = 7 };

/* The value of one of the library's variables as text; "" where it has none of that name. */
static void variable(const char *name, char *value, size_t size)
{
    int index, count, n = 0, verbosity, bind, scope, description = 0;
    MPI_Datatype type;
    MPI_T_enum names;
    MPI_T_cvar_handle handle;
    char text[4096] = "";
    value[0] = 0;
    if (MPI_T_cvar_get_index(name, &index)) return;
    if (MPI_T_cvar_get_info(index, NULL, &n, &verbosity, &type, &names, NULL, &description, &bind, &scope)) return;
    if (MPI_T_cvar_handle_alloc(index, NULL, &handle, &count)) return;
    if (type == MPI_CHAR && count < (int)sizeof text && !MPI_T_cvar_read(handle, text)) {
        snprintf(value, size, "%.*s", (int)size - 1, text);
    } else if (count == 1) { /* int, or a truth value of fewer bytes; with names where they have some */
        int number = 0, items = 0;
        if (!MPI_T_cvar_read(handle, text)) memcpy(&number, text, sizeof number);
        snprintf(value, size, "%d", number);
        if (names == MPI_T_ENUM_NULL || MPI_T_enum_get_info(names, &items, NULL, &(int){0})) items = 0;
        for (int i = 0; i < items; i++) {
            int of = 0, length = sizeof text;
            if (!MPI_T_enum_get_item(names, i, &of, text, &length) && of == number)
                snprintf(value, size, "%.*s", (int)size - 1, text);
        }
    }
    MPI_T_cvar_handle_free(&handle);
}

void doctor_mpi_facts(struct doctor_facts *f)
{
    int provided;
    MPI_Query_thread(&provided);
    f->no_relays = provided < MPI_THREAD_SERIALIZED;
    /* never ended: MPICH 4.3.2 frees then what its collectives go on reading [tried] */
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided)) return;
    variable("mpi_yield_when_idle", f->yield, sizeof f->yield);
    variable("osc", f->osc, sizeof f->osc);
    variable("btl", f->btl, sizeof f->btl);
    variable("btl_vader_single_copy_mechanism", f->single_copy, sizeof f->single_copy);
    variable("btl_tcp_if_include", f->if_include, sizeof f->if_include);
    variable("btl_tcp_if_exclude", f->if_exclude, sizeof f->if_exclude);
}

static unsigned char pattern(int rank, size_t i)
{
    return (unsigned char)((size_t)rank * 37 + i * 101 + i / 251);
}

/* A message that is long enough for every way there is, from each rank to the next. */
static void try_messages(struct doctor_facts *f, int rank, int size)
{
    unsigned char *out = memory_new(MESSAGE, 1), *in = memory_new(MESSAGE, 1);
    const int next = (rank + 1) % size, before = (rank + size - 1) % size;
    for (size_t i = 0; i < MESSAGE; i++) out[i] = pattern(rank, i);
    CHECK_MPI(MPI_Sendrecv(out, MESSAGE, MPI_BYTE, next, TAG_RING, in, MESSAGE, MPI_BYTE, before, TAG_RING,
                           MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    for (size_t i = 0; i < MESSAGE && !f->mangled; i++) f->mangled = in[i] != pattern(before, i);
    free(out);
    free(in);
}

/* What the library's single copies between processes of a node do. */
static void try_neighbour(struct doctor_facts *f, int rank, int size)
{
    struct place {
        char host[64];
        int64_t pid;
        uint64_t address;
    } mine = {.pid = f->pid}, *all = memory_new((size_t)size, sizeof *all);
    const uint64_t word = 0x646f63746f72; /* read by a neighbour before the barrier below */
    uint64_t got = 0;
    memcpy(mine.host, f->host, sizeof mine.host);
    mine.address = (uint64_t)(uintptr_t)&word;
    CHECK_MPI(MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD));
    for (int i = 1; i < size; i++) {
        const struct place *p = &all[(rank + i) % size];
        if (strcmp(p->host, f->host)) continue;
        struct iovec here = {&got, sizeof got}, there = {(void *)(uintptr_t)p->address, sizeof got};
        const ssize_t n = process_vm_readv((pid_t)p->pid, &here, 1, &there, 1, 0);
        f->copy_error = n == (ssize_t)sizeof got && got == word ? 0 : n < 0 ? errno : EIO;
        break;
    }
    CHECK_MPI(MPI_Barrier(MPI_COMM_WORLD));
    for (int i = 0; i < size && !f->unresolved[0]; i++) {
        struct addrinfo *found = NULL;
        if (i && !strcmp(all[i].host, all[i - 1].host)) continue;
        if (getaddrinfo(all[i].host, NULL, NULL, &found))
            memcpy(f->unresolved, all[i].host, sizeof f->unresolved);
        else
            freeaddrinfo(found);
    }
    free(all);
}

void doctor_mpi_try(struct doctor_facts *f, int rank, int size)
{
    f->rank = rank;
    if (size > 1) try_messages(f, rank, size);
    try_neighbour(f, rank, size);
}
