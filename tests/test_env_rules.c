/* test_env_rules.c -- built-in environments by their own rules: where episodes start, what a cue is worth, which saved
 * states can be theirs. */
#include "testing.h"

#include <math.h>

#include "../env/classic.h"
#include "dunlin/env.h"

extern const struct env_ops env_catch, env_mountaincar, env_cue;

/* At rest near the bottom, but in training anywhere at any speed; mountaincar:plain never is. */
static void test_mountaincar_starts(void **unused)
{
    (void)unused;
    static const struct env_args cases[] = {
        {.arg = "", .training = true}, {.arg = "", .training = false}, {.arg = "plain", .training = true}};
    for (int k = 0; k < 3; k++) {
        struct rng rng = rng_make(12, 0, RNG_TEST, k);
        struct mountaincar state = {0};
        char err[200];
        float obs[2];
        int elsewhere = 0;
        EXPECT(env_mountaincar.init(&state, &cases[k], err, sizeof err) == 0);
        for (int i = 0; i < 300; i++) {
            env_mountaincar.reset(&state, &rng, obs);
            elsewhere += state.position < -0.6 || state.position > -0.4 || fabs(state.velocity) > 0;
        }
        EXPECT(k == 0 ? elsewhere > 200 : elsewhere == 0);
    }
}

static void cue_of(struct env_spec *spec, const char *arg, void *state)
{
    const struct env_args args = {.arg = arg};
    char err[200];
    EXPECT(!env_cue.open(spec, &args, err, sizeof err) && spec->state_size <= 64);
    EXPECT(!env_cue.init(state, &args, err, sizeof err));
}

/* cue:3 has an entrance, three cells and a junction: the cue is seen once, the turn pays by its side alone. */
static void test_cue_by_hand(void **unused)
{
    (void)unused;
    struct env_spec spec;
    uint64_t state[8] = {0};
    int paid[2][2] = {0}; /* cue, turn */
    cue_of(&spec, "3", state);
    EXPECT(spec.max_steps == 5 && spec.obs_dim == 3);
    for (int game = 0; game < 40; game++) {
        struct rng rng = rng_make(13, 0, RNG_TEST, game);
        struct env_step step;
        float obs[3];
        env_cue.reset(state, &rng, obs);
        const int right = obs[1] == 1, turn = game % 2;
        EXPECT(obs[0] == !right && (int)obs[1] == right && obs[2] == 0);
        for (int t = 1; t <= 4; t++) {
            step = env_cue.step(state, &rng, (struct env_action){.index = t % 2}, obs);
            EXPECT(step.reward == 0 && !step.terminated && !step.truncated);
            EXPECT(obs[0] == 0 && obs[1] == 0 && obs[2] == (t == 4));
        }
        step = env_cue.step(state, &rng, (struct env_action){.index = turn}, obs);
        EXPECT(step.terminated && step.reward == (turn == right ? 1 : -1));
        paid[right][turn]++;
    }
    for (int i = 0; i < 4; i++) EXPECT(paid[i / 2][i % 2] > 0);
}

/* What was saved is taken back where it can be of this environment, and nothing else is. */
static void test_saved_states_are_looked_at(void **unused)
{
    (void)unused;
    struct env_spec spec;
    struct rng rng = rng_make(14, 0, RNG_TEST, 0);
    uint64_t three[8] = {0}, four[8] = {0}, bytes[8], state[8] = {0};
    static uint8_t plane[84 * 84];
    float obs[3];
    cue_of(&spec, "3", three);
    env_cue.reset(three, &rng, obs);
    size_t n = env_cue.save(three, bytes);
    EXPECT(!env_cue.load(three, bytes, n));
    cue_of(&spec, "4", four);
    env_cue.reset(four, &rng, obs);
    EXPECT(env_cue.load(four, bytes, n) == -1);

    env_catch.reset(state, &rng, plane);
    n = env_catch.save(state, bytes);
    EXPECT(n == 3 * sizeof(int) && !env_catch.load(state, bytes, n));
    for (int i = 0; i < 6; i++) { /* row and column of the ball, the paddle: one cell outside at either end */
        int cells[3] = {3, 3, 3};
        memcpy(bytes, cells, sizeof cells);
        EXPECT(!env_catch.load(state, bytes, n));
        cells[i / 2] = i % 2 ? 12 : -1;
        memcpy(bytes, cells, sizeof cells);
        EXPECT(env_catch.load(state, bytes, n) == -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mountaincar_starts),
        cmocka_unit_test(test_cue_by_hand),
        cmocka_unit_test(test_saved_states_are_looked_at),
    };
    return testing_main(tests);
}
