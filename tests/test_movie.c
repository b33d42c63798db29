/* test_movie.c -- recordings: a GIF read back gives the pictures that went in, and when; the caption
 * under a picture. */
#include "testing.h"

#include <gif_lib.h>
#include <math.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "play/canvas.h"
#include "play/movie.h"
#include "play/show.h"
#include "play/sight.h"
#include "setup/setup.h"

enum { H = 60, W = 90, BYTES = 3 * H * W, PICTURES = 40 };

static char dir[64], path[96];

/* Picture i: colours of them, of which a patch changes from one to the next; now and then nothing does. */
static void draw(uint8_t *rgb, int i, int colours)
{
    if (i % 7 == 3) return;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            if (i && (x < 2 * i || x > 2 * i + 12 || y < i || y > i + 9)) continue;
            const uint64_t c = testing_mix((uint64_t)(i * 7919 + y * W + x)) % (uint64_t)colours;
            for (int k = 0; k < 3; k++) rgb[3 * (y * W + x) + k] = testing_pixel(9, 3 * c + (uint64_t)k);
        }
}

/* What a viewer shows after image k of the file. */
static void show(const GifFileType *gif, int k, uint8_t *canvas, int *delay)
{
    GraphicsControlBlock control;
    const SavedImage *image = &gif->SavedImages[k];
    const GifImageDesc *d = &image->ImageDesc;
    EXPECT(DGifSavedExtensionToGCB((GifFileType *)gif, k, &control) == GIF_OK);
    EXPECT(control.DisposalMode == DISPOSE_DO_NOT);
    *delay = control.DelayTime;
    for (int y = 0; y < d->Height; y++)
        for (int x = 0; x < d->Width; x++) {
            const int index = image->RasterBits[y * d->Width + x];
            if (index == control.TransparentColor) continue;
            EXPECT(index < d->ColorMap->ColorCount);
            const GifColorType c = d->ColorMap->Colors[index];
            uint8_t *to = canvas + 3 * ((d->Top + y) * W + d->Left + x);
            to[0] = c.Red, to[1] = c.Green, to[2] = c.Blue;
        }
}

/* Every picture comes back within `apart` of what went in. */
static void round_trip(int colours, int apart)
{
    static uint8_t rgb[BYTES], seen[BYTES];
    int error = 0, sum = 0, delay, smaller = 0;
    struct movie *m = movie_open(path, H, W, 15);
    EXPECT(m && access(path, F_OK));
    memset(rgb, 0, sizeof rgb), memset(seen, 0, sizeof seen);
    for (int i = 0; i < PICTURES; i++) {
        draw(rgb, i, colours);
        EXPECT(!movie_add(m, rgb, i == PICTURES - 1 ? 5 : 1));
    }
    EXPECT(!movie_close(&m, true) && !m);
    GifFileType *gif = DGifOpenFileName(path, &error);
    EXPECT(gif && DGifSlurp(gif) == GIF_OK && gif->ImageCount == PICTURES && gif->SWidth == W && gif->SHeight == H);
    memset(rgb, 0, sizeof rgb);
    for (int i = 0; i < PICTURES; i++) {
        draw(rgb, i, colours);
        show(gif, i, seen, &delay);
        EXPECT(delay >= 6);
        sum += delay;
        for (int b = 0; b < BYTES; b++) EXPECT(abs(rgb[b] - seen[b]) <= apart);
        smaller += gif->SavedImages[i].ImageDesc.Width < 20;
    }
    EXPECT_NEAR(sum, (PICTURES + 4) * 100 / 15.0, 0.51);
    EXPECT(smaller == PICTURES - 1); /* only the first one is a whole picture */
    DGifCloseFile(gif, &error);
    EXPECT(!unlink(path));
}

static void few_colours_are_exact(void **unused)
{
    (void)unused;
    round_trip(2, 0);
    round_trip(200, 0);
    round_trip(255, 0);
}

static void many_colours_are_near(void **unused)
{
    (void)unused;
    round_trip(4000, 26); /* half a step of a cube of six */
    round_trip(300, 26);
}

