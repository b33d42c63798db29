/* sharing.h -- what the tests of src/share have in common: rank 0 plays the master, the others are actors.
 *
 * A rank that stopped in the middle of a test would leave the others waiting, so CHECK only counts, and agree() at
 * the end of each test lets all ranks pass or fail together. An alarm ends what hangs. */
#ifndef DUNLIN_TESTS_SHARING_H
#define DUNLIN_TESTS_SHARING_H

#include "testing.h"

#include <mpi.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "share/share.h"

static int sharing_bad, sharing_rank, sharing_size;

#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond) && sharing_bad++ < 5) log_rank("%s:%d: %s does not hold", __FILE__, __LINE__, #cond);              \
    } while (0)

static inline void agree(void)
{
    int all = 0;
    MPI_Allreduce(&sharing_bad, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    sharing_bad = 0;
    EXPECT(all == 0);
}

/* The sum over all ranks, on every rank. Not while a share is open: its relays may be at work. */
static inline int64_t total(int64_t mine)
{
    int64_t sum = 0;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return sum;
}

/* Three nodes where there are ranks for it, of which one has rank 0 and an actor; two, or one, where
 * there are fewer. */
static inline int pretended_nodes(void)
{
    return sharing_size < 3 ? sharing_size : sharing_size < 5 ? 2 : 3;
}

static inline void sleep_us(long us)
{
    const struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

/* Every entry of x (n) is this value. */
static inline int all_are(const float *x, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != (float)value) return 0;
    return 1;
}

static inline void fill(float *x, size_t n, double value)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)value;
}

/* The master's last steps; an actor's is share_bye(). Then both close. */
static inline void finish(struct share **s)
{
    if (sharing_rank == 0)
        CHECK(share_wait_bye(*s, 60) == 0);
    else
        share_bye(*s);
    share_close(s);
    CHECK(*s == NULL);
    agree();
}

static inline int sharing_run(const struct CMUnitTest *tests, size_t n)
{
    share_before_mpi();
    int level = 0;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &sharing_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &sharing_size);
    log_set_rank(sharing_rank);
    alarm(550); /* before tests/run.sh ends what hangs; not before what is only slow */
    const int failed = testing_run(tests, n);
    MPI_Finalize();
    return failed;
}
#define sharing_main(tests) sharing_run((tests), sizeof(tests) / sizeof((tests)[0]))

#endif
