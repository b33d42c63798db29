/* test_atari_state.c -- a game's state: saved and loaded it goes on as it would have, and a seed names a game. */
#include "atari.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_save_load), cmocka_unit_test(test_seeds)};
    return atari_main(tests);
}
