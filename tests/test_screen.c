/* test_screen.c -- grey planes of Atari screens against OpenCV's, and against the definition of an area average. */
#include "testing.h"

#include <hdf5.h>

#include "../env/area.h"
#include "../env/kernel_screen.h"
#include "base/memory.h"
#include "dunlin/rng.h"

enum { PLANE = SCREEN_SIDE * SCREEN_SIDE };

static uint8_t *fixture(const char *game, const char *key, hsize_t dims[3])
{
    char path[64];
    snprintf(path, sizeof path, "atari/%s/%s", game, key);
    const hid_t file = H5Fopen(testing_data("parity.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t set = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(set);
    EXPECT(set >= 0 && H5Sget_simple_extent_dims(space, dims, NULL) == 3);
    uint8_t *bytes = memory_new(dims[0] * dims[1] * dims[2], 1);
    EXPECT(H5Dread(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    H5Sclose(space), H5Dclose(set), H5Fclose(file);
    return bytes;
}

static void one_game_as_opencv(const char *game)
{
    hsize_t d[3], e[3];
    uint8_t *a = fixture(game, "grey_0", d), *b = fixture(game, "grey_1", d), *want = fixture(game, "grey_84x84", e);
    uint8_t *colour = fixture(game, "palette_index_0", d), plane[PLANE], grey[SCREEN_WIDTH * SCREEN_HEIGHT];
    const size_t n = d[1] * d[2];
    EXPECT(d[0] >= 5 && d[1] == SCREEN_HEIGHT && d[2] == SCREEN_WIDTH && e[1] * e[2] == PLANE);
    uint16_t table[256];
    uint64_t changed = 0;
    for (int i = 0; i < 256; i++) table[i] = SCREEN_UNKNOWN;
    EXPECT(!screen_grey(colour, NULL, SCREEN_HEIGHT, table, grey, &changed));
    for (size_t s = 0; s < d[0]; s++) screen_learn(colour + s * n, a + s * n, n, table);
    size_t off = 0;
    for (size_t s = 0; s < d[0]; s++) {
        EXPECT(screen_grey(colour + s * n, NULL, SCREEN_HEIGHT, table, grey, &changed));
        assert_memory_equal(grey, a + s * n, n);
        screen_plane(a + s * n, b + s * n, SCREEN_HEIGHT, SCREEN_ALL, plane);
        for (size_t i = 0; i < PLANE; i++) {
            EXPECT_NEAR(plane[i], want[s * PLANE + i], 1);
            off += plane[i] != want[s * PLANE + i];
        }
    }
    EXPECT(off < d[0] * PLANE / 100); /* one level apart at halves only, and halves are rare */
    free(a), free(b), free(want), free(colour);
}

static void test_as_opencv(void **state)
{
    (void)state;
    one_game_as_opencv("pong"), one_game_as_opencv("breakout"), one_game_as_opencv("seaquest");
}

/* The area average of output (i, j) by its definition, in units of 1/84 of a row and of a column. */
static int slow_average(const uint8_t *a, const uint8_t *b, int height, int i, int j)
{
    long sum = 0;
    for (int u = i * height; u < (i + 1) * height; u++)
        for (int v = j * SCREEN_WIDTH; v < (j + 1) * SCREEN_WIDTH; v++) {
            const int at = u / SCREEN_SIDE * SCREEN_WIDTH + v / SCREEN_SIDE;
            sum += a[at] > b[at] ? a[at] : b[at];
        }
    const long area = (long)height * SCREEN_WIDTH;
    return (int)((2 * sum + area) / (2 * area)); /* halves up */
}

static void test_as_defined(void **state)
{
    (void)state;
    static uint8_t a[SCREEN_PIXELS_MOST], b[SCREEN_PIXELS_MOST];
    uint8_t plane[PLANE];
    const int heights[] = {SCREEN_HEIGHT, 230, 250};
    for (int h = 0; h < 3; h++) {
        for (int i = 0; i < SCREEN_PIXELS_MOST; i++) a[i] = testing_pixel(3, i), b[i] = testing_pixel(4, i);
        memset(a, 255, 7 * SCREEN_WIDTH); /* sums at their largest */
        screen_plane(a, b, heights[h], SCREEN_ALL, plane);
        for (int i = 0; i < SCREEN_SIDE; i++)
            for (int j = h ? 0 : i % 3; j < SCREEN_SIDE; j += h ? 7 : 3)
                assert_int_equal(plane[i * SCREEN_SIDE + j], slow_average(a, b, heights[h], i, j));
    }
}

static bool (*const grey_of[])(const uint8_t *, const uint8_t *, int, const uint16_t *, uint8_t *restrict,
                               uint64_t *) = KERNEL_TABLE(screen_grey);
static void (*const plane_of[])(const uint8_t *, const uint8_t *, uint64_t, uint8_t *) = KERNEL_TABLE(screen_bands);

/* A screen in colours, the one before it, and the grey of the newest. */
struct shot {
    uint8_t colour[2][SCREEN_PIXELS_MOST], grey[SCREEN_PIXELS_MOST];
};

/* The next screen: the one before with up to two short runs of other pixels. Its grey must be the table's, and its
 * bands be told. */
static void change(struct shot *s, int isa, int height, const uint16_t table[256], uint64_t *changed, struct rng *rng)
{
    const int pixels = height * SCREEN_WIDTH;
    uint64_t want = 0, told = 0;
    memcpy(s->colour[0], s->colour[1], sizeof s->colour[0]);
    for (int k = rng_below(rng, 3); k > 0; k--) {
        const int at = rng_below(rng, pixels), n = 1 + rng_below(rng, rng_below(rng, 8) ? 20 : 500);
        for (int i = at; i < at + n && i < pixels; i++) s->colour[1][i] = (uint8_t)rng_below(rng, 255);
    }
    for (int i = 0; i < pixels; i++)
        if (s->colour[1][i] != s->colour[0][i]) want |= (uint64_t)1 << i / SCREEN_WIDTH / SCREEN_BAND;
    EXPECT(grey_of[isa](s->colour[1], s->colour[0], height, table, s->grey, &told));
    EXPECT(told == want);
    for (int i = 0; i < pixels; i++)
        if (s->grey[i] != table[s->colour[1][i]]) fail_msg("pixel %d of %d rows", i, height);
    *changed |= told;
}

static void test_changes(void **state)
{
    (void)state;
    static struct shot s[2];
    const int heights[] = {SCREEN_HEIGHT, 213, SCREEN_HEIGHT_MOST};
    uint8_t plane[PLANE], want[PLANE];
    uint16_t table[256];
    for (int i = 0; i < 256; i++) table[i] = (uint16_t)(i * 37 % 251);
    table[255] = SCREEN_UNKNOWN;
    for (int isa = 0; isa <= (int)cpu_isa(); isa++)
        for (int h = 0; h < 3; h++) {
            struct rng rng = rng_make(8, 0, RNG_TEST, h);
            uint64_t changed = 0;
            memset(s, 0, sizeof s);
            for (int i = 0; i < 2; i++)
                EXPECT(grey_of[isa](s[i].colour[1], NULL, heights[h], table, s[i].grey, &changed));
            EXPECT(changed == UINT64_MAX >> (64 - (heights[h] + SCREEN_BAND - 1) / SCREEN_BAND));
            for (int step = 0; step < 150; step++) {
                for (int i = 0; i < 2; i++) change(&s[i], isa, heights[h], table, &changed, &rng);
                if (h == 0)
                    plane_of[isa](s[0].grey, s[1].grey, changed, plane);
                else
                    screen_plane(s[0].grey, s[1].grey, heights[h], changed, plane);
                changed = 0;
                screen_plane(s[0].grey, s[1].grey, heights[h], SCREEN_ALL, want);
                assert_memory_equal(plane, want, PLANE);
            }
            s[0].colour[1][7] = 255;
            EXPECT(!grey_of[isa](s[0].colour[1], s[0].colour[0], heights[h], table, s[0].grey, &changed));
            assert_int_equal(s[0].grey[7], 0);
            EXPECT(!grey_of[isa](s[0].colour[1], NULL, heights[h], table, s[0].grey, &changed));
        }
}

/* Nothing is written but the rows of the band that changed. */
static void test_bands(void **state)
{
    (void)state;
    enum { ROOM = 32 };
    static uint8_t a[SCREEN_WIDTH * SCREEN_HEIGHT], b[SCREEN_WIDTH * SCREEN_HEIGHT];
    uint8_t want[PLANE], plane[PLANE + 2 * ROOM];
    for (int i = 0; i < SCREEN_WIDTH * SCREEN_HEIGHT; i++) a[i] = testing_pixel(5, i), b[i] = testing_pixel(6, i);
    screen_plane(a, b, SCREEN_HEIGHT, SCREEN_ALL, want);
    for (int isa = 0; isa <= (int)cpu_isa(); isa++)
        for (int g = 0; g < SCREEN_HEIGHT / SCREEN_BAND; g++) {
            memset(plane, 1, sizeof plane);
            plane_of[isa](a, b, (uint64_t)1 << g, plane + ROOM);
            const int from = ROOM + 2 * g * SCREEN_SIDE, to = from + 2 * SCREEN_SIDE;
            for (int i = 0; i < (int)sizeof plane; i++)
                assert_int_equal(plane[i], i >= from && i < to ? want[i - ROOM] : 1);
        }
}

/* The mean over [low, high) of an axis' inputs, each of which covers a unit. */
static double cover(int k, double low, double high)
{
    const double from = fmax(k, low), to = fmin(k + 1, high);
    return to > from ? to - from : 0;
}

static double area_twin(const uint8_t *in, const int size[3], bool grey, int i, int j, int p)
{
    static const double luminance[3] = {.299, .587, .114};
    const double h = size[0] / (double)AREA_SIDE, w = size[1] / (double)AREA_SIDE;
    double sum = 0;
    for (int y = (int)(i * h); y < size[0] && y < (i + 1) * h; y++)
        for (int x = (int)(j * w); x < size[1] && x < (j + 1) * w; x++) {
            const uint8_t *at = in + ((size_t)y * (size_t)size[1] + (size_t)x) * (size_t)size[2];
            double value = at[p];
            if (grey && size[2] >= 3) value = round(luminance[0] * at[0] + luminance[1] * at[1] + luminance[2] * at[2]);
            sum += value * cover(y, i * h, (i + 1) * h) * cover(x, j * w, (j + 1) * w);
        }
    return sum / (h * w);
}

static void test_any_size_by_area(void **unused)
{
    (void)unused;
    static const int sizes[][3] = {{84, 84, 1}, {84, 84, 3}, {32, 200, 3}, {210, 160, 3},
                                   {64, 64, 4}, {33, 35, 2}, {1, 1, 3}};
    static uint8_t out[AREA_SIDE * AREA_SIDE * AREA_PLANES_MOST];
    struct rng rng = rng_make(7, 0, RNG_TEST, 0);
    for (size_t s = 0; s < 2 * sizeof sizes / sizeof sizes[0]; s++) {
        const int *size = sizes[s / 2], grey = s % 2, planes = grey ? 1 : size[2];
        const size_t n = (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
        uint8_t *in = memory_new(n, 1);
        for (size_t k = 0; k < n; k++) in[k] = (uint8_t)rng_below(&rng, 256);
        area_resize(in, size[0], size[1], size[2], grey, out);
        for (int k = 0; k < AREA_SIDE * AREA_SIDE * planes; k++) {
            const double wanted = area_twin(in, size, grey, k / planes / AREA_SIDE, k / planes % AREA_SIDE, k % planes);
            if (fabs(out[k] - wanted) > (grey && size[2] >= 3 ? 1.01 : 0.501))
                fail_msg("%dx%dx%d, grey %d: number %d is %d, not %g", size[0], size[1], size[2], grey, k, out[k],
                         wanted);
        }
        free(in);
    }
    uint8_t white[3 * 50 * 40];
    memset(white, 255, sizeof white);
    area_resize(white, 50, 40, 3, 1, out);
    for (int k = 0; k < AREA_SIDE * AREA_SIDE; k++) EXPECT(out[k] == 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_opencv), cmocka_unit_test(test_as_defined),       cmocka_unit_test(test_changes),
        cmocka_unit_test(test_bands),     cmocka_unit_test(test_any_size_by_area),
    };
    return testing_main(tests);
}
