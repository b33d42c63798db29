/* test_atari.c -- what is said where library or games are missing; and the environment's rules, watched through the
 * functions between it and the emulator. `test_atari --record GAME STEPS MODE` writes what passed there for
 * atari_twin.py. */
#include "testing.h"

#include <unistd.h>

#include "../env/ale.h"
#include "../env/screen.h"
#include "base/memory.h"
#include "dunlin/env.h"

extern const struct env_ops env_atari;

enum { PLANE = SCREEN_SIDE * SCREEN_SIDE };

/* ---- what is missing ---- */

static void says(const char *err, const char *word)
{
    if (!strstr(err, word)) fail_msg("\"%s\" does not say \"%s\"", err, word);
    EXPECT(!strchr(err, '\n'));
}

static void touch(const char *dir, const char *name, const char *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    EXPECT(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

/* Before any test that loads the library: it stays loaded. */
static void test_no_library(void **state)
{
    (void)state;
    char err[768];
    struct env_spec spec;
    const struct env_args args = {.arg = "pong"};
    setenv("DUNLIN_ALE_LIB", "/nonexistent/libale_c.so", 1);
    EXPECT(env_atari.open(&spec, &args, err, sizeof err) == -1);
    says(err, "DUNLIN_ALE_LIB"), says(err, "/nonexistent/libale_c.so"), says(err, "run/fetch-atari.sh");
    setenv("DUNLIN_ALE_LIB", testing_data("parity.h5"), 1);
    EXPECT(env_atari.open(&spec, &args, err, sizeof err) == -1);
    says(err, "parity.h5"), says(err, "cannot be used");
    unsetenv("DUNLIN_ALE_LIB");
}

static void test_no_games(void **state)
{
    (void)state;
    static const char rom[2048];
    static const char list[] = "{\n  \"breakout.bin\": \"c99a74c555371a433d121f551d6c6398\",\n"
                               "  \"pong.bin\": \"00000000000000000000000000000000\"\n}\n";
    char err[768], path[512], dir[] = "/tmp/dunlin-roms-XXXXXX", first[512] = "";
    if (getenv("DUNLIN_ROMS")) snprintf(first, sizeof first, "%s", getenv("DUNLIN_ROMS"));
    EXPECT(mkdtemp(dir) != NULL);
    setenv("DUNLIN_ROMS", "/nonexistent", 1);
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, "DUNLIN_ROMS"), says(err, "/nonexistent"), says(err, "run/fetch-atari.sh");
    setenv("DUNLIN_ROMS", dir, 1);
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, dir), says(err, "no game");
    const char *const games[] = {"pong", "breakout", "space_invaders", "seaquest", "combat", "qbert"};
    for (int i = 0; i < 6; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s.bin", games[i]);
        touch(dir, file, rom, sizeof rom);
    }
    EXPECT(ale_rom("SpaceInvaders", path, sizeof path, err, sizeof err) == -1);
    says(err, "SpaceInvaders"), says(err, "did you mean space_invaders"), says(err, "the 6 of"), says(err, dir);
    EXPECT(ale_rom("brekout", path, sizeof path, err, sizeof err) == -1);
    says(err, "did you mean breakout");
    EXPECT(ale_rom("", path, sizeof path, err, sizeof err) == -1);
    says(err, "atari:pong");
    EXPECT(ale_rom("combat", path, sizeof path, err, sizeof err) == -1);
    says(err, "two players");
    EXPECT(ale_rom("../pong", path, sizeof path, err, sizeof err) == -1);
    EXPECT(ale_rom("qbert", path, sizeof path, err, sizeof err) == 0); /* no md5.json: nothing to compare with */
    touch(dir, "md5.json", list, sizeof list - 1);
    EXPECT(ale_rom("breakout", path, sizeof path, err, sizeof err) == 0); /* the sum of 2,048 zeros */
    EXPECT(ale_rom("pong", path, sizeof path, err, sizeof err) == -1);
    says(err, "damaged");
    touch(dir, "breakout.bin", rom, 1000);
    EXPECT(ale_rom("breakout", path, sizeof path, err, sizeof err) == -1);
    says(err, "1000 bytes");
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "%s/%s.bin", dir, games[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/md5.json", dir);
    unlink(path), rmdir(dir);
    if (*first)
        setenv("DUNLIN_ROMS", first, 1);
    else
        unsetenv("DUNLIN_ROMS");
}

/* ---- the games, watched ---- */

static struct ale plain; /* the emulator's own functions */
/* The last two frames in grey, as the emulator itself tells it, the newest last. */
struct seen {
    uint8_t grey[2][SCREEN_PIXELS_MOST];
};
static struct watch {
    FILE *out; /* records for atari_twin.py, or NULL */
    bool idle; /* nothing is emulated: frames cost nothing, the game never ends */
    int frames, last, resets, over_at;
    struct seen *seen; /* or NULL */
} watch;

/* A record: 'R' reset or 'A' action; action, reward, game over and lives as int32; the grey screen. */
static void record(char kind, void *emulator, int action, int reward)
{
    static uint8_t grey[SCREEN_PIXELS_MOST];
    if (!watch.out) return;
    int32_t head[4] = {action, reward, plain.game_over(emulator), 0};
    int left[8] = {0};
    plain.lives(emulator, left);
    head[3] = left[0];
    plain.getScreenGrayscale(emulator, grey);
    fputc(kind, watch.out);
    fwrite(head, sizeof head, 1, watch.out);
    fwrite(grey, 1, (size_t)plain.getScreenHeight(emulator) * SCREEN_WIDTH, watch.out);
}

static void see(void *emulator)
{
    if (!watch.seen) return;
    memcpy(watch.seen->grey[0], watch.seen->grey[1], sizeof watch.seen->grey[0]);
    plain.getScreenGrayscale(emulator, watch.seen->grey[1]);
}

static int watched_act(void *emulator, int action)
{
    watch.frames++;
    watch.last = action;
    const int reward = watch.idle ? 0 : plain.act(emulator, action);
    record('A', emulator, action, reward);
    see(emulator);
    return reward;
}

static bool watched_game_over(void *emulator)
{
    if (watch.over_at && watch.frames >= watch.over_at) return true;
    return watch.idle ? false : plain.game_over(emulator);
}

static void watched_reset(void *emulator)
{
    watch.resets++;
    if (watch.frames >= watch.over_at) watch.over_at = 0;
    plain.reset_game(emulator);
    record('R', emulator, 0, 0);
    see(emulator);
}

struct play {
    struct env_spec spec;
    void *state;
    struct rng rng;
    uint8_t obs[PLANE];
    struct env_step last;
};

/* The tests' own folder where nothing else is set: programs of other build folders find it too. */
static void use_folder(void)
{
    char dir[1024];
    const char *source = getenv("DUNLIN_SOURCE");
    snprintf(dir, sizeof dir, "%s/build/atari", source ? source : ".");
    if (access(dir, R_OK) == 0) setenv("DUNLIN_ATARI_DIR", dir, 0);
}

static void play_open(struct play *p, struct env_args args, uint64_t seed)
{
    char err[768] = "";
    memset(p, 0, sizeof *p);
    if (env_atari.open(&p->spec, &args, err, sizeof err)) fail_msg("%s", err);
    struct ale *ale = ale_load(err, sizeof err);
    if (!plain.act) plain = *ale;
    ale->act = watched_act, ale->game_over = watched_game_over, ale->reset_game = watched_reset;
    watch = (struct watch){0};
    p->state = memory_new(1, p->spec.state_size);
    EXPECT(env_atari.init(p->state, &args, err, sizeof err) == 0);
    p->rng = rng_make(seed, 0, RNG_ENV, 0);
}

static void play_close(struct play *p)
{
    env_atari.free(p->state);
    free(p->state);
}

static void play_reset(struct play *p)
{
    env_atari.reset(p->state, &p->rng, p->obs);
}

static void play_step(struct play *p, int action)
{
    p->last = env_atari.step(p->state, &p->rng, (struct env_action){.index = action}, p->obs);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *game;
        int actions, height;
    } games[] = {{"pong", 6, 210}, {"breakout", 4, 210}, {"seaquest", 18, 210}, {"air_raid", 6, 250}};
    for (int i = 0; i < 4; i++) {
        struct play p;
        play_open(&p, (struct env_args){.arg = games[i].game, .no_op_max = 30}, 1);
        EXPECT(p.spec.obs_kind == ENV_OBS_PLANE && p.spec.height == 84 && p.spec.width == 84 && p.spec.stack == 4);
        EXPECT(p.spec.action_repeat == 4 && p.spec.max_steps == 27000);
        assert_int_equal(p.spec.num_actions, games[i].actions);
        assert_int_equal(p.spec.render_height, games[i].height);
        uint8_t *rgb = memory_new((size_t)p.spec.render_height * SCREEN_WIDTH, 3);
        play_reset(&p);
        play_step(&p, 0);
        env_atari.render(p.state, rgb);
        int seen[256] = {0}, kinds = 0;
        for (int k = 0; k < PLANE; k++) seen[p.obs[k]]++;
        for (int k = 0; k < 256; k++) kinds += seen[k] > 0;
        EXPECT(kinds > 3);
        free(rgb);
        play_close(&p);
    }
}

