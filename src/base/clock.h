/* clock.h -- the one monotonic clock of the program, and sleeping. Local; neither fails. */
#ifndef DUNLIN_BASE_CLOCK_H
#define DUNLIN_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since some start that all processes of a machine share; never set back. */
static inline int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The same in seconds. */
static inline double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A signal ends these early: who must not wake before its time looks at the clock again. */
static inline void clock_sleep_ns(int64_t ns)
{
    const struct timespec t = {ns / 1000000000, ns % 1000000000};
    nanosleep(&t, NULL);
}

static inline void clock_sleep(double seconds)
{
    clock_sleep_ns((int64_t)(seconds * 1e9));
}

#endif
