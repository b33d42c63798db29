/* test_mujoco.c -- MuJoCo's tasks: sizes, saved states, and a simulation that breaks. `test_mujoco --record TASK STEPS`
 * writes what was played for mujoco_twin.py. Skipped where run/fetch-mujoco.sh has not been. */
#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/instance.h"

enum { OBS_MOST = 400, ACTIONS_MOST = 32, HEAD = 24 /* bytes of a saved state before its numbers */ };

static const struct {
    const char *name;
    int obs, actions, steps;
    float bound;
} sizes[] = {
    {"mujoco:hopper", 11, 3, 1000, 1},
    {"mujoco:walker2d", 17, 6, 1000, 1},
    {"mujoco:halfcheetah", 17, 6, 1000, 1},
    {"mujoco:ant", 105, 8, 1000, 1},
    {"mujoco:humanoid", 348, 17, 1000, 0.4f},
    {"mujoco:humanoid-standup", 348, 17, 1000, 0.4f},
    {"mujoco:swimmer", 8, 2, 1000, 1},
    {"mujoco:inverted-pendulum", 4, 1, 1000, 3},
    {"mujoco:inverted-double-pendulum", 9, 1, 1000, 1},
    {"mujoco:reacher", 10, 2, 50, 1},
    {"mujoco:pusher", 23, 7, 100, 2},
};
enum { TASKS = sizeof sizes / sizeof sizes[0] };

struct play {
    struct world world;
    void *state, *saved;
    struct rng rng;
    float obs[OBS_MOST], action[ACTIONS_MOST];
};

static int play_open(struct play *p, const char *name)
{
    const struct env_args args = {.training = true};
    char err[256];
    memset(p, 0, sizeof *p);
    if (world_open(&p->world, name, &args)) return -1;
    p->state = memory_new(1, p->world.spec.state_size);
    p->saved = memory_new(1, p->world.spec.save_size);
    p->rng = rng_make(3, 0, RNG_TEST, 0);
    return p->world.ops->init(p->state, &p->world.args, err, sizeof err);
}

static void play_close(struct play *p)
{
    p->world.ops->free(p->state);
    free(p->state), free(p->saved);
}

static struct env_step play_step(struct play *p)
{
    const struct env_action a = world_random_action(&p->world, &p->rng, p->action);
    return p->world.ops->step(p->state, &p->rng, a, p->obs);
}

static void need(struct play *p, const char *name)
{
    if (play_open(p, name) == 0) return;
    print_message("# %s\n", error_text());
    skip();
}

static void test_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++) {
        struct play p;
        need(&p, sizes[i].name);
        const struct env_spec *s = &p.world.spec;
        EXPECT(s->obs_dim == sizes[i].obs && s->action_dim == sizes[i].actions && s->max_steps == sizes[i].steps);
        for (int k = 0; k < s->action_dim; k++)
            EXPECT(s->action_high[k] == sizes[i].bound && s->action_low[k] == -sizes[i].bound);
        EXPECT(s->library && strstr(s->library, "MuJoCo 3."));
        play_close(&p);
    }
}