static void test_no_ops(void **state)
{
    (void)state;
    struct play p;
    play_open(&p, (struct env_args){.arg = "pong", .no_op_max = 3}, 5);
    int count[4] = {0};
    for (int i = 0; i < 60; i++) {
        watch.frames = watch.resets = 0;
        play_reset(&p);
        EXPECT(watch.resets == 1 && watch.frames <= 3 && (watch.frames == 0 || watch.last == 0));
        count[watch.frames]++;
    }
    for (int i = 0; i < 4; i++) EXPECT(count[i] >= 5); /* 15 each, give or take */
    /* a game that ends while nothing is done starts again */
    do {
        watch.frames = watch.resets = 0;
        watch.over_at = 2;
        play_reset(&p);
    } while (watch.frames < 2);
    assert_int_equal(watch.resets, 2);
    play_close(&p);
}

/* Plays to the end of a game; counts lost lives and what the steps that report them played. */
static double whole_game(struct play *p, int *lost, int *cut)
{
    double score = 0;
    play_reset(p);
    do {
        const int before = watch.frames;
        play_step(p, rng_below(&p->rng, p->spec.num_actions));
        const int played = watch.frames - before;
        EXPECT(played == 4 || ((p->last.life_lost || p->last.terminated) && played >= 1 && played < 4));
        EXPECT(!(p->last.life_lost && p->last.terminated) && !p->last.truncated);
        *lost += p->last.life_lost;
        *cut += played < 4;
        score += p->last.reward;
    } while (!p->last.terminated);
    return score;
}

