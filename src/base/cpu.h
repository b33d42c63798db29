/* cpu.h -- one binary for old and new cores: each kernel_NAME.c (src/DIR, env) is compiled once per instruction set
 * with KERNEL_ISA set to v4 (AVX-512), v3 (AVX2 and FMA) or base, names its functions by KERNEL(), and the caller picks
 * at run time. Plain C, with GCC's and clang's vector types where a loop alone is not vectorised well; no intrinsics.
 *
 *   kernel_apply.c:  void KERNEL(apply)(...) {...}
 *   apply.c:         KERNEL_DECLARE(void, apply, (float *x, int n))   declares apply_v4, apply_v3, apply_base
 *                    static void (*const table[])(float *, int) = KERNEL_TABLE(apply);  table[cpu_isa()](x, n); */
#ifndef DUNLIN_BASE_CPU_H
#define DUNLIN_BASE_CPU_H

#include <stdbool.h>

enum cpu_isa { CPU_BASE, CPU_V3, CPU_V4, CPU_ISAS };

#define KERNEL_PASTE_(name, isa) name##_##isa
#define KERNEL_PASTE(name, isa) KERNEL_PASTE_(name, isa)
#define KERNEL(name) KERNEL_PASTE(name, KERNEL_ISA)

#ifdef __x86_64__
#define KERNEL_DECLARE(type, name, args)                                                                               \
    type name##_base args;                                                                                             \
    type name##_v3 args;                                                                                               \
    type name##_v4 args;
#define KERNEL_TABLE(name)                                                                                             \
    {                                                                                                                  \
        name##_base, name##_v3, name##_v4                                                                              \
    }
#else
#define KERNEL_DECLARE(type, name, args) type name##_base args;
#define KERNEL_TABLE(name)                                                                                             \
    {                                                                                                                  \
        name##_base, name##_base, name##_base                                                                          \
    }
#endif

/* The best build this core runs; DUNLIN_ISA=baseline|avx2|avx512 in the environment asks for a lesser one (tests,
 * measurements). */
enum cpu_isa cpu_isa(void);

/* Is DUNLIN_ISA unset, empty or a word of ours, and with `able` one that this core runs (among the nodes of a job some
 * may be older: there it is the best that they have)? 0, or -1 after error_set(). */
int cpu_check(bool able);
/* The same of the word `asked` (NULL: unset) and a core of `able`. */
int cpu_isa_check(const char *asked, enum cpu_isa able);

/* "baseline", "avx2", "avx512". */
const char *cpu_isa_name(enum cpu_isa isa);

/* The best build this core runs, whatever DUNLIN_ISA asks for; one of AVX-512 has all of F, CD, BW, DQ and VL, and the
 * operating system saves its registers. */
enum cpu_isa cpu_able(void);

/* The kind of core that OpenBLAS is to be told, by its names: where `chosen`, which it found by itself, is older than
 * `able`, the best for that; else NULL, also for a name that is not known. amd: of two that are alike the one tuned
 * for AMD. Constant text. */
const char *cpu_blas_core(const char *chosen, enum cpu_isa able, bool amd);

/* Is this an AMD processor? */
bool cpu_is_amd(void);

/* Cores that this process may use, at least 1. */
int cpu_allowed(void);

/* In a loop that looks again and again: leaves the core to its other thread, and power unused. */
static inline void cpu_pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Lets denormal floats be zero in this thread: dead units would decay into them and each costs a hundred cycles. */
void cpu_flush_denormals(void);

#endif
