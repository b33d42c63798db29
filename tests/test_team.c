/* test_team.c -- threads that share a piece of work, and the optimisers by 1, 2, 3 and 5 of them: the same bits. */
#include "testing.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/team.h"
#include "dunlin/rng.h"
#include "optim/optim.h"

enum { PARTS = 1000 };
static int calls[PARTS];
static volatile float tiny = 1e-38f; /* not known to the compiler */
static float product[PARTS];

static void count(void *arg, int i)
{
    calls[i] += *(int *)arg;
    product[i] = tiny * 0.01f; /* a denormal, or 0 where these are flushed */
}

/* Threads of this process, and those of them that SIGTERM does not reach. */
static int threads_of_all(int *deaf)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;
    *deaf = 0;
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        char path[300], line[256];
        unsigned long long blocked;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", e->d_name);
        FILE *f = *e->d_name == '.' ? NULL : fopen(path, "r");
        n += f != NULL;
        while (f && fgets(line, sizeof line, f))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1) *deaf += blocked >> (SIGTERM - 1) & 1;
        if (f) fclose(f);
    }
    closedir(tasks);
    return n;
}

/* Within half a minute: one that has been joined is listed until it gets a core to end on. */
static bool threads_become(int n, int deaf)
{
    for (int i = 0, d; i < 30000; i++) {
        if (threads_of_all(&d) == n && d == deaf) return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

/* Every part once, round after round, by any number of threads; and as the caller computes. */
static void each_part_once(void **state)
{
    (void)state;
    struct team *first = team_new(2); /* a sanitizer's own thread begins with the first of ours */
    team_free(&first);
    int deaf, before = threads_of_all(&deaf);
    for (int i = 0, d, n; i < 20 || (before > 1 && i < 600); i++) { /* without a sanitizer's there is one */
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        if ((n = threads_of_all(&d)) < before) before = n, deaf = d;
    }
    for (int threads = 1; threads <= 5; threads++) {
        int sum = 0;
        struct team *t = team_new(threads);
        EXPECT(t && team_threads(t) == threads);
        EXPECT(threads_become(before + threads - 1, deaf + threads - 1));
        memset(calls, 0, sizeof calls);
        for (int round = 1; round <= 200; round++) {
            const int parts = round % 3 ? PARTS : round % 5;
            team_run(t, parts, count, &round);
            sum += round;
            for (int i = 0; i < PARTS; i++) EXPECT(calls[i] == (i < parts ? sum : sum - round) || i < 5);
            if (parts < PARTS) /* what was not done in this round */
                for (int i = 0; i < PARTS; i++) calls[i] = sum;
        }
        team_free(&t);
        EXPECT(!t);
    }
    team_free(&(struct team *){NULL});
}

static pthread_barrier_t all;

/* Each part waits for the others, so each is another thread's. */
static void count_together(void *arg, int i)
{
    pthread_barrier_wait(&all);
    count(arg, i);
}

static void computes_as_the_caller(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    struct team *t = team_new(THREADS);
    int one = 1;
    pthread_barrier_init(&all, NULL, THREADS);
    team_run(t, THREADS, count_together, &one);
    for (int i = 0; i < THREADS; i++) EXPECT(product[i] > 0);
    cpu_flush_denormals();
    const float mine = tiny * 0.01f;
    team_run(t, THREADS, count_together, &one);
    for (int i = 0; i < THREADS; i++)
        EXPECT(!memcmp(&product[i], &mine, sizeof mine)); /* by value they are equal now */
    pthread_barrier_destroy(&all);
    team_free(&t);
}

static cpu_set_t where[4];

static void look_where(void *arg, int i)
{
    pthread_barrier_wait(&all);
    pthread_getaffinity_np(pthread_self(), sizeof where[i], &where[i]);
    (void)arg;
}

/* Each of the others has a core of its own where there are enough, and the caller may go on anywhere. */
static void cores_of_their_own(void **state)
{
    (void)state;
    cpu_set_t mine, taken;
    pthread_getaffinity_np(pthread_self(), sizeof mine, &mine);
    for (int threads = 2; threads <= 4; threads++) {
        struct team *t = team_new(threads);
        int bound = 0, as_ever = 0;
        pthread_barrier_init(&all, NULL, (unsigned)threads);
        for (int round = 0; round < 3; round++) team_run(t, threads, look_where, NULL);
        CPU_ZERO(&taken);
        for (int i = 0; i < threads; i++) {
            bound += CPU_COUNT(&where[i]) == 1;
            as_ever += CPU_EQUAL(&where[i], &mine) != 0;
            if (!CPU_EQUAL(&where[i], &mine)) CPU_OR(&taken, &taken, &where[i]);
        }
        if (CPU_COUNT(&mine) >= threads)
            EXPECT(bound == threads - 1 && as_ever == 1 && CPU_COUNT(&taken) == threads - 1);
        else
            EXPECT(as_ever == threads);
        pthread_barrier_destroy(&all);
        team_free(&t);
    }
    cpu_set_t now;
    pthread_getaffinity_np(pthread_self(), sizeof now, &now);
    EXPECT(CPU_EQUAL(&now, &mine));
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Threads without work take no core. */
static void sleeps(void **state)
{
    (void)state;
    struct team *t = team_new(4);
    int one = 1;
    team_run(t, PARTS, count, &one);
    const double before = cpu_seconds();
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    EXPECT(cpu_seconds() - before < 0.05);
    team_free(&t);
}

enum { IN = 90, OUT = 128, AT = 528, AT2 = AT + IN * OUT + 48, IN2 = 60, OUT2 = 112, N = AT2 + IN2 * OUT2 + 272 };
enum { K = 80, ACTORS = 3, DRAINS = 14 };

/* Drains of one to eighty gradients, whole and with factors, in one piece and in several, round buffers: theta and all
 * state as one thread makes them. */
static void same_bits(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 5};
    float *grads = memory_floats((size_t)N * K), *theta[4][2];
    for (int j = 0; j < K; j++)
        for (uint64_t i = 0; i < N; i++) grads[(size_t)j * N + i] = testing_fill((uint64_t)(200 + j), i, 1);
    for (int b = 0; b < 8; b++) theta[b / 2][b % 2] = memory_floats(N);
    for (int kind = 0; optim_row(kind); kind++) {
        const struct optim_config config = {.kind = (enum optim_kind)kind,
                                            .decay = 0.95,
                                            .eps = 0.01,
                                            .start = 0.5,
                                            .momentum = 0.9,
                                            .beta1 = 0.9,
                                            .beta2 = 0.999,
                                            .adam_eps = 1e-8,
                                            .wide = {.at = {{AT, IN, OUT, 0}, {AT2, IN2, OUT2, 0}}}};
        struct optim *o[4];
        for (int t = 0; t < 4; t++) {
            o[t] = optim_new(&config, N, ACTORS);
            assert_int_equal(optim_threads(o[t], threads[t]), 0);
            for (uint64_t i = 0; i < N; i++) theta[t][0][i] = testing_fill(199, i, 1);
        }
        for (int d = 0; d < DRAINS; d++) {
            struct optim_grad gr[K];
            const int k = d == 6 ? K : 1 + d % 5 * 7, from = d % 2;
            for (int j = 0; j < k; j++) {
                const int factors = optim_row(kind)->factors && d % 4 != 3 && j % 5 ? 1 + j % 7 : 0;
                float *x = grads + (size_t)j * N + AT;
                for (int i = 0; factors && i < IN * factors; i++) /* inputs that were 0 in every row */
                    if (i % IN % 3 == d % 3) x[i] = 0;
                for (int i = 0; factors && i < IN2 * factors; i++)
                    if (i % IN2 % 4 == d % 4) x[AT2 - AT + i] = 0;
                gr[j] = (struct optim_grad){grads + (size_t)j * N, j % 3 ? 1 : 0.37f, 0.01f, j % ACTORS, factors};
            }
            for (int t = 0; t < 4; t++) {
                const float *in = theta[t][from];
                float *out = theta[t][!from];
                optim_buffers(o[t], from, !from);
                if (t == 2) assert_int_equal(optim_threads(o[t], 1 + (d + 2) % 4), 0); /* as rank 0 tries them */
                if (d % 3 || k > 64)
                    optim_apply(o[t], in, out, gr, k);
                else
                    for (size_t at = 0, n; at < N; at += n) {
                        n = optim_piece(o[t], at, 9000);
                        optim_apply_part(o[t], in, out, gr, k, at, n);
                    }
                EXPECT(!memcmp(out, theta[0][!from], N * sizeof *out));
                for (int s = 0; s < optim_sets(o[t]) && d % 5 == 4; s++)
                    for (int b = 0; b < optim_blocks(optim_row(kind)); b++)
                        EXPECT(!memcmp(optim_state(o[t], s, b), optim_state(o[0], s, b), N * sizeof *out));
            }
        }
        EXPECT(memcmp(theta[0][0], theta[0][1], N * sizeof(float)));
        for (int t = 0; t < 4; t++) optim_free(&o[t]);
    }
    for (int b = 0; b < 8; b++) free(theta[b / 2][b % 2]);
    free(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_once),     cmocka_unit_test(computes_as_the_caller),
        cmocka_unit_test(cores_of_their_own), cmocka_unit_test(sleeps),
        cmocka_unit_test(same_bits),
    };
    return testing_main(tests);
}