/* A state that is loaded into another instance, which has played something else, goes on bit for bit. */
static void test_saved(void **state)
{
    (void)state;
    for (int i = 0; i < TASKS; i++) {
        struct play p, q;
        need(&p, sizes[i].name), need(&q, sizes[i].name);
        p.world.ops->reset(p.state, &p.rng, p.obs);
        for (int k = 0; k < 9; k++) play_step(&p);
        q.rng = rng_make(4, 0, RNG_TEST, 0);
        q.world.ops->reset(q.state, &q.rng, q.obs);
        for (int k = 0; k < 5; k++) play_step(&q);
        const size_t n = p.world.ops->save(p.state, p.saved);
        EXPECT(n == p.world.spec.save_size && q.world.ops->load(q.state, p.saved, n) == 0);
        EXPECT(q.world.ops->load(q.state, p.saved, n - 8) == -1);
        q.rng = p.rng;
        for (int k = 0; k < 30; k++) {
            const struct env_step a = play_step(&p), b = play_step(&q);
            EXPECT(a.reward == b.reward && a.terminated == b.terminated && a.truncated == b.truncated);
            EXPECT(!memcmp(p.obs, q.obs, sizeof(float) * (size_t)p.world.spec.obs_dim));
        }
        uint8_t *rgb = memory_new((size_t)p.world.spec.render_height * (size_t)p.world.spec.render_width, 3);
        p.world.ops->render(p.state, rgb);
        int kinds = 0;
        bool seen[256] = {false};
        for (int k = 0; k < 3 * p.world.spec.render_height * p.world.spec.render_width; k++) seen[rgb[k]] = true;
        for (int k = 0; k < 256; k++) kinds += seen[k];
        EXPECT(kinds > 8);
        free(rgb);
        /* of another task, another version, or damaged: not taken back */
        const double bad = NAN;
        ((int32_t *)p.saved)[0]++;
        EXPECT(q.world.ops->load(q.state, p.saved, n) == -1);
        ((int32_t *)p.saved)[0]--, ((int32_t *)p.saved)[1] ^= 1;
        EXPECT(q.world.ops->load(q.state, p.saved, n) == -1);
        ((int32_t *)p.saved)[1] ^= 1;
        memcpy((char *)p.saved + n - sizeof bad, &bad, sizeof bad);
        EXPECT(q.world.ops->load(q.state, p.saved, n) == -1);
        play_close(&p), play_close(&q);
    }
}

/* A speed that no simulation survives: the observation is no number, and the next episode is sound. */
static void test_unstable(void **state)
{
    (void)state;
    struct world world;
    struct instance in;
    const struct env_args args = {.training = true};
    if (world_open(&world, "mujoco:hopper", &args)) skip();
    EXPECT(instance_open(&in, &world, rng_make(1, 0, RNG_ENV, 0), 2) == 0 && instance_reset(&in) == 0);
    double *bytes = memory_new(1, world.spec.save_size);
    const size_t n = world.ops->save(in.state, bytes);
    bytes[HEAD / sizeof *bytes + 1 + 6] = 1e12; /* behind time and six positions */
    EXPECT(world.ops->load(in.state, bytes, n) == 0);
    const float action[3] = {0};
    struct env_step step;
    EXPECT(instance_step(&in, (struct env_action){.vector = action}, &step) == -1);
    EXPECT(in.fault == INSTANCE_BAD_OBSERVATION && strstr(error_text(), "nan"));
    EXPECT(instance_reset(&in) == 0 && instance_step(&in, (struct env_action){.vector = action}, &step) == 0);
    EXPECT(!step.terminated && step.reward > 0);
    free(bytes);
    instance_close(&in);
}

static void put(const void *bytes, size_t n)
{
    if (fwrite(bytes, 1, n, stdout) != n) exit(1);
}

/* Sizes; then R and a state and its observation for each reset, S and action, reward, ends, observation for each
 * step. */
static int record(const char *task, int steps)
{
    struct play p;
    char name[64];
    snprintf(name, sizeof name, "mujoco:%s", task);
    if (play_open(&p, name)) return fprintf(stderr, "%s\n", error_text()), 1;
    const struct env_spec *s = &p.world.spec;
    const int32_t head[3] = {s->obs_dim, s->action_dim, (int32_t)s->save_size};
    put(head, sizeof head);
    bool over = true;
    for (int i = 0; i < steps; i++) {
        if (over) {
            p.world.ops->reset(p.state, &p.rng, p.obs);
            p.world.ops->save(p.state, p.saved);
            put("R", 1), put(p.saved, s->save_size), put(p.obs, sizeof(float) * (size_t)s->obs_dim);
        }
        const struct env_step step = play_step(&p);
        const int32_t ends[2] = {step.terminated, step.truncated};
        put("S", 1), put(p.action, sizeof(float) * (size_t)s->action_dim), put(&step.reward, sizeof step.reward);
        put(ends, sizeof ends), put(p.obs, sizeof(float) * (size_t)s->obs_dim);
        over = step.terminated || step.truncated;
    }
    play_close(&p);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--record")) return record(argv[2], atoi(argv[3]));
    setenv("MUJOCO_GL", "disable", 1); /* drawn by hand: it takes less time */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_unstable),
    };
    return testing_main(tests);
}
