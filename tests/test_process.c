/* test_process.c -- a process is known again, and no later or other one is taken for it; what a child leaves is ended;
 * the time in which the program is stopped is nobody's; the process that ends ranks may be gone itself. */
#include "base/process.h"
#include "testing.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/left.h"
#include "base/watched.h"
#include "job/keeper.h"

/* The clock, `ahead` s before its time from the look at which it is to leap. */
static double ahead;
static int leap_at = -1;
static bool stands; /* it goes on by `ahead` alone */

int clock_gettime(clockid_t clock, struct timespec *t)
{
    if (leap_at >= 0 && leap_at-- == 0) ahead += 1000;
    static struct timespec at;
    const int rc = stands ? 0 : (int)syscall(SYS_clock_gettime, clock, &at);
    *t = at;
    t->tv_sec += (time_t)ahead;
    return rc;
}

/* As fork(), but whom a test that fails leaves behind ends with it. */
static pid_t fork_child(void)
{
    const pid_t pid = fork();
    if (!pid) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/* Comes back once a byte says so. */
static int wait_for_word(void *ends)
{
    char byte;
    return read(((int *)ends)[0], &byte, 1) == 1 ? 7 : 8;
}

static int word_to;

/* At each look of the watcher: the work may come back once the clock has leapt. */
static void wakes(pid_t child)
{
    (void)child;
    if (ahead >= 1000) EXPECT(write(word_to, "x", 1) == 1);
}

/* Ctrl-Z and fg between two looks at the clock. */
static void test_stopped_is_no_hang(void **state)
{
    (void)state;
    const struct watched w = {.what = "the work", .most = 20, .meanwhile = wakes};
    int ends[2];
    EXPECT(!pipe(ends));
    word_to = ends[1];
    leap_at = 3;
    EXPECT(watched_run(&w, wait_for_word, ends, sizeof ends) == 7);
    EXPECT(ahead >= 1000);
    ahead = 0;
    close(ends[0]), close(ends[1]);
}

static void test_hang_is_one(void **state)
{
    (void)state;
    const struct watched w = {.what = "the work", .most = 0.2};
    int ends[2];
    EXPECT(!pipe(ends));
    EXPECT(watched_run(&w, wait_for_word, ends, sizeof ends) == -1 &&
           strstr(error_text(), "the work has not come back"));
    close(ends[0]), close(ends[1]);
}

/* Whoever asks later finds none, and nobody is hit by the broken pipe to it. */
static void test_keeper_gone(void **state)
{
    (void)state;
    EXPECT(keeper_open(1) && keeper_process() > 0);
    const pid_t first = keeper_process();
    kill(first, SIGKILL);
    for (int i = 0; i < 1000 && keeper_process(); i++) usleep(10000);
    EXPECT(!keeper_process());
    keeper_allow(1);
    keeper_close();
    EXPECT(keeper_open(1) && keeper_process() > 0 && keeper_process() != first);
    keeper_allow(2);
    keeper_close();
    EXPECT(!keeper_process());
}

static void test_known_again(void **state)
{
    (void)state;
    const uint64_t mine = process_birth(getpid());
    EXPECT(mine > 0 && process_is(getpid(), mine));
    EXPECT(!process_is(getpid(), mine + 1) && !process_is(getpid(), mine - 1));
    EXPECT(process_birth(1) == 0); /* another program */

    struct process before, named; /* anybody may call a program what looks like the fields behind its name */
    EXPECT(process_look(getpid(), &before) && !prctl(PR_SET_NAME, "x) Z 1 (y"));
    const bool seen = process_look(getpid(), &named);
    EXPECT(!prctl(PR_SET_NAME, before.name) && seen);
    assert_string_equal(named.name, "x) Z 1 (y");
    EXPECT(named.state == 'R' && named.parent == getppid() && named.birth == mine);
}

static void test_gone(void **state)
{
    (void)state;
    int status;
    const pid_t pid = fork_child();
    if (!pid) {
        pause();
        _exit(0);
    }
    const uint64_t birth = process_birth(pid);
    EXPECT(birth >= process_birth(getpid()) && process_is(pid, birth));
    kill(pid, SIGKILL);
    for (int i = 0; i < 1000 && process_is(pid, birth); i++) usleep(10000);
    EXPECT(!process_is(pid, birth)); /* not waited for: a zombie */
    waitpid(pid, &status, 0);
    EXPECT(!process_is(pid, birth) && process_birth(pid) == 0);
}

/* By the id that it told: seen while it lives, gone afterwards; not seen from another place, and then never gone. */
static void test_seen(void **state)
{
    (void)state;
    int ends[2];
    struct process_id id = {0}, none = {0};
    EXPECT(!pipe(ends));
    const pid_t pid = fork_child();
    if (!pid) {
        id = process_self();
        if (write(ends[1], &id, sizeof id) == sizeof id) pause();
        _exit(0);
    }
    EXPECT(read(ends[0], &id, sizeof id) == sizeof id);
    EXPECT(id.pid == pid && process_seen(&id) && !process_gone(&id));
    struct process_id later = id, earlier = id, elsewhere = id;
    later.birth++;
    earlier.birth--;
    elsewhere.place++;
    EXPECT(!process_seen(&later) && process_gone(&later) && !process_seen(&elsewhere));
    EXPECT(!process_seen(&earlier) && process_gone(&earlier)); /* whose number this process has got */
    EXPECT(!process_seen(&none) && !process_gone(&none));
    kill(pid, SIGSTOP);
    EXPECT(process_seen(&id) && !process_gone(&id));
    kill(pid, SIGKILL);
    for (int i = 0; i < 1000 && !process_gone(&id); i++) usleep(10000);
    EXPECT(process_gone(&id) && !process_seen(&id)); /* not waited for: a zombie */
    waitpid(pid, NULL, 0);
    EXPECT(process_gone(&id) && !process_seen(&id));
    close(ends[0]);
    close(ends[1]);
}

static void test_children(void **state)
{
    (void)state;
    struct process p;
    char value[16], own[16]; /* that of this test, as others may run beside it */
    int n, before, status;
    snprintf(own, sizeof own, "%d", (int)getpid());
    free(process_children(getpid(), &before));
    const pid_t pid = fork_child();
    if (!pid) {
        execl("/bin/sh", "sh", "-c", "exec env -i DUNLIN_TEST=$PPID DUNLIN_TEST_B= sleep 100", (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 1000 && !(process_look(pid, &p) && !strcmp(p.name, "sleep")); i++) usleep(10000);
    EXPECT(p.parent == getpid());
    pid_t *pids = process_children(getpid(), &n);
    EXPECT(n == before + 1 && pids[n - 1] == pid);
    free(pids);
    EXPECT(process_variable(pid, "DUNLIN_TEST", value, sizeof value) && !strcmp(value, own));
    EXPECT(process_variable(pid, "DUNLIN_TEST_B", value, sizeof value) && !strcmp(value, ""));
    free(process_all_with("DUNLIN_TEST", own, &n));
    EXPECT(n == 1);
    free(process_all_with("DUNLIN_TEST", "0", &n));
    EXPECT(n == 0);
    EXPECT(!process_variable(pid, "DUNLIN", value, sizeof value) &&
           !process_variable(pid, "HOME", value, sizeof value));
    EXPECT(process_cpu_seconds(getpid()) > 0);
    kill(pid, SIGKILL);
    n = before + 1;
    for (int i = 0; i < 1000 && n != before; i++) {
        free(process_children(getpid(), &n)); /* not waited for: a zombie is none */
        usleep(10000);
    }
    EXPECT(n == before);
    waitpid(pid, &status, 0);
}

/* Of a tree of three the first has gone: both others are ended, and the child from before is not. */
static void test_left(void **state)
{
    struct left left;
    int ends[2], status;
    pid_t pids[2] = {0};
    (void)state;
    EXPECT(pipe(ends) == 0);
    const pid_t before = fork_child();
    if (!before) pause(), _exit(0);
    EXPECT(!process_ends(before));
    left_begin(&left);
    const pid_t pid = fork_child();
    if (!pid) {
        if (!fork()) {
            setsid();
            pids[0] = getpid();
            if (!(pids[1] = fork())) pause();
            if (write(ends[1], pids, sizeof pids) < 0) _exit(1);
            pause();
        }
        _exit(0);
    }
    EXPECT(read(ends[0], pids, sizeof pids) == sizeof pids);
    waitpid(pid, &status, 0);
    EXPECT(kill(pids[0], 0) == 0 && kill(pids[1], 0) == 0);
    stands = clock_seconds() > 0; /* whoever is killed has the time that it takes */
    left_end(&left, false);
    stands = false;
    EXPECT(kill(pids[0], 0) != 0 && kill(pids[1], 0) != 0);
    EXPECT(kill(before, 0) == 0);
    kill(before, SIGKILL);
    for (int i = 0; i < 1000 && !process_ends(before); i++) usleep(10000);
    EXPECT(process_ends(before));
    waitpid(before, &status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* So many more children that have ended, and nobody waits for. */
static void litter(int n)
{
    int dead, before;
    free(process_dead_children(getpid(), &before));
    for (int i = 0; i < n; i++)
        if (!fork_child()) _exit(0);
    do {
        usleep(1000);
        free(process_dead_children(getpid(), &dead));
    } while (dead < before + n);
}

/* How many are left by a look some seconds later, of one who waits for `mine`. */
static int left_by_look(pid_t mine)
{
    int dead;
    ahead += 10;
    children_reap(mine);
    free(process_dead_children(getpid(), &dead));
    return dead;
}

/* The ended are not left for ever, but whom somebody waits for; nor are those taken that a library may still wait for.
 */
static void test_reaps(void **state)
{
    (void)state;
    int status;
    const pid_t told = fork_child();
    if (!told) _exit(7);
    const pid_t mine = fork_child();
    if (!mine) _exit(8);
    stands = clock_seconds() > 0;
    ahead = 2000; /* behind the looks of the tests before */
    children_started(told);
    for (int i = 0; i < 40; i++) children_started(-1 - i); /* the list grows, and he stays on it */
    litter(CHILDREN_DEAD_MOST - 2);
    EXPECT(left_by_look(mine) == CHILDREN_DEAD_MOST);
    EXPECT(left_by_look(mine) == CHILDREN_DEAD_MOST); /* few */
    litter(8);
    children_reap(mine);
    free(process_dead_children(getpid(), &status));
    EXPECT(status == CHILDREN_DEAD_MOST + 8); /* the next look is not due */
    EXPECT(left_by_look(mine) == 2 + 8);      /* those of the look before */
    EXPECT(left_by_look(mine) == 2 + 8);
    litter(2 * CHILDREN_DEAD_MOST);
    EXPECT(left_by_look(mine) == 2 + 2 * CHILDREN_DEAD_MOST);
    EXPECT(left_by_look(mine) == 2);
    EXPECT(waitpid(told, &status, 0) == told && WEXITSTATUS(status) == 7);
    EXPECT(waitpid(mine, &status, 0) == mine && WEXITSTATUS(status) == 8);
    children_waited(told);
    EXPECT(left_by_look(0) == 0);
    stands = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_again), cmocka_unit_test(test_gone),
        cmocka_unit_test(test_seen),        cmocka_unit_test(test_children),
        cmocka_unit_test(test_left),        cmocka_unit_test(test_stopped_is_no_hang),
        cmocka_unit_test(test_hang_is_one), cmocka_unit_test(test_keeper_gone),
        cmocka_unit_test(test_reaps),
    };
    return testing_main(tests);
}
