/* cpu.c -- see cpu.h. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[CPU_ISAS] = {"baseline", "avx2", "avx512"};

const char *cpu_isa_name(enum cpu_isa isa)
{
    return names[isa];
}

static enum cpu_isa detect(void)
{
    enum cpu_isa best = CPU_BASE;
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        best = CPU_V3;
    if (best == CPU_V3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        best = CPU_V4;
#endif
    const char *asked = getenv("DUNLIN_ISA");
    for (int i = 0; asked && i < (int)best; i++)
        if (!strcmp(asked, names[i])) best = (enum cpu_isa)i;
    return best;
}

enum cpu_isa cpu_isa(void)
{
    static int known = -1; /* the same for every caller */
    if (known < 0) known = (int)detect();
    return (enum cpu_isa)known;
}

void cpu_flush_denormals(void)
{
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* FTZ and DAZ */
#endif
}