static void test_lives(void **state)
{
    (void)state;
    struct play p;
    for (int mode = 0; mode < 3; mode++) {
        int lost = 0, cut = 0;
        double score = 0;
        play_open(&p, (struct env_args){.arg = "breakout", .training = mode != 1, .life_loss = mode != 2}, 9);
        for (int i = 0; i < 3; i++) score += whole_game(&p, &lost, &cut);
        /* five lives: four are lost before the game is. Random play scores one or two points a game, unclipped. */
        assert_int_equal(lost, mode == 0 ? 3 * 4 : 0);
        EXPECT(score >= 1 && score < 40);
        if (mode == 0) EXPECT(cut >= 4);
        play_close(&p);
    }
    play_open(&p, (struct env_args){.arg = "seaquest"}, 2);
    int lost = 0, cut = 0;
    double score = 0;
    for (int i = 0; i < 6 && score == 0; i++) score = whole_game(&p, &lost, &cut);
    EXPECT(score >= 20 && (int)score % 20 == 0); /* raw: a shark is 20 points, not 1 */
    play_close(&p);
}

static void test_time_limit(void **state)
{
    (void)state;
    struct play p;
    play_open(&p, (struct env_args){.arg = "pong"}, 1);
    play_reset(&p);
    watch.idle = true;
    for (int i = 1; i < 27000; i++) {
        play_step(&p, 0);
        if (p.last.truncated || p.last.terminated) fail_msg("an end at step %d", i);
    }
    play_step(&p, 0);
    EXPECT(p.last.truncated && !p.last.terminated && watch.frames == 108000);
    play_reset(&p);
    play_step(&p, 0);
    EXPECT(!p.last.truncated);
    play_close(&p);
}

static void test_sticky(void **state)
{
    (void)state;
    struct play p;
    for (int sticky = 0; sticky < 2; sticky++) {
        int kept = 0;
        play_open(&p, (struct env_args){.arg = "pong", .sticky = sticky ? 0.25 : 0}, 3);
        play_reset(&p);
        watch.idle = true;
        /* two actions by turns: the step's last frame has the old one where all four draws said so */
        for (int i = 0; i < 4000; i++) {
            play_step(&p, 1 + i % 2);
            const int asked = i % 2 ? 3 : 1; /* Pong's minimal set is 0 1 3 4 11 12 */
            kept += watch.last != asked;
        }
        if (sticky)
            EXPECT_NEAR(kept, 4000 * 0.25 * 0.25 * 0.25 * 0.25, 4 * 4); /* 15.6, standard deviation 3.9 */
        else
            assert_int_equal(kept, 0);
        play_close(&p);
    }
}

