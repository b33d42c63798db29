/* test_starts.c -- cue against its rules, where mountaincar's episodes start, and that networks see observations
 * centred and scaled while environments write them raw. */
#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "learn/instance.h"
#include "learn/world.h"

static void open_world(struct world *w, const char *name, bool training)
{
    if (world_open(w, name, &(struct env_args){.training = training})) fail_msg("%s", error_text());
}

/* One episode with the same action throughout; the cue seen, 0 left or 1 right. */
static int play_cue(const struct world *w, void *state, struct rng *rng, int length, int action)
{
    float obs[3];
    w->ops->reset(state, rng, obs);
    EXPECT(obs[0] + obs[1] == 1 && obs[0] * obs[1] == 0 && obs[2] == 0);
    const int right = obs[1] == 1;
    for (int t = 0; t < length + 1; t++) {
        const struct env_step s = w->ops->step(state, rng, (struct env_action){.index = action}, obs);
        EXPECT(s.reward == 0 && !s.terminated && !s.truncated);
        EXPECT(obs[0] == 0 && obs[1] == 0 && obs[2] == (t == length ? 1 : 0));
    }
    const struct env_step last = w->ops->step(state, rng, (struct env_action){.index = action}, obs);
    EXPECT(last.terminated && !last.truncated && last.reward == (action == right ? 1 : -1));
    return right;
}

static void test_cue_rules(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        int length;
    } cases[] = {{"cue", 5}, {"cue:0", 0}, {"cue:60", 60}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        struct rng rng = rng_make(3, 0, RNG_TEST, 0);
        uint64_t state[8] = {0};
        open_world(&w, cases[i].name, true);
        EXPECT(w.spec.state_size <= sizeof state && w.spec.max_steps == cases[i].length + 2);
        EXPECT(w.ops->init(state, &w.args, (char[64]){0}, 64) == 0);
        int right = 0;
        for (int e = 0; e < 1000; e++) right += play_cue(&w, state, &rng, cases[i].length, e % 2);
        EXPECT(right > 420 && right < 580); /* five deviations of a fair coin */
    }
    static const char *const wrong[] = {"cue:x", "cue:-1", "cue:1001", "cue:5x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct world w;
        EXPECT(world_open(&w, wrong[i], &(struct env_args){0}) == -1);
        EXPECT(strstr(error_text(), wrong[i]) && strstr(error_text(), "0 to 1000"));
    }
}

static void test_mountaincar_starts(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        bool training, anywhere;
    } cases[] = {{"mountaincar", true, true}, {"mountaincar", false, false}, {"mountaincar:plain", true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        struct rng rng = rng_make(4, 0, RNG_TEST, 0);
        uint64_t state[8] = {0};
        float obs[2], low = 9, high = -9, fastest = 0;
        open_world(&w, cases[i].name, cases[i].training);
        EXPECT(w.spec.state_size <= sizeof state && w.ops->init(state, &w.args, (char[64]){0}, 64) == 0);
        for (int e = 0; e < 1000; e++) {
            w.ops->reset(state, &rng, obs);
            low = fminf(low, obs[0]), high = fmaxf(high, obs[0]), fastest = fmaxf(fastest, fabsf(obs[1]));
        }
        if (cases[i].anywhere)
            EXPECT(low >= -1.2f && low < -1.1f && high < 0.5f && high > 0.4f && fastest > 0.06f && fastest <= 0.07f);
        else
            EXPECT(low >= -0.6f && low < -0.59f && high <= -0.4f && high > -0.41f && fastest == 0);
    }
    struct world w;
    EXPECT(world_open(&w, "mountaincar:fast", &(struct env_args){0}) == -1 && strstr(error_text(), ":fast"));
}

/* An instance and the bare environment with the same stream: the one is the other, centred and scaled. */
static void test_network_sees_scaled(void **unused)
{
    (void)unused;
    static const float centre[] = {-0.5f, 0.01f}, scale[] = {10, -100};
    struct world w;
    struct instance in;
    uint64_t state[8] = {0};
    float raw[2];
    open_world(&w, "mountaincar", false);
    for (int which = 0; which < 4; which++) {
        w.spec.obs_centre = which & 1 ? centre : NULL;
        w.spec.obs_scale = which & 2 ? scale : NULL;
        struct rng rng = rng_make(5, 0, RNG_TEST, 0);
        if (instance_open(&in, &w, rng, 3) || instance_reset(&in)) fail_msg("%s", error_text());
        w.ops->init(state, &w.args, NULL, 0);
        w.ops->reset(state, &rng, raw);
        for (int t = 0; t < 50; t++) {
            const float *seen;
            struct env_step step;
            frames_stack(&in.frames, &seen);
            for (int d = 0; d < 2; d++)
                EXPECT(seen[d] == (raw[d] - (which & 1 ? centre[d] : 0)) * (which & 2 ? scale[d] : 1));
            const struct env_action action = {.index = t % 3};
            if (instance_step(&in, action, &step)) fail_msg("%s", error_text());
            w.ops->step(state, &rng, action, raw);
        }
        instance_close(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cue_rules),
        cmocka_unit_test(test_mountaincar_starts),
        cmocka_unit_test(test_network_sees_scaled),
    };
    return testing_main(tests);
}
