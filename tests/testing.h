/* testing.h -- what each test program starts with: cmocka, and a main that works on any number of ranks.
 * A program lists its tests and calls testing_main(); it prints one "ok N - name" or "not ok N - name" line per test
 * (TAP). Under mpirun every rank runs every test; what a rank other than 0 prints is shown only
 * when it fails. */
#ifndef DUNLIN_TESTING_H
#define DUNLIN_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above, as cmocka asks */
#include <cmocka.h>

#define EXPECT(cond) assert_true(cond)

/* |a - b| <= tol, with the figures shown where it fails. */
#define EXPECT_NEAR(a, b, tol)                                                                                         \
    do {                                                                                                               \
        const double near_a_ = (double)(a), near_b_ = (double)(b), near_tol_ = (double)(tol);                          \
        if (!(near_a_ - near_b_ <= near_tol_ && near_b_ - near_a_ <= near_tol_))                                       \
            fail_msg("%s is %.9g, %s is %.9g, apart by more than %.3g", #a, near_a_, #b, near_b_, near_tol_);          \
    } while (0)

/* fill() and pixels() of tests/data/make_parity.py, bit for bit. */
static inline uint64_t testing_mix(uint64_t x)
{
    uint64_t z = x + 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}
static inline float testing_fill(uint64_t seed, uint64_t i, double scale)
{
    return (float)(scale * (2.0 * ((double)(testing_mix((seed << 32) + i) >> 40) / 16777216.0) - 1.0));
}
static inline uint8_t testing_pixel(uint64_t seed, uint64_t i)
{
    return (uint8_t)(testing_mix((seed << 32) + i) >> 56);
}

/* Where tests/data lies: DUNLIN_TEST_DATA, or tests/data below the present folder. */
static inline const char *testing_data(const char *file)
{
    static char path[1024];
    const char *dir = getenv("DUNLIN_TEST_DATA");
    snprintf(path, sizeof path, "%s/%s", dir ? dir : "tests/data", file);
    return path;
}

/* Removes a test's scratch folder and all in it; 0, or what the shell says. */
static inline int testing_remove(const char *dir)
{
    char command[192];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

/* A whole file: its n bytes, malloc'd with 64 more behind them to change it in. The caller's. */
static inline unsigned char *testing_slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    EXPECT(!fseek(f, 0, SEEK_END));
    const long length = ftell(f);
    EXPECT(length >= 0 && !fseek(f, 0, SEEK_SET));
    unsigned char *bytes = malloc((size_t)length + 64);
    assert_non_null(bytes);
    *n = fread(bytes, 1, (size_t)length, f);
    fclose(f);
    return bytes;
}

/* Makes path a file of these n bytes. */
static inline void testing_spill(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    EXPECT(fwrite(bytes, 1, n, f) == n);
    EXPECT(!fclose(f));
}

#define testing_main(tests) testing_run((tests), sizeof(tests) / sizeof((tests)[0]))

static inline int testing_run(const struct CMUnitTest *tests, size_t n)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
}

#endif
