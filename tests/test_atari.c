/* test_atari.c -- the environment's rules, watched through the functions between it and the emulator. `test_atari
 * --record GAME STEPS MODE` writes what passed there for atari_twin.py. */
#include "watched_ale.h"

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
        EXPECT(p.spec.obs_kind == ENV_OBS_PICTURE && p.spec.height == 84 && p.spec.width == 84 && p.spec.stack == 4);
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

/* pong.bin under another game's name, in a folder without a list of sums. */
static void test_another_game_is_named(void **state)
{
    (void)state;
    char err[768], path[4096], dir[] = "/tmp/dunlin-roms-XXXXXX", as[64], before[4096] = "";
    size_t n;
    EXPECT(mkdtemp(dir) && ale_rom("pong", path, sizeof path, err, sizeof err) == 0);
    unsigned char *bytes = testing_slurp(path, &n);
    snprintf(as, sizeof as, "%s/space_invaders.bin", dir);
    testing_spill(as, bytes, n);
    snprintf(as, sizeof as, "%s/pong.bin", dir);
    testing_spill(as, bytes, n);
    free(bytes);
    if (getenv("DUNLIN_ROMS")) snprintf(before, sizeof before, "%s", getenv("DUNLIN_ROMS"));
    setenv("DUNLIN_ROMS", dir, 1);
    const int good = ale_rom("pong", path, sizeof path, err, sizeof err);
    const int other = ale_rom("space_invaders", path, sizeof path, err, sizeof err);
    if (*before)
        setenv("DUNLIN_ROMS", before, 1);
    else
        unsetenv("DUNLIN_ROMS");
    EXPECT(good == 0 && other == -1 && strstr(err, "space_invaders.bin is another game") &&
           strstr(err, "those of pong"));
    EXPECT(!testing_remove(dir));
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

static const struct CMUnitTest with_games[] = {
    cmocka_unit_test(test_sizes),      cmocka_unit_test(test_no_ops), cmocka_unit_test(test_lives),
    cmocka_unit_test(test_time_limit), cmocka_unit_test(test_sticky), cmocka_unit_test(test_save_load),
    cmocka_unit_test(test_seeds),      cmocka_unit_test(test_planes), cmocka_unit_test(test_another_game_is_named),
};

int main(int argc, char **argv)
{
    char err[768], path[4096];
    use_folder();
    if (argc == 5 && !strcmp(argv[1], "--record"))
        return record_game(argv[2], atoi(argv[3]), !strcmp(argv[4], "training"));
    if (ale_load(err, sizeof err) && ale_rom("pong", path, sizeof path, err, sizeof err) == 0)
        return testing_main(with_games);
    /* cmocka's own skip() prints "not ok" */
    for (size_t i = 0; i < sizeof with_games / sizeof with_games[0]; i++)
        printf("ok %zu - %s # SKIP %s\n", i + 1, with_games[i].name, err);
    return 0;
}
