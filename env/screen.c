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

#include <string.h>

enum {
    PERIOD_IN = 40, /* columns, that become ... */
    PERIOD_OUT = 21,
    PERIODS = SCREEN_WIDTH / PERIOD_IN,
    TAPS = 3,    /* columns that an output touches, at most */
    BAND_IN = 5, /* rows, that become ... */
    BAND_OUT = 2,
    LANES = BAND_OUT * PERIODS,
    FULL = PERIOD_IN * BAND_IN, /* weight of an output at 210 rows */
};

bool screen_grey(const uint8_t *colour, size_t n, const uint16_t table[256], uint8_t *grey)
{
    /* pictures are mostly runs of one colour: eight pixels that equal the eight before need no look-up */
    uint64_t last = 0, out = 0;
    unsigned seen = 0;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t now;
        memcpy(&now, colour + i, 8);
        if (i == 0 || now != last) {
            uint8_t eight[8];
            for (int k = 0; k < 8; k++) {
                const unsigned v = table[colour[i + k]];
                seen |= v;
                eight[k] = (uint8_t)v;
            }
            memcpy(&out, eight, 8);
            last = now;
        }
        memcpy(grey + i, &out, 8);
    }
    return seen < SCREEN_UNKNOWN;
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

/* One band of 210 rows: the weighted sums of its rows for both outputs, columns still apart, at most 5 * 255. */
static void band_rows(const uint8_t *restrict a, const uint8_t *restrict b, uint16_t sum[BAND_OUT][SCREEN_WIDTH])
{
    for (int x = 0; x < SCREEN_WIDTH; x++) {
        unsigned v[BAND_IN];
        for (int k = 0; k < BAND_IN; k++) {
            const uint8_t p = a[k * SCREEN_WIDTH + x], q = b[k * SCREEN_WIDTH + x];
            v[k] = p > q ? p : q;
        }
        sum[0][x] = (uint16_t)(2 * v[0] + 2 * v[1] + v[2]);
        sum[1][x] = (uint16_t)(v[2] + 2 * v[3] + 2 * v[4]);
    }
}

/* The same columns of all periods and both rows stand side by side, so that one weight serves LANES sums at a time;
 * FULL * 255 and the half that rounds fit 16 bits. */
static void band_columns(uint16_t sum[BAND_OUT][SCREEN_WIDTH], uint16_t weight[PERIOD_OUT][TAPS], uint8_t *plane)
{
    uint16_t in[PERIOD_IN + 1][LANES], out[PERIOD_OUT][LANES];
    for (int i = 0; i < PERIOD_IN; i++)
        for (int l = 0; l < LANES; l++) in[i][l] = sum[l / PERIODS][l % PERIODS * PERIOD_IN + i];
    memset(in[PERIOD_IN], 0, sizeof in[PERIOD_IN]); /* the last output's third tap, of weight 0 */
    for (int j = 0; j < PERIOD_OUT; j++) {
        uint16_t(*tap)[LANES] = in + j * PERIOD_IN / PERIOD_OUT;
        for (int l = 0; l < LANES; l++) {
            const unsigned s = (unsigned)weight[j][0] * tap[0][l] + (unsigned)weight[j][1] * tap[1][l] +
                               (unsigned)weight[j][2] * tap[2][l] + FULL / 2;
            out[j][l] = (uint16_t)((uint16_t)s / FULL);
        }
    }
    for (int l = 0; l < LANES; l++)
        for (int j = 0; j < PERIOD_OUT; j++)
            plane[l / PERIODS * SCREEN_SIDE + l % PERIODS * PERIOD_OUT + j] = (uint8_t)out[j][l];
}

static void plane_210(const uint8_t *a, const uint8_t *b, uint8_t *plane)
{
    uint16_t weight[PERIOD_OUT][TAPS], sum[BAND_OUT][SCREEN_WIDTH];
    for (int j = 0; j < PERIOD_OUT; j++)
        for (int t = 0; t < TAPS; t++)
            weight[j][t] = (uint16_t)overlap(j, j * PERIOD_IN / PERIOD_OUT + t, PERIOD_IN, PERIOD_OUT);
    for (int g = 0; g < SCREEN_SIDE / BAND_OUT; g++) {
        band_rows(a + g * BAND_IN * SCREEN_WIDTH, b + g * BAND_IN * SCREEN_WIDTH, sum);
        band_columns(sum, weight, plane + g * BAND_OUT * SCREEN_SIDE);
    }
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

void screen_plane(const uint8_t *a, const uint8_t *b, int height, uint8_t *plane)
{
    if (height == SCREEN_HEIGHT) {
        plane_210(a, b, plane);
    } else {
        plane_any(a, b, height, plane);
    }
}
