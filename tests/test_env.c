/* test_env.c -- what every environment of env/list.h must hold to, read off the table: a new environment is tested by
 * its line there. Where the classic ones, catch and corridor must agree with references is in test_env_models.c. */
#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "learn/algo.h"
#include "learn/world.h"
#include "setup/setup.h"

/* Families say nothing without a variant: here is one for each. */
static const char *const variants[][2] = {
    {"atari", "atari:pong"}, {"gym", "gym:CartPole-v1"}, {"mujoco", "mujoco:hopper"}};

enum { STEPS = 1200, TESTS_MAX = 512 };

struct play { /* one instance and all it needs */
    struct world world;
    void *state;
    uint8_t *obs; /* world_obs_bytes() */
    float *vector;
    struct rng env, policy;
    struct env_step last;
};

static const char *full_name(const struct env_ops *ops)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        if (!strcmp(ops->name, variants[i][0])) return variants[i][1];
    return ops->name;
}

static void play_open(struct play *p, const struct env_ops *ops, uint64_t seed)
{
    const struct env_args args = {.training = true, .no_op_max = 30, .life_loss = true};
    if (world_open(&p->world, full_name(ops), &args)) {
        /* a family may need files that only the user can have */
        if (full_name(ops) != ops->name) {
            print_message("# %s\n", error_text());
            skip();
        }
        fail_msg("%s", error_text());
    }
    char err[256] = "";
    p->state = memory_new(1, p->world.spec.state_size);
    p->obs = memory_new(1, world_obs_bytes(&p->world));
    p->vector = memory_floats((size_t)p->world.policy.size);
    p->env = rng_make(seed, 0, RNG_ENV, 0);
    p->policy = rng_make(seed, 0, RNG_TEST, 0);
    p->last = (struct env_step){0};
    if (ops->init && ops->init(p->state, &p->world.args, err, sizeof err)) fail_msg("%s: %s", ops->name, err);
}

static void play_close(struct play *p)
{
    if (p->world.ops->free) p->world.ops->free(p->state);
    free(p->state), free(p->obs), free(p->vector);
}

static void play_reset(struct play *p)
{
    p->world.ops->reset(p->state, &p->env, p->obs);
    p->last = (struct env_step){0};
}

static struct env_action play_draw(struct play *p)
{
    return world_random_action(&p->world, &p->policy, p->vector);
}

static bool play_over(const struct play *p)
{
    return p->last.terminated || p->last.truncated;
}

/* A step at random, or a reset where the last one ended the episode. */
static void play_on(struct play *p)
{
    if (play_over(p)) {
        play_reset(p);
        return;
    }
    p->last = p->world.ops->step(p->state, &p->env, play_draw(p), p->obs);
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3ULL; /* FNV-1a */
    return h;
}

static uint64_t play_hash(const struct play *p, uint64_t h)
{
    const uint8_t flags = (uint8_t)(p->last.terminated | p->last.truncated << 1 | p->last.life_lost << 2);
    h = hash(h, &p->last.reward, sizeof p->last.reward);
    return hash(hash(h, &flags, 1), p->obs, world_obs_bytes(&p->world));
}

static uint64_t play_trajectory(struct play *p, int steps)
{
    uint64_t h = 0xCBF29CE484222325ULL;
    for (int i = 0; i < steps; i++) {
        play_on(p);
        h = play_hash(p, h);
    }
    return h;
}

static void check_finite(const struct play *p)
{
    EXPECT(isfinite(p->last.reward));
    for (int i = 0; p->world.spec.obs_kind == ENV_OBS_FLOATS && i < p->world.spec.obs_dim; i++)
        EXPECT(isfinite(((const float *)p->obs)[i]));
}

static void test_same_seed_replays(void **ops)
{
    struct play a, b;
    play_open(&a, *ops, 7), play_open(&b, *ops, 7);
    play_reset(&a), play_reset(&b);
    EXPECT(play_trajectory(&a, STEPS) == play_trajectory(&b, STEPS));
    play_close(&a), play_close(&b);
}

/* The state saved after some steps, loaded into another instance, goes on as the first does. */
static void test_saved_state_resumes(void **ops)
{
    const struct env_ops *e = *ops;
    struct play a, b;
    if (!e->plain_state && !e->save) skip();
    play_open(&a, e, 11), play_open(&b, e, 12);
    play_reset(&a), play_reset(&b);
    for (int round = 0; round < 5; round++) {
        play_trajectory(&a, 37), play_trajectory(&b, 5);
        if (e->save) {
            uint8_t *bytes = memory_new(1, a.world.spec.save_size);
            const size_t n = e->save(a.state, bytes);
            EXPECT(n > 0 && n <= a.world.spec.save_size);
            EXPECT(e->load(b.state, bytes, n) == 0);
            EXPECT(n < 2 || e->load(b.state, bytes, n / 2) == -1);
            EXPECT(e->load(b.state, bytes, n) == 0);
            free(bytes);
        } else {
            memcpy(b.state, a.state, a.world.spec.state_size);
        }
        b.env = a.env, b.policy = a.policy, b.last = a.last;
        EXPECT(play_trajectory(&a, 300) == play_trajectory(&b, 300));
    }
    play_close(&a), play_close(&b);
}

