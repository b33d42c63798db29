/* test_screen.c -- grey planes of Atari screens against OpenCV's, and against the definition of an area average. */
#include "testing.h"

#include <hdf5.h>

#include "../env/screen.h"
#include "base/memory.h"

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
    for (int i = 0; i < 256; i++) table[i] = SCREEN_UNKNOWN;
    EXPECT(!screen_grey(colour, n, table, grey));
    for (size_t s = 0; s < d[0]; s++) screen_learn(colour + s * n, a + s * n, n, table);
    size_t off = 0;
    for (size_t s = 0; s < d[0]; s++) {
        EXPECT(screen_grey(colour + s * n, n, table, grey));
        assert_memory_equal(grey, a + s * n, n);
        screen_plane(a + s * n, b + s * n, SCREEN_HEIGHT, plane);
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
        screen_plane(a, b, heights[h], plane);
        for (int i = 0; i < SCREEN_SIDE; i++)
            for (int j = h ? 0 : i % 3; j < SCREEN_SIDE; j += h ? 7 : 3)
                assert_int_equal(plane[i * SCREEN_SIDE + j], slow_average(a, b, heights[h], i, j));
    }
}

static void test_grey_of_runs(void **state)
{
    (void)state;
    uint8_t colour[64], grey[64];
    uint16_t table[256];
    for (int i = 0; i < 256; i++) table[i] = (uint16_t)(255 - i);
    for (int i = 0; i < 64; i++) colour[i] = i < 40 ? 0 : (uint8_t)(i < 56 ? 7 : i);
    EXPECT(screen_grey(colour, 64, table, grey));
    for (int i = 0; i < 64; i++) assert_int_equal(grey[i], 255 - colour[i]);
    table[60] = SCREEN_UNKNOWN;
    EXPECT(!screen_grey(colour, 64, table, grey));
    assert_int_equal(grey[60], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_opencv),
        cmocka_unit_test(test_as_defined),
        cmocka_unit_test(test_grey_of_runs),
    };
    return testing_main(tests);
}
