/* process.h -- is a process still the one that was seen? Its number alone may be a later one's,
 * days afterwards. Local. */
#ifndef DUNLIN_JOB_PROCESS_H
#define DUNLIN_JOB_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When process pid, of this program, began, in ticks since the start of the machine; 0 where there is none, or another
 * program. */
uint64_t process_birth(pid_t pid);
/* Does the process that began then still run. */
bool process_is(pid_t pid, uint64_t birth);

#endif
