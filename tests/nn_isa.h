/* nn_isa.h -- runs a test program once per instruction set of this core: cpu_isa() is fixed for a process, so the
 * program starts itself anew with DUNLIN_ISA set, and each test's name says which build of the kernels it met. */
#ifndef DUNLIN_TESTS_NN_ISA_H
#define DUNLIN_TESTS_NN_ISA_H

#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "testing.h"

static inline int nn_run_here(struct CMUnitTest *tests, size_t n)
{
    static char names[64][128];
    if (n > 64 || strcmp(getenv("DUNLIN_ISA"), cpu_isa_name(cpu_isa()))) {
        printf("not ok 1 - DUNLIN_ISA=%s runs %s\n", getenv("DUNLIN_ISA"), cpu_isa_name(cpu_isa()));
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%s, %s", tests[i].name, cpu_isa_name(cpu_isa()));
        tests[i].name = names[i];
    }
    return testing_run(tests, n);
}

static inline int nn_run_every_isa(struct CMUnitTest *tests, size_t n)
{
    int failed = 0;
    if (getenv("DUNLIN_ISA")) return nn_run_here(tests, n);
    for (int isa = 0; isa <= (int)cpu_isa(); isa++) {
        int status = 0;
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            setenv("DUNLIN_ISA", cpu_isa_name((enum cpu_isa)isa), 1);
            execl("/proc/self/exe", "test", (char *)NULL);
            _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) failed = 1;
    }
    return failed;
}

#define nn_main(tests) nn_run_every_isa((tests), sizeof(tests) / sizeof((tests)[0]))

#endif
