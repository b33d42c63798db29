/* test_cpu.c -- which kind of core OpenBLAS is told, from the one it found and what the processor can do. */
#include "base/cpu.h"
#include "base/error.h"
#include "testing.h"

static void expect_core(const char *chosen, enum cpu_isa able, bool amd, const char *better)
{
    const char *found = cpu_blas_core(chosen, able, amd);
    if (strcmp(found ? found : "kept", better) != 0)
        fail_msg("%s with %s: %s", chosen, cpu_isa_name(able), found ? found : "kept");
}

static void test_older_cores(void **state)
{
    (void)state;
    static const char *const old[] = {"Prescott", "Core2", "Nehalem", "Sandybridge", "Barcelona", "Bulldozer"};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        expect_core(old[i], CPU_V4, false, "SkylakeX");
        expect_core(old[i], CPU_V4, true, "SkylakeX");
        expect_core(old[i], CPU_V3, false, "Haswell");
        expect_core(old[i], CPU_V3, true, "Zen");
        expect_core(old[i], CPU_BASE, false, "kept");
        expect_core(old[i], CPU_BASE, true, "kept");
    }
    expect_core("Haswell", CPU_V4, false, "SkylakeX");
    expect_core("Zen", CPU_V4, true, "SkylakeX");
}

static void test_kept_cores(void **state)
{
    (void)state;
    static const char *const avx2[] = {"Haswell", "Zen", "Excavator"};
    static const char *const avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    for (int isa = CPU_BASE; isa <= CPU_V3; isa++)
        for (size_t i = 0; i < 3; i++) expect_core(avx2[i], (enum cpu_isa)isa, isa & 1, "kept");
    for (int isa = CPU_BASE; isa < CPU_ISAS; isa++)
        for (size_t i = 0; i < 3; i++) expect_core(avx512[i], (enum cpu_isa)isa, isa & 1, "kept");
    expect_core("a core of tomorrow", CPU_V4, false, "kept");
    expect_core("", CPU_V4, false, "kept");
}

static void test_able_is_no_less_than_chosen(void **state)
{
    (void)state;
    EXPECT(cpu_able() >= cpu_isa());
}

static void test_words_of_isa(void **state)
{
    (void)state;
    EXPECT(!cpu_isa_check(NULL, CPU_BASE) && !cpu_isa_check("", CPU_BASE));
    for (int able = CPU_BASE; able < CPU_ISAS; able++)
        for (int isa = CPU_BASE; isa < CPU_ISAS; isa++)
            EXPECT(!cpu_isa_check(cpu_isa_name((enum cpu_isa)isa), (enum cpu_isa)able) == (isa <= able));
    static const char *const none[] = {"base", "AVX2", "avx", "avx2 ", "best"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        EXPECT(cpu_isa_check(none[i], CPU_V3));
        EXPECT(strstr(error_text(), none[i]) && strstr(error_text(), "allowed on this processor: baseline, avx2"));
        EXPECT(!strstr(error_text(), "avx512"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_cores),
        cmocka_unit_test(test_kept_cores),
        cmocka_unit_test(test_able_is_no_less_than_chosen),
        cmocka_unit_test(test_words_of_isa),
    };
    return testing_main(tests);
}
