/* screen.c -- Mnih et al. 2015, "Human-level control through deep reinforcement learning", Methods, "Preprocessing":
 * maximum of two successive frames, luminance, 84 x 84.
 *
 * The resize is the area average, as in Gymnasium's AtariPreprocessing (OpenCV's INTER_AREA); the paper only says
 * "rescale". 160 columns become 84, so in units of 1/21 of a column an output pixel covers 40 and a column 21; 210 rows
 * become 84, so in units of half a row an output covers 5 and a row 2. All weights are whole numbers, and an output is
 * the sum S of weight times grey over 40 * 5: exact, where OpenCV sums rounded floats. The two differ by one level at
 * most, where S / 200 lies at a half.
 */
#include "screen.h"

#include "kernel_screen.h"

bool screen_grey(const uint8_t *colour, const uint8_t *before, int height, const uint16_t table[256], uint8_t *grey,
                 uint64_t *changed)
{
    static bool (*const kernel[])(const uint8_t *, const uint8_t *, int, const uint16_t *, uint8_t *restrict,
                                  uint64_t *) = KERNEL_TABLE(screen_grey);
    return kernel[cpu_isa()](colour, before, height, table, grey, changed);
}

void screen_learn(const uint8_t *colour, const uint8_t *grey, size_t n, uint16_t table[256])
{
    for (size_t i = 0; i < n; i++) table[colour[i]] = grey[i];
}

/* Output i of an axis covers [i * in, (i + 1) * in) where an input covers `out` units (both over their common divisor):
 * the weight of input k in it. */
static int overlap(int i, int k, int in, int out)
{
    const int low = i * in > k * out ? i * in : k * out;
    const int high = (i + 1) * in < (k + 1) * out ? (i + 1) * in : (k + 1) * out;
    return high > low ? high - low : 0;
}

/* Any other height, with weights in units of 1/84 of a row: the same sum, not hurried. */
static void plane_any(const uint8_t *a, const uint8_t *b, int height, uint8_t *plane)
{
    const uint32_t full = (uint32_t)(PERIOD_IN * height);
    for (int i = 0; i < SCREEN_SIDE; i++) {
        uint32_t sum[SCREEN_WIDTH] = {0};
        for (int k = i * height / SCREEN_SIDE; k < height && k * SCREEN_SIDE < (i + 1) * height; k++) {
            const uint32_t w = (uint32_t)overlap(i, k, height, SCREEN_SIDE);
            for (int x = 0; x < SCREEN_WIDTH; x++) {
                const uint8_t p = a[k * SCREEN_WIDTH + x], q = b[k * SCREEN_WIDTH + x];
                sum[x] += w * (p > q ? p : q);
            }
        }
        for (int j = 0; j < SCREEN_SIDE; j++) {
            uint32_t s = full / 2;
            const int first = j * PERIOD_IN / PERIOD_OUT;
            for (int x = first; x < first + TAPS && x < SCREEN_WIDTH; x++)
                s += (uint32_t)overlap(j, x, PERIOD_IN, PERIOD_OUT) * sum[x];
            plane[i * SCREEN_SIDE + j] = (uint8_t)(s / full);
        }
    }
}

void screen_plane(const uint8_t *a, const uint8_t *b, int height, uint64_t changed, uint8_t *plane)
{
    static void (*const bands[])(const uint8_t *, const uint8_t *, uint64_t, uint8_t *) = KERNEL_TABLE(screen_bands);
    if (height == SCREEN_HEIGHT) {
        bands[cpu_isa()](a, b, changed, plane);
    } else if (changed) {
        plane_any(a, b, height, plane);
    }
}
