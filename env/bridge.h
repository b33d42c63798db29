/* bridge.h -- a Python process that holds environments for this one: started by posix_spawn, spoken to over two pipes,
 * its observations in memory that both share, and a deadline for every answer. Whatever dies or hangs in there is an
 * error of a call here, after which bridge_start() starts another. Local; one thread. */
#ifndef DUNLIN_ENV_BRIDGE_H
#define DUNLIN_ENV_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum bridge_what { BRIDGE_MAKE = 1, BRIDGE_RESET, BRIDGE_STEP, BRIDGE_DROP, BRIDGE_DRAW, BRIDGE_LOOP };
/* BRIDGE_LOOP: as many steps of a slot in a plain loop, step i with action (i * MIX mod 2^32 >> 16) mod num_actions */
enum { BRIDGE_LOOP_STEPS = 512, BRIDGE_LOOP_MIX = 40503 };
enum { BRIDGE_TERMINATED = 1, BRIDGE_TRUNCATED = 2 };
enum { BRIDGE_SLOTS = 1026 }; /* environments at most; a message about all is written at once, below PIPE_BUF bytes */

/* The shared memory's first bytes, written by the process. Places are bytes from its start, of arrays with a row for
 * each environment ("slot"). */
struct bridge_head {
    uint32_t picture;                   /* observations are bytes [height][width][planes], else float[obs_dim] */
    uint32_t obs_dim;                   /* 0 for pictures */
    uint32_t height, width, planes;     /* as the environment draws, of any size */
    uint32_t num_actions;               /* an action is an int64 from 0 */
    uint32_t action_dim;                /* or so many floats */
    uint32_t action_parts;              /* or so many int64 */
    uint32_t drawn_height, drawn_width; /* of what BRIDGE_DRAW draws, RGB; 0: nothing */
    uint32_t slots;
    uint32_t coloured; /* its planes are colours, which make grey */
    int64_t max_steps; /* 0: none is known */
    int64_t action_at, action_bytes;
    int64_t obs_at, obs_bytes;
    int64_t reward_at;    /* double */
    int64_t flags_at;     /* uint8_t */
    int64_t seed_at;      /* int64_t, read by BRIDGE_RESET */
    int64_t constants_at; /* float: centre, scale (obs_dim each), low, high (action_dim each), parts (action_parts) */
    int64_t drawn_at;
    int64_t bytes; /* in all */
};

struct bridge_order {   /* what is to be started; the texts are borrowed for the life of the bridge */
    const char *python; /* a path, or a name that is looked for in PATH */
    const char *name;   /* ID, MODULE:ID or FILE.py:FUNCTION, with ?key=value&... */
    int frame_skip;     /* times that an action is played, 1 or more */
    bool render;        /* pictures will be asked for */
    double timeout;     /* s that an answer may take; a start, and to make an instance, twice that, 120 at least */
};

struct bridge {
    struct bridge_order order;
    pid_t pid;                               /* 0: none runs */
    uint64_t birth;                          /* of the process that runs: another number for each; 0: none runs */
    uint64_t births;                         /* so far */
    int request, spare, reply, said, memory; /* bridge_spawn.h */
    int death;                               /* a pidfd, or -1 */
    uint8_t *map;                            /* (head.bytes) of `memory` */
    struct bridge_head head;                 /* of the first start, whose answers stand; head.bytes 0: not yet */
    char note[2048];                         /* what it left out, as it told at the first start; "" */
    char line[512], last[512];               /* that it prints now; printed last, or the fatal one */
    size_t line_bytes;
    int lines;        /* that were passed on */
    bool fatal;       /* `last` names a crash, and stays */
    char fault[1024]; /* what the last failure was */
};

/* Starts the process where none runs, and maps its memory. 0, or -1 with one line in b->fault: Python or a module is
 * missing, the name is none, a space cannot be mapped, its start took too long, or it answers other sizes than at its
 * first start. */
int bridge_start(struct bridge *b);

/* Tells the process: `what` for n slots, and waits. 0; -1 where it has died, failed or been too slow: then it has
 * ended, and b->fault says why. */
int bridge_call(struct bridge *b, enum bridge_what what, const uint16_t *slots, int n);

/* Ends the process, if there is one: at once where it does nothing of its own. */
void bridge_stop(struct bridge *b);

#endif
