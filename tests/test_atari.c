/* test_atari.c -- the environment's rules, watched through the functions between it and the emulator.
 * `test_atari --record GAME STEPS MODE` writes what passed there for atari_twin.py. */
#include "atari.h"

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_no_ops), cmocka_unit_test(test_lives),
        cmocka_unit_test(test_time_limit), cmocka_unit_test(test_sticky), cmocka_unit_test(test_planes),
    };
    if (argc == 5 && !strcmp(argv[1], "--record")) {
        use_folder();
        return record_game(argv[2], atoi(argv[3]), !strcmp(argv[4], "training"));
    }
    return atari_main(tests);
}