static uint64_t fold(uint64_t h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3ULL; /* FNV-1a */
    return h;
}

/* Steps at random, resets among them at ends and every 90 steps: the hash of all that was seen. */
static uint64_t trajectory(struct play *p, int steps)
{
    uint64_t h = 0xCBF29CE484222325ULL;
    for (int i = 0; i < steps; i++) {
        if (p->last.terminated || i % 90 == 89) {
            play_reset(p);
            p->last = (struct env_step){0};
        } else {
            play_step(p, rng_below(&p->rng, p->spec.num_actions));
        }
        h = fold(fold(h, p->obs, PLANE), &p->last.reward, sizeof p->last.reward);
        h = fold(h, &p->last.life_lost, 1);
    }
    return h;
}

static void test_save_load(void **state)
{
    (void)state;
    const char *const games[] = {"pong", "breakout", "seaquest", "air_raid"};
    for (int g = 0; g < 4; g++) {
        const struct env_args args = {
            .arg = games[g], .training = true, .life_loss = true, .no_op_max = 30, .sticky = 0.1};
        struct play p, q, r;
        play_open(&p, args, 11);
        play_open(&q, args, 12);
        play_open(&r, args, 13);
        play_reset(&p), play_reset(&q);
        trajectory(&p, 120 + 7 * g), trajectory(&q, 33);
        uint8_t *bytes = memory_new(1, p.spec.save_size);
        const size_t n = env_atari.save(p.state, bytes);
        EXPECT(n > 0 && n <= p.spec.save_size);
        q.rng = r.rng = p.rng;
        q.last = r.last = p.last;
        const uint64_t want = trajectory(&p, 200);
        /* into one that has played, and into one that has not begun */
        EXPECT(env_atari.load(q.state, bytes, n) == 0 && env_atari.load(r.state, bytes, n) == 0);
        EXPECT(trajectory(&q, 200) == want);
        EXPECT(trajectory(&r, 200) == want);
        EXPECT(env_atari.load(q.state, bytes, 100) == -1);
        /* an end on the first frame: the plane needs the last frame before the save */
        p.last = (struct env_step){0};
        play_reset(&p);
        for (int i = 0; i < 20; i++) play_step(&p, i % 4);
        struct play *const both[] = {&p, &r};
        env_atari.load(r.state, bytes, env_atari.save(p.state, bytes));
        r.rng = p.rng;
        for (int i = 0; i < 2; i++) {
            watch.over_at = watch.frames + 1;
            play_step(both[i], 0);
            EXPECT(both[i]->last.terminated);
        }
        assert_memory_equal(p.obs, r.obs, PLANE);
        free(bytes);
        play_close(&p), play_close(&q), play_close(&r);
    }
}

static void as_seen(const struct play *p, const uint8_t *a, const uint8_t *b)
{
    uint8_t want[PLANE];
    screen_plane(a, b, p->spec.render_height, SCREEN_ALL, want);
    assert_memory_equal(p->obs, want, PLANE);
}

/* Steps or resets, by the way with steps cut short, and compares with the plane of what the emulator showed, all of it
 * made anew. */
static void play_seen(struct play *p, struct seen *seen, int step)
{
    watch.seen = seen;
    if (p->last.terminated || step % 70 == 0) {
        play_reset(p);
        p->last = (struct env_step){0};
        as_seen(p, seen->grey[1], seen->grey[1]);
    } else {
        if (step % 23 == 22) watch.over_at = watch.frames + 1 + step % 4;
        play_step(p, rng_below(&p->rng, p->spec.num_actions));
        as_seen(p, seen->grey[0], seen->grey[1]);
    }
    watch.over_at = 0;
    watch.seen = NULL;
}

static void test_planes(void **state)
{
    (void)state;
    static struct seen seen[2];
    const char *const games[] = {"pong", "breakout", "seaquest", "space_invaders", "air_raid"};
    for (int g = 0; g < 5; g++) {
        const struct env_args args = {.arg = games[g], .training = true, .life_loss = true, .no_op_max = 30};
        struct play p[2];
        play_open(&p[0], args, 31), play_open(&p[1], args, 32);
        uint8_t *bytes = memory_new(1, p[0].spec.save_size);
        for (int step = 0; step < 400; step++) {
            play_seen(&p[0], &seen[0], step);
            play_seen(&p[1], &seen[1], step);
            if (step % 50 != 49) continue;
            EXPECT(env_atari.load(p[1].state, bytes, env_atari.save(p[0].state, bytes)) == 0);
            p[1].last = p[0].last;
            seen[1] = seen[0];
        }
        free(bytes);
        play_close(&p[0]), play_close(&p[1]);
    }
}