static void nothing_half_is_left(void **unused)
{
    (void)unused;
    static uint8_t rgb[BYTES];
    char command[128];
    struct movie *m = movie_open(path, H, W, 15);
    EXPECT(m && !movie_add(m, rgb, 1));
    error_set("why");
    EXPECT(!movie_close(&m, false) && access(path, F_OK) && !strcmp(error_text(), "why"));
    EXPECT(!movie_close(&m, true));
    EXPECT(!movie_open("/nowhere/a.gif", H, W, 15) && strstr(error_text(), "/nowhere/a.gif"));
    EXPECT(!movie_open("a.avi", H, W, 15) && strstr(error_text(), ".gif or .mp4"));
    EXPECT(!movie_kind_of("a/.gif") && movie_kind_of("a/b.gif") == &movie_gif &&
           movie_kind_of("b.mp4") == &movie_ffmpeg);
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", dir);
    EXPECT(!system(command));
}

static bool strip_differs(struct canvas *c, double score, const double *value, uint8_t *before)
{
    const size_t at = 3 * (size_t)c->width * (size_t)(c->source_height * c->scale);
    const size_t n = 3 * (size_t)c->width * (size_t)c->height;
    memcpy(before, c->rgb, n);
    canvas_draw(c, score, 'V', value);
    EXPECT(!memcmp(before, c->rgb, at)); /* the picture itself stays */
    return memcmp(before + at, c->rgb + at, n - at) != 0;
}

static void pictures_are_enlarged_and_captioned(void **unused)
{
    (void)unused;
    struct canvas c;
    const double value = 0.5, other = -0.25, nan = NAN;
    canvas_init(&c, 7, 83, 0);
    EXPECT(c.scale == 4 && c.width == 332 && c.height >= 28 + 14 && c.height % 2 == 0);
    for (int i = 0; i < 7 * 83 * 3; i++) c.source[i] = testing_pixel(1, (uint64_t)i);
    uint8_t *before = malloc(3 * (size_t)c.width * (size_t)c.height);
    canvas_draw(&c, 0, 'V', &value);
    for (int y = 0; y < 28; y++)
        for (int x = 0; x < 332; x++)
            EXPECT(!memcmp(c.rgb + 3 * (y * c.width + x), c.source + 3 * (y / 4 * 83 + x / 4), 3));
    EXPECT(strip_differs(&c, 1, &value, before));
    EXPECT(strip_differs(&c, 1, &other, before));
    EXPECT(strip_differs(&c, 1, NULL, before));
    EXPECT(!strip_differs(&c, 1, NULL, before));
    EXPECT(strip_differs(&c, 1e300, &nan, before) && c.low == -0.25 && c.high == 0.5);
    for (int i = 0; i < 1000; i++) canvas_draw(&c, i, 'Q', &(double){i % 50}); /* over itself */
    free(before);
    canvas_free(&c);
    canvas_init(&c, 11, 301, 10);
    EXPECT(c.scale == 1 && c.width == 302 && c.step_width == 16 && c.columns == 290 / 16);
    for (int i = 0; i < 100; i++) canvas_draw(&c, -i, 'Q', &(double){-i});
    canvas_free(&c);
}

static int setup(void **unused)
{
    (void)unused;
    snprintf(dir, sizeof dir, "/tmp/test_movie.XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/a.gif", dir);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    return testing_remove(dir);
}

