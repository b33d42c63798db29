/* bridge_spawn.h -- starting a Python process that no launcher of MPI knows of. Local. */
#ifndef DUNLIN_ENV_BRIDGE_SPAWN_H
#define DUNLIN_ENV_BRIDGE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct bridge_spawned {
    pid_t pid;
    int request, reply, said; /* to its requests; from its replies; from its standard output and error */
    int spare;                /* the other end of request: while it is open a write to a dead process is no SIGPIPE */
    int memory;               /* shared, one page of zeroes; it makes it longer */
};

/* `python` with the embedded program and these words, in a process group of its own, without descriptors of ours and
 * without what launchers have put into the environment. The descriptors are the caller's. 0, or -1 with a line. */
int bridge_spawn(struct bridge_spawned *s, const char *python, const char *const *words, int n, char *err,
                 size_t err_size);

#endif
