/* cpu.c -- see cpu.h. */
#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const char *const names[CPU_ISAS] = {"baseline", "avx2", "avx512"};

const char *cpu_isa_name(enum cpu_isa isa)
{
    return names[isa];
}

enum cpu_isa cpu_able(void)
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
    return best;
}

/* CPU_ISAS: none of that name. */
static int isa_of(const char *name)
{
    int i = 0;
    while (i < CPU_ISAS && strcmp(name, names[i]) != 0) i++;
    return i;
}

int cpu_isa_check(const char *asked, enum cpu_isa able)
{
    char allowed[64] = "";
    if (!asked || !*asked || isa_of(asked) <= (int)able) return 0;
    for (int i = 0; i <= (int)able; i++) {
        const size_t n = strlen(allowed);
        snprintf(allowed + n, sizeof allowed - n, "%s%s", i ? ", " : "", names[i]);
    }
    return error_set("DUNLIN_ISA is '%.40s'; allowed on this processor: %s", asked, allowed);
}

int cpu_check(bool able)
{
    return cpu_isa_check(getenv("DUNLIN_ISA"), able ? cpu_able() : (enum cpu_isa)(CPU_ISAS - 1));
}

static enum cpu_isa detect(void)
{
    const enum cpu_isa best = cpu_able();
    const char *asked = getenv("DUNLIN_ISA");
    const int isa = asked ? isa_of(asked) : CPU_ISAS;
    return isa < (int)best ? (enum cpu_isa)isa : best;
}

enum cpu_isa cpu_isa(void)
{
    static int known = -1; /* the same for every caller */
    if (known < 0) known = (int)detect();
    return (enum cpu_isa)known;
}

int cpu_allowed(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    return CPU_COUNT(&set);
}

bool cpu_is_amd(void)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_is("amd");
#else
    return false;
#endif
}

/* OpenBLAS's kernels for x86-64 by what they use at most. */
static const struct {
    const char *name;
    enum cpu_isa isa;
} CORES[] = {
    {"Prescott", CPU_BASE},  {"Banias", CPU_BASE},      {"Atom", CPU_BASE},         {"Core2", CPU_BASE},
    {"Penryn", CPU_BASE},    {"Dunnington", CPU_BASE},  {"Nehalem", CPU_BASE},      {"Sandybridge", CPU_BASE},
    {"Nano", CPU_BASE},      {"Athlon", CPU_BASE},      {"Opteron", CPU_BASE},      {"Opteron_SSE3", CPU_BASE},
    {"Barcelona", CPU_BASE}, {"Bobcat", CPU_BASE},      {"Bulldozer", CPU_BASE},    {"Piledriver", CPU_BASE},
    {"Haswell", CPU_V3},     {"Steamroller", CPU_BASE}, {"Excavator", CPU_V3},      {"Zen", CPU_V3},
    {"SkylakeX", CPU_V4},    {"Cooperlake", CPU_V4},    {"SapphireRapids", CPU_V4},
};

const char *cpu_blas_core(const char *chosen, enum cpu_isa able, bool amd)
{
    for (size_t i = 0; i < sizeof CORES / sizeof *CORES; i++)
        if (!strcmp(chosen, CORES[i].name) && CORES[i].isa < able)
            return able == CPU_V4 ? "SkylakeX" : amd ? "Zen" : "Haswell";
    return NULL;
}

void cpu_flush_denormals(void)
{
#ifdef __x86_64__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040); /* FTZ and DAZ */
#endif
}
