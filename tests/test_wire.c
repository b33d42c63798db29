/* test_wire.c -- gradients packed for the network: what is sent and what is kept add up to what was given. */
#include "testing.h"

#include <math.h>

#include "nn_isa.h"
#include "share/wire.h"

enum { N = 4096 };

static float rest[N], grad[N], got[N];
static unsigned char bytes[N * 4];

/* Like a gradient: most entries small, a few large. */
static float entry(uint64_t seed, uint64_t i)
{
    const float x = testing_fill(seed, i, 1);
    return x * x * x * x * x;
}

static void clear(void)
{
    memset(rest, 0, sizeof rest);
    memset(bytes, 0xa5, sizeof bytes);
}

static void bf16_rounds_to_nearest(void **state)
{
    (void)state;
    const float given[] = {1, -1.5F, 1 + 1.0F / 256, 1 + 3.0F / 256, 1 + 1.0F / 200, 3e-39F, 65504, -0.0F};
    const float want[] = {1, -1.5F, 1, 1 + 4.0F / 256, 1 + 2.0F / 256, 3e-39F, 65536, -0.0F};
    clear();
    memcpy(rest, given, sizeof given);
    assert_int_equal(wire_pack(SHARE_WIRE_BF16, rest, 16, bytes), 32);
    wire_unpack(SHARE_WIRE_BF16, bytes, 32, got, 16);
    for (int i = 0; i < 8; i++) {
        if (i == 5)
            EXPECT(fabsf(got[i] - want[i]) < 1e-40F);
        else
            EXPECT(got[i] == want[i]);
        EXPECT(fabsf(rest[i] - (given[i] - got[i])) == 0);
    }
}

static void bf16_keeps_its_error(void **state)
{
    (void)state;
    static double given[N], sent[N];
    clear();
    for (uint64_t k = 0; k < 200; k++) {
        for (size_t i = 0; i < N; i++) {
            grad[i] = entry(k, i);
            given[i] += 0.5 * (double)grad[i];
        }
        wire_add(rest, grad, 0.5F, N);
        const size_t n = wire_pack(SHARE_WIRE_BF16, rest, N, bytes);
        assert_int_equal(n, wire_room(SHARE_WIRE_BF16, N));
        wire_unpack(SHARE_WIRE_BF16, bytes, n, got, N);
        for (size_t i = 0; i < N; i++) {
            sent[i] += (double)got[i];
            EXPECT(fabsf(rest[i]) <= fabsf(got[i]) / 256);
        }
    }
    for (size_t i = 0; i < N; i++) EXPECT_NEAR(sent[i] + (double)rest[i], given[i], 1e-5);
}

static void significant_entries_go_whole(void **state)
{
    (void)state;
    static double given[N], sent[N];
    size_t most = 0, sum = 0;
    clear();
    for (uint64_t k = 0; k < 200; k++) {
        double square = 0;
        for (size_t i = 0; i < N; i++) {
            grad[i] = entry(k, i);
            given[i] += (double)grad[i];
        }
        wire_add(rest, grad, 1, N);
        for (size_t i = 0; i < N; i++) square += (double)rest[i] * (double)rest[i];
        const float rms2 = (float)(2 * sqrt(square / N));
        const size_t n = wire_pack(SHARE_WIRE_SIGNIFICANT, rest, N, bytes);
        EXPECT(n <= wire_room(SHARE_WIRE_SIGNIFICANT, N) && bytes[n] == 0xa5);
        most = n > most ? n : most;
        sum += n;
        wire_unpack(SHARE_WIRE_SIGNIFICANT, bytes, n, got, N);
        memset(bytes, 0xa5, sizeof bytes);
        for (size_t i = 0; i < N; i++) {
            sent[i] += (double)got[i];
            EXPECT(got[i] == 0 || (rest[i] == 0 && fabsf(got[i]) >= 0.999F * rms2));
            EXPECT(fabsf(rest[i]) <= 1.001F * rms2);
        }
    }
    for (size_t i = 0; i < N; i++) EXPECT_NEAR(sent[i] + (double)rest[i], given[i], 1e-4);
    EXPECT(sum / 200 < N * 4 / 4 && most <= N / 8 + N); /* a quarter of the bytes, and never more than was promised */
}

/* None is twice the root mean square, yet all of it travels in the end; of nothing, nothing. */
static void alike_entries_go_too(void **state)
{
    (void)state;
    static double sent[N];
    clear();
    for (size_t i = 0; i < N; i++) rest[i] = i % 2 ? 3 : -3;
    for (int k = 0; k < 4; k++) {
        const size_t n = wire_pack(SHARE_WIRE_SIGNIFICANT, rest, N, bytes);
        assert_int_equal(n, N / 8 + N / 4 * 4);
        wire_unpack(SHARE_WIRE_SIGNIFICANT, bytes, n, got, N);
        for (size_t i = 0; i < N; i++) sent[i] += (double)got[i];
    }
    for (size_t i = 0; i < N; i++) EXPECT(sent[i] == (i % 2 ? 3 : -3) && rest[i] == 0);
    assert_int_equal(wire_pack(SHARE_WIRE_SIGNIFICANT, rest, N, bytes), N / 8);
}

/* More marks than entries, or fewer bytes than promised. */
static void broken_bytes_do_no_harm(void **state)
{
    (void)state;
    static float guarded[N + 32];
    const enum share_wire wires[] = {SHARE_WIRE_BF16, SHARE_WIRE_SIGNIFICANT, (enum share_wire)77};
    for (size_t w = 0; w < 3; w++) {
        for (size_t count = 0; count < 2000; count += 37) {
            unsigned char *exact = malloc(count + 1); /* where the sanitizer sees a read too far */
            EXPECT(exact != NULL);
            if (!exact) return;
            memset(exact, 0xff, count + 1);
            guarded[N] = 42;
            wire_unpack(wires[w], exact, count, guarded, N);
            EXPECT(guarded[N] == 42);
            free(exact);
        }
    }
}

/* One float less than was sent: the last one is not there, whatever lies behind the bytes. */
static void cut_short(void **state)
{
    (void)state;
    clear();
    for (size_t i = 0; i < N; i += 64) rest[i] = (float)(i + 1);
    memset(bytes, 0x3f, sizeof bytes);
    const size_t n = wire_pack(SHARE_WIRE_SIGNIFICANT, rest, N, bytes);
    wire_unpack(SHARE_WIRE_SIGNIFICANT, bytes, n, got, N);
    int sent = 0;
    size_t last = 0;
    for (size_t i = 0; i < N; i++)
        if (got[i] != 0) sent++, last = i;
    assert_int_equal(n, N / 8 + 4 * (size_t)sent);
    static const size_t less[] = {4, 3, 1};
    for (size_t k = 0; k < 3; k++) {
        wire_unpack(SHARE_WIRE_SIGNIFICANT, bytes, n - less[k], got, N);
        for (size_t i = 0; i < N; i++) sent -= got[i] != 0;
        EXPECT(sent == 1 && got[last] == 0);
        for (size_t i = 0; i < N; i++) sent += got[i] != 0;
    }
}

int main(void)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(bf16_rounds_to_nearest),       cmocka_unit_test(bf16_keeps_its_error),
                                 cmocka_unit_test(significant_entries_go_whole), cmocka_unit_test(alike_entries_go_too),
                                 cmocka_unit_test(broken_bytes_do_no_harm),      cmocka_unit_test(cut_short)};
    return nn_main(tests);
}