/* Bytes that are no state of the environment's are not taken, and change nothing. */
static void test_strange_state_is_refused(void **ops)
{
    const struct env_ops *e = *ops;
    struct play a, b;
    if (!e->plain_state || !e->load) return; /* an emulator's own business, or unchecked */
    play_open(&a, e, 11), play_open(&b, e, 11);
    play_reset(&a), play_reset(&b);
    const size_t n = a.world.spec.save_size;
    uint8_t *bytes = memory_new(2, n);
    for (int fill = 0x7F; fill <= 0xFF; fill += 0x80) {
        memset(bytes, fill, 2 * n);
        EXPECT(e->load(a.state, bytes, n) == -1);
        EXPECT(e->save(a.state, bytes) == n);
        EXPECT(e->load(a.state, bytes, n + 1) == -1 && e->load(a.state, bytes, 0) == -1);
        memset(bytes, fill, sizeof(double)); /* its first numbers alone */
        EXPECT(e->load(a.state, bytes, n) == -1);
    }
    free(bytes);
    EXPECT(play_trajectory(&a, 300) == play_trajectory(&b, 300));
    play_close(&a), play_close(&b);
}

/* Numbers are finite, an episode ends in time, and an end leaves the last observation, not a new start's. */
static void test_ends_and_numbers(void **ops)
{
    struct play p, other;
    play_open(&p, *ops, 3), play_open(&other, *ops, 3);
    play_reset(&p);
    const int limit = p.world.spec.max_steps, most = limit > 0 && limit < STEPS ? 4 * limit : STEPS;
    int length = 0, ends = 0, like_start = 0;
    for (int i = 0; i < most || (ends < 10 && i < STEPS); i++) {
        other.env = p.env;
        play_on(&p);
        check_finite(&p);
        length++;
        if (limit > 0) EXPECT(length <= limit);
        if (limit > 0 && length == limit) EXPECT(play_over(&p));
        if (!play_over(&p)) continue;
        EXPECT(p.last.terminated != p.last.truncated);
        play_reset(&other);
        ends++, like_start += !memcmp(p.obs, other.obs, world_obs_bytes(&p.world));
        play_reset(&p);
        length = 0;
    }
    if (limit > 0 && limit < STEPS) EXPECT(ends > 0);
    EXPECT(ends == 0 || like_start < ends);
    play_close(&p), play_close(&other);
}

/* Two buffers, filled differently before each call, hold the same bytes after it. */
static void test_observation_written_whole(void **ops)
{
    struct play a, b;
    play_open(&a, *ops, 5), play_open(&b, *ops, 5);
    const size_t n = world_obs_bytes(&a.world);
    a.last.terminated = b.last.terminated = true;
    for (int i = 0; i < 300; i++) {
        memset(a.obs, 0xA5, n), memset(b.obs, 0x5A, n);
        play_on(&a), play_on(&b);
        EXPECT(!memcmp(a.obs, b.obs, n));
    }
    play_close(&a), play_close(&b);
}

/* Each action for a while, from the start; continuous ones at both ends of their range. */
static void test_every_action_is_legal(void **ops)
{
    struct play p;
    play_open(&p, *ops, 9);
    const struct env_spec *s = &p.world.spec;
    const int choices = s->num_actions ? s->num_actions : 2;
    for (int c = 0; c < choices; c++) {
        for (int i = 0; i < s->action_dim; i++) p.vector[i] = c ? s->action_high[i] : s->action_low[i];
        const struct env_action action = {.index = s->num_actions ? c : 0, .vector = s->action_dim ? p.vector : NULL};
        play_reset(&p);
        for (int i = 0; i < 60 && !play_over(&p); i++) {
            p.last = p.world.ops->step(p.state, &p.env, action, p.obs);
            check_finite(&p);
        }
    }
    play_close(&p);
}

/* The picture is written whole, shows something, and changes as the game goes on. */
static void test_render_draws(void **ops)
{
    struct play p;
    play_open(&p, *ops, 13);
    const struct env_ops *e = *ops;
    if (!p.world.spec.render_height) {
        play_close(&p);
        skip();
    }
    const size_t n = (size_t)p.world.spec.render_height * (size_t)p.world.spec.render_width * 3;
    uint8_t *first = memory_new(1, n), *now = memory_new(1, n);
    play_reset(&p);
    memset(first, 0xA5, n), memset(now, 0x5A, n);
    e->render(p.state, first), e->render(p.state, now);
    EXPECT(!memcmp(first, now, n));
    bool varied = false, moved = false;
    for (size_t i = 3; i < n && !varied; i++) varied = first[i] != first[i % 3];
    EXPECT(varied);
    for (int i = 0; i < 200; i++) {
        play_on(&p);
        e->render(p.state, now);
        moved = moved || memcmp(first, now, n) != 0;
    }
    EXPECT(moved);
    free(first), free(now);
    play_close(&p);
}

static bool number_within(const char *value, double low, double high)
{
    char *end;
    const double x = strtod(value, &end);
    return end != value && *end == '\0' && x >= low && x <= high;
}

