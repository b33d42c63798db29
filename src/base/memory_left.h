/* memory_left.h -- how much memory can still be had, and how much is taken. Local. */
#ifndef DUNLIN_BASE_MEMORY_LEFT_H
#define DUNLIN_BASE_MEMORY_LEFT_H

#include <stdbool.h>

/* What can still be had, and what says so: of this node (MemAvailable of the kernel, or what this process's control
 * group has left), and of addresses by this process (ulimit -v, -d). INFINITY where nothing is said. */
struct memory_room {
    double bytes;
    const char *of;
};
struct memory_room memory_of_node(void);
struct memory_room memory_of_process(void);

/* Bytes of the machine's memory, or of this process's control group where that may have less; 0 where the system does
 * not say. */
double memory_of_machine(void);

/* Resident bytes of this process, or of its children together. */
double memory_taken(bool children);

#endif
