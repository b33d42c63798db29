/* test_replay.c -- the memory that dqn learns from, beside a twin that keeps the whole past and both stacks of every
 * step: over ends of every kind, round the ring several times, with several rings; and who is drawn how often. */
#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/agent_private.h"

enum { PLANES = 2, PLANE = 3, SIZE = PLANES * PLANE, RINGS_MOST = 3, PAST = 4000 };

/* One step of the whole past of a ring: its episode, and the numbers of the observations of both its stacks. */
struct past {
    float action, reward;
    uint8_t end;
    int stack[ENV_STACK_MOST], next[ENV_STACK_MOST];
    int64_t from, to; /* places that it needs: of its stack's oldest to its successor's */
    int64_t at;
};
struct twin {
    struct past step[PAST];
    int steps;
    int recent[ENV_STACK_MOST]; /* numbers of the observations that are stacked now */
    int64_t places, first;      /* written so far; where this episode begins */
};

/* Observation number i as an environment would show it: other bytes for every i below 2^16. */
static const float *picture(int i, bool pixels)
{
    static float obs[SIZE];
    for (int k = 0; k < SIZE; k++) {
        const int byte = k == 0 ? i % 256 : k == 1 ? i / 256 : (i * 7 + k * 31) % 256;
        obs[k] = pixels ? (float)byte / 255 : (float)(i + k);
    }
    return obs;
}

static bool shows(const float *const *x, const int *numbers, int stack, bool pixels)
{
    for (int k = 0; k < stack; k++)
        for (int p = 0; p < PLANES; p++)
            if (memcmp(x[k * PLANES + p], picture(numbers[k], pixels) + p * PLANE, PLANE * sizeof(float))) return false;
    return true;
}

static void see(struct twin *t, int stack, int number)
{
    for (int k = 1; k < stack; k++) t->recent[k - 1] = t->recent[k];
    t->recent[stack - 1] = number;
    t->places++;
}

static void see_first(struct twin *t, int stack, int number)
{
    for (int k = 0; k < stack; k++) t->recent[k] = number;
    t->first = t->places++;
}

/* Plays `steps` random steps and compares all that the memory has with the twin, now and then. */
static void play(struct replay *m, struct twin *twins, int steps, struct rng *rng, int *drawable)
{
    const struct replay_config *c = &m->config;
    static int number;
    for (int i = 0; i < steps; i++) {
        const int ring = rng_below(rng, c->rings), what = rng_below(rng, 12);
        struct twin *t = &twins[ring];
        struct past *p = &t->step[t->steps++];
        assert_true(t->steps < PAST);
        *p = (struct past){.action = (float)rng_below(rng, 5), .reward = (float)rng_uniform(rng), .at = t->places - 1};
        p->from = p->at - c->stack + 1 > t->first ? p->at - c->stack + 1 : t->first;
        memcpy(p->stack, t->recent, sizeof p->stack);
        const bool over = what == 0, life = what == 1, cut = what == 2, failed = what == 3;
        if (failed) { /* the environment answered no number: the step is none, and an episode begins */
            t->steps--;
            if (t->first == t->places - 1) t->places--; /* nothing of that one is left */
            replay_begin(m, ring, picture(++number, c->pixels));
            see_first(t, c->stack, number);
            continue;
        }
        p->end = over || life ? ROLLOUT_TERMINAL : cut ? ROLLOUT_CUT : ROLLOUT_GOES_ON;
        replay_add(m, ring, p->action, p->reward, p->end, over ? NULL : picture(++number, c->pixels));
        if (!over) see(t, c->stack, number);
        memcpy(p->next, t->recent, sizeof p->next);
        p->to = p->end == ROLLOUT_TERMINAL ? p->at : p->at + 1;
        if (over || cut) {
            replay_begin(m, ring, picture(++number, c->pixels));
            see_first(t, c->stack, number);
        }
    }
    *drawable = 0;
    for (int ring = 0; ring < c->rings; ring++) {
        const struct twin *t = &twins[ring];
        int has = 0;
        EXPECT(m->written[ring] == t->places);
        for (int64_t at = 0; at < t->places + 2; at++) has += replay_has(m, ring, at);
        for (int s = 0; s < t->steps; s++) {
            const struct past *p = &t->step[s];
            const bool there = p->from >= t->places - m->room && p->from >= 0;
            EXPECT(replay_has(m, ring, p->at) == there);
            if (!there) continue;
            has--;
            (*drawable)++;
            const struct replay_step step = {ring, p->at, p->action, p->reward, p->end};
            float room[(ENV_STACK_MOST + 1) * SIZE];
            const float *x[FRAMES_POINTERS_MAX], *next[FRAMES_POINTERS_MAX] = {NULL};
            replay_gather(m, &step, room, x, next);
            EXPECT(shows(x, p->stack, c->stack, c->pixels));
            EXPECT(p->end == ROLLOUT_TERMINAL ? !next[0] : shows(next, p->next, c->stack, c->pixels));
        }
        EXPECT(has == 0); /* and nothing else can be drawn */
    }
}

