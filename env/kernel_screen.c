/* kernel_screen.c -- see kernel_screen.h; screen.c says which numbers these are. */
#include "kernel_screen.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    PERIODS = SCREEN_WIDTH / PERIOD_IN,
    BAND_OUT = 2, /* rows, that SCREEN_BAND rows become */
    LANES = BAND_OUT * PERIODS,
    WORD = 8,
    ROW_WORDS = SCREEN_WIDTH / WORD,
    FULL = PERIOD_IN * SCREEN_BAND, /* weight of an output */
};

typedef uint64_t words __attribute__((vector_size(32)));
typedef uint64_t words_in_memory __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint16_t lanes __attribute__((vector_size(2 * LANES)));
typedef uint16_t lanes_in_memory __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef uint8_t bytes_in_memory __attribute__((vector_size(LANES), aligned(1), may_alias));

/* differ[i] is not 0 where any row differs in its pixels WORD * i to WORD * (i + 1) - 1. False: it would be 0
 * everywhere. */
INLINE bool rows_differ(const uint8_t *a, const uint8_t *b, int rows, uint64_t differ[ROW_WORDS])
{
    enum { STRIPS = SCREEN_WIDTH / sizeof(words) };
    words any[STRIPS] = {{0}}, all = {0};
    for (int k = 0; k < rows; k++)
        for (int i = 0; i < STRIPS; i++)
            any[i] |= ((const words_in_memory *)(a + k * SCREEN_WIDTH))[i] ^
                      ((const words_in_memory *)(b + k * SCREEN_WIDTH))[i];
    for (int i = 0; i < STRIPS; i++) all |= any[i];
    if (!(all[0] | all[1] | all[2] | all[3])) return false;
    memcpy(differ, any, sizeof any);
    return true;
}

/* The words below each other in one band, all of them: to look up one that has not changed takes less than a branch
 * that the core guesses wrong. The colours' entries or-ed. */
INLINE unsigned look_up(const uint8_t *colour, int rows, const uint16_t table[256], uint8_t *restrict grey)
{
    unsigned seen = 0;
    for (int k = 0; k < rows; k++)
        for (int i = k * SCREEN_WIDTH; i < k * SCREEN_WIDTH + WORD; i++) {
            const unsigned v = table[colour[i]];
            seen |= v;
            grey[i] = (uint8_t)v;
        }
    return seen;
}

bool KERNEL(screen_grey) SCREEN_GREY_ARGS
{
    uint64_t differ[ROW_WORDS];
    unsigned seen = 0;
    memset(differ, 1, sizeof differ); /* without `before` */
    for (int row = 0, g = 0; row < height; row += SCREEN_BAND, g++) {
        const int at = row * SCREEN_WIDTH, left = height - row, rows = left < SCREEN_BAND ? left : SCREEN_BAND;
        if (before && !rows_differ(colour + at, before + at, rows, differ)) continue;
        *changed |= (uint64_t)1 << g;
        for (int i = 0; i < ROW_WORDS; i++)
            if (differ[i]) seen |= look_up(colour + at + i * WORD, rows, table, grey + at + i * WORD);
    }
    return seen < SCREEN_UNKNOWN;
}

/* The weighted sums of a band's rows for both outputs, columns still apart, at most 5 * 255. */
static void band_rows(const uint8_t *restrict a, const uint8_t *restrict b, uint16_t sum[BAND_OUT][SCREEN_WIDTH])
{
    uint8_t most[SCREEN_BAND][SCREEN_WIDTH];
    for (int k = 0; k < SCREEN_BAND; k++)
        for (int x = 0; x < SCREEN_WIDTH; x++) {
            const uint8_t p = a[k * SCREEN_WIDTH + x], q = b[k * SCREEN_WIDTH + x];
            most[k][x] = p > q ? p : q;
        }
    for (int x = 0; x < SCREEN_WIDTH; x++) {
        sum[0][x] = (uint16_t)(2 * most[0][x] + 2 * most[1][x] + most[2][x]);
        sum[1][x] = (uint16_t)(most[2][x] + 2 * most[3][x] + 2 * most[4][x]);
    }
}

