/* test_process.c -- a process is known again, and no later or other one is taken for it. */
#include "job/process.h"
#include "testing.h"

#include <signal.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_again),
        cmocka_unit_test(test_gone),
    };
    return testing_main(tests);
}
