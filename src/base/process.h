/* process.h -- the one reader of /proc/PID: who a process is, whose child, and what it was given. Its number alone may
 * be a later one's, days afterwards, and in another container means another process. Local. */
#ifndef DUNLIN_BASE_PROCESS_H
#define DUNLIN_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    char name[32]; /* of its program, cut by Linux to 15 bytes */
    char state;    /* R, S, D, T ...; Z: it has ended and is not waited for */
    pid_t parent;
    uint64_t birth; /* ticks since the start of the machine */
};

/* False where there is no process pid. */
bool process_look(pid_t pid, struct process *p);

/* When process pid, of this program, began, in ticks since the start of the machine; 0 where there is none, or another
 * program. */
uint64_t process_birth(pid_t pid);
/* Does the process that began then still run. */
bool process_is(pid_t pid, uint64_t birth);

/* What others need to look a process up; it travels between them as bytes. */
struct process_id {
    int64_t pid;    /* 0: it cannot be looked up */
    uint64_t birth; /* as process.birth */
    uint64_t place; /* the same where one machine gives the numbers of processes: host, boot and pid namespace */
};

/* This process; pid 0 where /proc is another place's, or is not there. */
struct process_id process_self(void);
/* Of a process that told its id: can it be looked up from here, and does it live. Where this is false no later look
 * says anything: its silence must be judged. */
bool process_seen(const struct process_id *id);
/* Of one that was seen: has it ended since. Never of one with pid 0. */
bool process_gone(const struct process_id *id);

/* Of one that told its id, perhaps long ago, to a file: was it one of this place's, and has it ended? */
bool process_ended(const struct process_id *id);

/* The *n living processes that began with KEY=VALUE in their environment, as process_children(). Those of others, whose
 * environment is not shown, are none. */
pid_t *process_all_with(const char *key, const char *value, int *n);

/* The *n living processes whose parent is `parent`, malloc'd, the caller's; NULL where there is none. */
pid_t *process_children(pid_t parent, int *n);
/* The same of those that have ended and that it has not waited for. */
pid_t *process_dead_children(pid_t parent, int *n);

/* The *n living processes that descend from `of`, the nearest first, as process_children(). */
pid_t *process_descendants(pid_t of, int *n);

/* Whether the environment that a process began with says `key`, and its value, cut to fit. False also where this user
 * may not know. */
bool process_variable(pid_t pid, const char *key, char *value, size_t size);

/* Has it been killed, or has it begun to end, so that it needs no other signal: what dies with its parent is seen for a
 * moment longer. */
bool process_ends(pid_t pid);

/* What it has computed so far, s; 0 where that is not told. */
double process_cpu_seconds(pid_t pid);

#endif