/* r[i][k] becomes r[k][i]: each round moves the highest bit of a number's place, row and column, to the lowest. */
INLINE void transpose(lanes r[LANES])
{
    for (int round = 0; round < 3; round++) {
        lanes t[LANES];
        for (int i = 0; i < LANES / 2; i++) {
            t[2 * i] = __builtin_shufflevector(r[i], r[i + LANES / 2], 0, 8, 1, 9, 2, 10, 3, 11);
            t[2 * i + 1] = __builtin_shufflevector(r[i], r[i + LANES / 2], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        for (int i = 0; i < LANES; i++) r[i] = t[i];
    }
}

/* The same columns of all periods and both rows stand side by side, so that one weight serves LANES sums at a time;
 * FULL * 255 and the half that rounds fit 16 bits. */
static void band_columns(uint16_t sum[BAND_OUT][SCREEN_WIDTH], lanes weight[PERIOD_OUT][TAPS], uint8_t *plane)
{
    lanes in[PERIOD_IN + 1], out[PERIOD_OUT], r[LANES];
    for (int i = 0; i < PERIOD_IN; i += LANES) {
        for (int l = 0; l < LANES; l++)
            r[l] = *(const lanes_in_memory *)(sum[l / PERIODS] + l % PERIODS * PERIOD_IN + i);
        transpose(r);
        for (int l = 0; l < LANES; l++) in[i + l] = r[l];
    }
    in[PERIOD_IN] = (lanes){0}; /* the last output's third tap, of weight 0 */
#pragma GCC unroll 21
    for (int j = 0; j < PERIOD_OUT; j++) {
        const lanes *tap = in + j * PERIOD_IN / PERIOD_OUT;
        out[j] = (tap[0] * weight[j][0] + tap[1] * weight[j][1] + tap[2] * weight[j][2] + FULL / 2) / FULL;
    }
    static const int from[] = {0, LANES, PERIOD_OUT - LANES}; /* the last two overlap */
    for (int i = 0; i < 3; i++) {
        for (int l = 0; l < LANES; l++) r[l] = out[from[i] + l];
        transpose(r);
        for (int l = 0; l < LANES; l++)
            *(bytes_in_memory *)(plane + l / PERIODS * SCREEN_SIDE + l % PERIODS * PERIOD_OUT + from[i]) =
                __builtin_convertvector(r[l], bytes);
    }
}

/* Output j covers PERIOD_IN units from j * PERIOD_IN on, where a column covers PERIOD_OUT: the weights of the columns
 * from j * PERIOD_IN / PERIOD_OUT on in it. */
static void weigh(lanes weight[PERIOD_OUT][TAPS])
{
    for (int j = 0; j < PERIOD_OUT; j++) {
        const int first = PERIOD_OUT - j * PERIOD_IN % PERIOD_OUT, rest = PERIOD_IN - first;
        const int second = rest < PERIOD_OUT ? rest : PERIOD_OUT;
        weight[j][0] = (lanes){0} + (uint16_t)first;
        weight[j][1] = (lanes){0} + (uint16_t)second;
        weight[j][2] = (lanes){0} + (uint16_t)(rest - second);
    }
}

void KERNEL(screen_bands) SCREEN_BANDS_ARGS
{
    lanes weight[PERIOD_OUT][TAPS];
    uint16_t sum[BAND_OUT][SCREEN_WIDTH];
    weigh(weight);
    for (int g = 0; g < SCREEN_HEIGHT / SCREEN_BAND; g++) {
        if (!(changed >> g & 1)) continue;
        band_rows(a + g * SCREEN_BAND * SCREEN_WIDTH, b + g * SCREEN_BAND * SCREEN_WIDTH, sum);
        band_columns(sum, weight, plane + g * BAND_OUT * SCREEN_SIDE);
    }
}