/* Observations of one to four planes, and numbers as bars that keep to the largest so far. */
static void observations_drawn(void **state)
{
    (void)state;
    enum { SIDE = 32, N = SIDE * SIDE };
    struct world world = {.spec = {.obs_kind = ENV_OBS_PICTURE, .height = SIDE, .width = SIDE}};
    float obs[4 * N];
    for (int i = 0; i < 4 * N; i++) obs[i] = (float)(i * 31 % 256) / 255.0f;
    for (int planes = 1; planes <= 4; planes++) {
        uint8_t rgb[3 * N];
        world.spec.planes = planes;
        struct sight s = sight_of(&world);
        EXPECT(s.height == SIDE && s.width == SIDE);
        sight_draw(&s, &world, obs, rgb);
        for (int i = 0; i < N; i++)
            for (int c = 0; c < 3; c++) {
                const int plane = planes == 1 ? 0 : c;
                EXPECT(rgb[3 * i + c] == (plane < planes ? (plane * N + i) * 31 % 256 : 0));
            }
    }
    world.spec = (struct env_spec){.obs_kind = ENV_OBS_FLOATS, .obs_dim = 2};
    struct sight s = sight_of(&world);
    EXPECT(s.width == 250 && s.height % 2 == 1);
    uint8_t *rgb = malloc((size_t)(3 * s.width * s.height));
    const float first[] = {0.5f, -1}, second[] = {8, -2};
    const int full = s.height / 2;
    for (int k = 0; k < 2; k++) {
        int lit[2][2] = {{0}}; /* [bar][above, below] */
        sight_draw(&s, &world, k ? second : first, rgb);
        for (int y = 0; y < s.height; y++)
            for (int bar = 0; y != full && bar < 2; bar++) {
                const uint8_t *at = rgb + 3 * (y * s.width + bar * 125 + 10);
                lit[bar][y > full] += at[0] || at[1] || at[2];
            }
        EXPECT(lit[0][0] == (k ? full : full / 2) && lit[0][1] == 0);
        EXPECT(lit[1][0] == 0 && lit[1][1] == (k ? full / 4 : full));
    }
    free(rgb);
}

/* Cartpole, of which every second game ends with a reward that is no number. */
static const struct env_ops *sound;
static int steps_to_come;

static struct env_step spoilt_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct env_step s = sound->step(state, rng, action, obs);
    if (--steps_to_come == 0) s.reward = NAN;
    return s;
}

static void spoilt_reset(void *state, struct rng *rng, void *obs)
{
    static int games;
    steps_to_come = games++ % 2 ? 0 : 5;
    sound->reset(state, rng, obs);
}

struct seen {
    const struct show *show;
    int ended;    /* games */
    int64_t last; /* the highest score of the open one; -1: none is */
};

static int look(void *sink, const uint8_t *rgb, int times)
{
    struct seen *s = sink;
    const int64_t score = (int64_t)s->show->score;
    (void)rgb;
    EXPECT(score == s->last + 1 || (score == 0 && s->last < 5)); /* a reward of 1 a step, or the next game */
    s->last = times == 1 ? score : -1;
    s->ended += times > 1;
    return 0;
}

/* What is left out of an evaluation adds nothing to the score that is shown of the game behind it. */
static void score_of_a_game_alone(void **unused)
{
    (void)unused;
    static struct player player;
    static struct env_ops spoilt;
    char *words[] = {"--env", "cartpole"};
    struct evaluate_result result;
    struct seen seen = {.last = -1};
    struct show s = {.picture = look, .sink = &seen, .fps = 10};
    setup_names();
    options_init(&player.set);
    EXPECT(!options_read_args(&player.set, 2, words, NULL) && !setup_complete(&player.set));
    EXPECT(!setup_open(&player.setup, &player.set.values, false));
    player.theta = memory_floats(player.setup.facts->params);
    spoilt = *(sound = player.setup.world.ops);
    spoilt.step = spoilt_step, spoilt.reset = spoilt_reset;
    player.setup.world.ops = &spoilt;
    const struct evaluate_config config = {
        .algo = player.setup.algo, .episodes = 6, .seed = 1, .leave_out = true, .greedy = true};
    seen.show = &s;
    show_open(&s, &player);
    EXPECT(!show_play(&s, &config, &result) && result.left_out == 3 && result.episodes == 3);
    EXPECT(seen.ended == 3 && s.episodes == 3 && s.sum == 3 * result.mean);
    show_close(&s);
    player_close(&player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_colours_are_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(many_colours_are_near, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_half_is_left, setup, teardown),
        cmocka_unit_test(pictures_are_enlarged_and_captioned),
        cmocka_unit_test(observations_drawn),
        cmocka_unit_test(score_of_a_game_alone),
    };
    return testing_main(tests);
}
