/* test_process.c -- a process is known again, and no later or other one is taken for it. */
#include "base/process.h"
#include "testing.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_known_again(void **state)
{
    (void)state;
    const uint64_t mine = process_birth(getpid());
    EXPECT(mine > 0 && process_is(getpid(), mine) && !process_is(getpid(), mine + 1));
    EXPECT(process_birth(1) == 0); /* another program */
}

static void test_gone(void **state)
{
    (void)state;
    int status;
    const pid_t pid = fork();
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
    const pid_t pid = fork();
    if (!pid) {
        id = process_self();
        if (write(ends[1], &id, sizeof id) == sizeof id) pause();
        _exit(0);
    }
    EXPECT(read(ends[0], &id, sizeof id) == sizeof id);
    EXPECT(id.pid == pid && process_seen(&id) && !process_gone(&id));
    struct process_id later = id, elsewhere = id;
    later.birth++;
    elsewhere.place++;
    EXPECT(!process_seen(&later) && process_gone(&later) && !process_seen(&elsewhere));
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
    char value[16];
    int n, before, status;
    free(process_children(getpid(), &before));
    const pid_t pid = fork();
    if (!pid) {
        execl("/bin/sh", "sh", "-c", "exec env -i DUNLIN_TEST=7 DUNLIN_TEST_B= sleep 100", (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 1000 && !(process_look(pid, &p) && !strcmp(p.name, "sleep")); i++) usleep(10000);
    EXPECT(p.parent == getpid());
    pid_t *pids = process_children(getpid(), &n);
    EXPECT(n == before + 1 && pids[n - 1] == pid);
    free(pids);
    EXPECT(process_variable(pid, "DUNLIN_TEST", value, sizeof value) && !strcmp(value, "7"));
    EXPECT(process_variable(pid, "DUNLIN_TEST_B", value, sizeof value) && !strcmp(value, ""));
    free(process_all_with("DUNLIN_TEST", "7", &n));
    EXPECT(n == 1);
    free(process_all_with("DUNLIN_TEST", "8", &n));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_again),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_children),
    };
    return testing_main(tests);
}