static void test_seeds(void **state)
{
    (void)state;
    uint64_t h[3];
    for (int i = 0; i < 3; i++) {
        struct play p;
        play_open(&p, (struct env_args){.arg = "seaquest", .no_op_max = 30}, i < 2 ? 21 : 22);
        play_reset(&p);
        h[i] = trajectory(&p, 100);
        play_close(&p);
    }
    EXPECT(h[0] == h[1] && h[0] != h[2]);
    /* the console's memory alone: the same actions and no no-ops, and yet not always the same game */
    int differ = 0;
    for (int seed = 0; seed < 8; seed++) {
        struct play p;
        play_open(&p, (struct env_args){.arg = "seaquest"}, seed);
        play_reset(&p);
        uint64_t game = 0;
        for (int i = 0; i < 75; i++) {
            play_step(&p, i % 3);
            game = fold(game, p.obs, PLANE);
        }
        differ += seed > 0 && game != h[0];
        if (seed == 0) h[0] = game;
        play_close(&p);
    }
    EXPECT(differ > 0);
}

/* What atari_twin.py reads on stdout: height, actions, the emulator's numbers of these; then records, and after each
 * reset and step an 'O': action, terminated, truncated, life_lost as int32, the reward as double, the plane. */
static int record_game(const char *game, int steps, bool training)
{
    struct play p;
    play_open(&p, (struct env_args){.arg = game, .training = training, .life_loss = true, .no_op_max = 30}, 77);
    watch.out = stdout;
    int32_t head[2 + 18] = {p.spec.render_height, p.spec.num_actions};
    void *emulator = NULL;
    for (int i = 0; i <= steps; i++) {
        const bool reset = i == 0 || p.last.terminated;
        const int action = reset ? -1 : rng_below(&p.rng, p.spec.num_actions);
        if (i == 0) {
            /* the set of this game, from an emulator of our own */
            char err[768], rom[4096];
            if (ale_rom(game, rom, sizeof rom, err, sizeof err)) return 1;
            emulator = ale_new(&plain, rom, 1);
            int set[18];
            plain.getMinimalActionSet(emulator, set);
            for (int k = 0; k < p.spec.num_actions; k++) head[2 + k] = set[k];
            plain.ALE_del(emulator);
            fwrite(head, sizeof head, 1, stdout);
        }
        if (reset) {
            p.last = (struct env_step){0};
            play_reset(&p);
        } else {
            play_step(&p, action);
        }
        const int32_t flags[4] = {action, p.last.terminated, p.last.truncated, p.last.life_lost};
        fputc('O', stdout);
        fwrite(flags, sizeof flags, 1, stdout);
        fwrite(&p.last.reward, sizeof p.last.reward, 1, stdout);
        fwrite(p.obs, 1, PLANE, stdout);
    }
    play_close(&p);
    return fflush(stdout) != 0;
}

/* Needs neither the library nor a game. */
static const struct CMUnitTest by_ourselves[] = {
    cmocka_unit_test(test_no_library),
    cmocka_unit_test(test_no_games),
};

static const struct CMUnitTest with_games[] = {
    cmocka_unit_test(test_sizes),      cmocka_unit_test(test_no_ops), cmocka_unit_test(test_lives),
    cmocka_unit_test(test_time_limit), cmocka_unit_test(test_sticky), cmocka_unit_test(test_save_load),
    cmocka_unit_test(test_seeds),      cmocka_unit_test(test_planes),
};

int main(int argc, char **argv)
{
    char err[768], path[4096];
    use_folder();
    if (argc == 5 && !strcmp(argv[1], "--record"))
        return record_game(argv[2], atoi(argv[3]), !strcmp(argv[4], "training"));
    int failed = testing_main(by_ourselves);
    if (ale_load(err, sizeof err) && ale_rom("pong", path, sizeof path, err, sizeof err) == 0)
        return failed + testing_main(with_games);
    /* cmocka's own skip() prints "not ok" */
    for (size_t i = 0; i < sizeof with_games / sizeof with_games[0]; i++)
        printf("ok %zu - %s # SKIP %s\n", i + 1, with_games[i].name, err);
    return failed;
}