/* Is value allowed for the option key? The rows of OPTIONS are read here, so that nothing but the table is needed. */
static bool option_allows(const char *key, const char *value)
{
#define X_REAL(low, high) number_within(value, (double)(low), (double)(high))
#define X_INT(low, high) (number_within(value, (double)(low), (double)(high)) && !strpbrk(value, ".eE"))
#define X_FLAG(low, high) (!strcmp(value, "true") || !strcmp(value, "false"))
#define X_TEXT(low, high) (value[0] != '\0')
#define X_NAME(low, high) (value[0] != '\0')
#define IS_WORD(constant, word) !strcmp(value, word) ||
#define X_WORD(low, words) (words(IS_WORD) false)
#define X(kind, field, k, def, low, high, resume, help)                                                                \
    if (!strcmp(key, k)) return X_##kind(low, high);
    /* a TEXT's bounds are no numbers and are not looked at */
    OPTIONS(X)
#undef X
    return false;
}

/* Rows name known options, known algorithms and allowed values; a network and a budget are among them. */
static void test_defaults_are_options(void **ops)
{
    const struct env_ops *e = *ops;
    bool net = false, frames = false;
    EXPECT(e->defaults != NULL);
    for (const struct env_default *d = e->defaults; d->key; d++) {
        const char *colon = strrchr(d->key, ':'); /* TASK:KEY */
        if (!option_allows(colon ? colon + 1 : d->key, d->value))
            fail_msg("%s: default %s = %s", e->name, d->key, d->value);
        EXPECT(!d->algo || algo_find(d->algo));
        net = net || !strcmp(d->key, "net"), frames = frames || !strcmp(d->key, "frames");
    }
    EXPECT((net || !strcmp(e->name, "gym")) && frames); /* whose observations are anything */
    EXPECT(e->help && !strchr(e->help, '\n'));
}

/* Whoever names another algorithm hears of what he said, not of what he never did. */
static void test_defaults_suit_every_algorithm(void **ops)
{
    for (int i = 0; algo_at(i); i++) {
        static struct option_set set;
        options_init(&set);
        EXPECT(!options_set(&set, "env", full_name(*ops), ORIGIN_COMMAND, "--env"));
        EXPECT(!options_set(&set, "algo", algo_at(i)->name, ORIGIN_COMMAND, "--algo"));
        if (setup_complete(&set)) fail_msg("%s by %s: %s", full_name(*ops), algo_at(i)->name, error_text());
    }
}

/* What stands in list.h is what is typed, and each name once. */
static void test_table_and_names(void **unused)
{
    (void)unused;
    static const char *const ids[] = {
#define ENV(id) #id,
#include "../env/list.h"
#undef ENV
    };
    const int count = (int)(sizeof ids / sizeof ids[0]);
    EXPECT(count >= 5);
    for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", ids[i]);
        for (char *at = name; *at; at++)
            if (*at == '_') *at = '-';
        EXPECT(!strcmp(world_env(i)->name, name));
        for (int j = 0; j < i; j++) EXPECT(strcmp(ids[i], ids[j]) != 0);
        const char *arg = NULL;
        EXPECT(world_find(name, &arg) == world_env(i) && arg && !*arg);
    }
    EXPECT(world_env(count) == NULL && world_env(-1) == NULL);
}

static void test_known_ones_check_a_state(void **unused)
{
    static const char *const names[] = {"catch",   "cue",         "corridor", "cartpole",
                                        "acrobot", "mountaincar", "pendulum", "mountaincar-continuous",
                                        "drive",   "maze"};
    const char *arg;
    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) EXPECT(world_find(names[i], &arg)->load);
}

int main(void)
{
    static const struct {
        const char *what;
        CMUnitTestFunction run;
    } generic[] = {
        {"the same seed replays", test_same_seed_replays},
        {"a saved state resumes", test_saved_state_resumes},
        {"a strange state is refused", test_strange_state_is_refused},
        {"ends and numbers", test_ends_and_numbers},
        {"observations are written whole", test_observation_written_whole},
        {"every action is legal", test_every_action_is_legal},
        {"render draws", test_render_draws},
        {"defaults are options", test_defaults_are_options},
        {"defaults suit every algorithm", test_defaults_suit_every_algorithm},
    };
    static struct CMUnitTest tests[TESTS_MAX];
    static char names[TESTS_MAX][80];
    size_t n = 0;
    setup_names();
    tests[n++] = (struct CMUnitTest){.name = "table and names", .test_func = test_table_and_names};
    tests[n++] = (struct CMUnitTest){.name = "known ones check a state", .test_func = test_known_ones_check_a_state};
    for (int i = 0; world_env(i); i++)
        for (size_t g = 0; g < sizeof generic / sizeof generic[0] && n < TESTS_MAX; g++, n++) {
            snprintf(names[n], sizeof names[n], "%s: %s", world_env(i)->name, generic[g].what);
            tests[n] = (struct CMUnitTest){
                .name = names[n], .test_func = generic[g].run, .initial_state = (void *)(uintptr_t)world_env(i)};
        }
    return testing_run(tests, n);
}