static void beside_the_whole_past(void **state)
{
    (void)state;
    struct twin *twins = memory_new(RINGS_MOST, sizeof *twins);
    for (int kind = 0; kind < 12; kind++) {
        const struct replay_config c = {.steps = kind < 6 ? 47 : 400,
                                        .rings = 1 + kind % 3,
                                        .planes = PLANES,
                                        .stack = kind % 2 ? 4 : 1,
                                        .size = SIZE,
                                        .pixels = kind % 4 < 2};
        struct rng rng = rng_make((uint64_t)kind, 0, RNG_TEST, 0);
        struct replay m;
        int drawable = 0;
        memset(twins, 0, RINGS_MOST * sizeof *twins);
        assert_int_equal(replay_new(&m, &c), 0);
        EXPECT(m.room >= replay_least(&c) && m.room * c.rings >= c.steps);
        EXPECT(replay_bytes(&c) >= (double)(c.steps * SIZE) * (c.pixels ? 1 : 4));
        for (int ring = 0; ring < c.rings; ring++) {
            replay_begin(&m, ring, picture(ring, c.pixels));
            see_first(&twins[ring], c.stack, ring);
            EXPECT(!replay_has(&m, ring, 0));
        }
        for (int round = 0; round < 40; round++) play(&m, twins, 30, &rng, &drawable);
        EXPECT(drawable > c.steps / 3 && drawable <= c.steps + c.rings);
        replay_free(&m);
        EXPECT(!m.block);
    }
    free(twins);
}

/* An episode that is joined has no stack before it; what was there before clear is gone. */
static void joined(void **state)
{
    (void)state;
    const struct replay_config c = {.steps = 30, .rings = 1, .planes = PLANES, .stack = 3, .size = SIZE};
    struct replay m;
    assert_int_equal(replay_new(&m, &c), 0);
    replay_begin(&m, 0, picture(1, false));
    for (int i = 0; i < 50; i++) replay_add(&m, 0, 0, 0, ROLLOUT_GOES_ON, picture(2 + i, false));
    EXPECT(m.steps == 50 && replay_has(&m, 0, 49) && !replay_has(&m, 0, 50) && !replay_has(&m, 0, 21 + 1));
    EXPECT(replay_has(&m, 0, 21 + 2)); /* places 21 to 50 are there */
    replay_clear(&m);
    EXPECT(m.steps == 0 && !replay_has(&m, 0, 49));
    replay_join(&m, 0, picture(100, false));
    for (int i = 0; i < 4; i++) replay_add(&m, 0, 0, 0, ROLLOUT_GOES_ON, picture(101 + i, false));
    EXPECT(!replay_has(&m, 0, 0) && !replay_has(&m, 0, 1) && replay_has(&m, 0, 2) && replay_has(&m, 0, 3));
    struct rng rng = rng_make(3, 0, RNG_TEST, 0);
    struct replay_step s;
    for (int i = 0; i < 100; i++) {
        replay_draw(&m, &rng, &s);
        EXPECT(s.at == 2 || s.at == 3);
    }
    replay_free(&m);
}

/* Each step that can be drawn is drawn as often as any other: chi square within five deviations of its mean, and the
 * rest never; the same stream draws the same. */
static void alike(void **state)
{
    (void)state;
    enum { EACH = 400 };
    const struct replay_config c = {
        .steps = 240, .rings = 2, .planes = PLANES, .stack = 4, .size = SIZE, .pixels = true};
    struct twin *twins = memory_new(2, sizeof *twins);
    struct rng rng = rng_make(11, 0, RNG_TEST, 0), again;
    struct replay m;
    int drawable;
    assert_int_equal(replay_new(&m, &c), 0);
    for (int ring = 0; ring < 2; ring++) {
        replay_begin(&m, ring, picture(ring, true));
        see_first(&twins[ring], 4, ring);
    }
    for (int round = 0; round < 2; round++) { /* half full, of unequal rings; then full */
        play(&m, twins, round ? 900 : 100, &rng, &drawable);
        int *count = memory_new(2 * (size_t)m.room, sizeof *count);
        again = rng;
        for (int i = 0; i < EACH * drawable; i++) {
            struct replay_step s, same;
            replay_draw(&m, &rng, &s);
            replay_draw(&m, &again, &same);
            EXPECT(replay_has(&m, s.ring, s.at) && s.ring == same.ring && s.at == same.at);
            count[s.ring * m.room + s.at % m.room]++;
        }
        double chi = 0;
        int seen = 0;
        for (int64_t i = 0; i < 2 * m.room; i++) {
            if (!count[i]) continue;
            chi += (count[i] - EACH) * (double)(count[i] - EACH) / EACH;
            seen++;
        }
        EXPECT(seen == drawable);
        EXPECT(fabs(chi - (drawable - 1)) < 5 * sqrt(2.0 * drawable));
        free(count);
    }
    replay_free(&m);
    free(twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_the_whole_past),
        cmocka_unit_test(joined),
        cmocka_unit_test(alike),
    };
    return testing_main(tests);
}
