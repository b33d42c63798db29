/* test_turn.c -- one turn of rank 0 with gradients made by hand, and one turn of an actor seen from rank 0. */
#include "sharing.h"

#include <math.h>

#include "base/error.h"
#include "turn/actor.h"
#include "turn/master.h"

enum { P = 32, READY = 5 };

struct told {
    int n;
    int64_t lag[READY];
    uint32_t bad;
};

static void hear(void *arg, const struct share_ready *r, int64_t lag)
{
    struct told *t = arg;
    if (t->n < READY) t->lag[t->n] = lag;
    t->n++;
    t->bad += r->push.bad;
}

/* Which of five count, with what learning rate and scale, and what is counted of the others. */
static void counts(void **state)
{
    (void)state;
    static const float g[READY][P];
    const struct share_ready ready[READY] = {
        {0, g[0], {.version = 7, .frames = 100, .steps = 25, .scale = 1, .factors = 5}},
        {1, g[1], {.version = 9, .frames = 50, .steps = 13, .scale = 1, .bad = TURN_BAD_GRADIENT}},
        {2, g[2], {.version = 10, .frames = 30, .steps = 8, .scale = 0}},
        {2, g[3], {.version = 3, .frames = 20, .steps = 5, .scale = 0.25f}},
        {3, g[4], {.version = 12, .frames = 200, .steps = 50, .scale = 1, .bad = TURN_BAD_REWARD}},
    };
    struct told told = {0};
    struct optim_grad grads[READY];
    struct turn_master t = {.lr = 0.5,
                            .lr_anneal = 1,
                            .lr_frames = 1000,
                            .seen = hear,
                            .arg = &told,
                            .frames = 400,
                            .steps = 100,
                            .updates = 10};
    EXPECT(turn_master_count(&t, ready, READY, grads) == 2);
    EXPECT(grads[0].grad == g[0] && grads[0].scale == 1 && grads[0].actor == 0 && grads[0].factors == 5);
    EXPECT(grads[1].grad == g[3] && grads[1].scale == 0.25f && grads[1].actor == 2 && grads[1].factors == 0);
    EXPECT_NEAR(grads[0].lr, 0.5 * 0.6, 1e-7);  /* T is 400 of 1000 */
    EXPECT_NEAR(grads[1].lr, 0.5 * 0.42, 1e-7); /* and 580: bad ones have been played, too */
    EXPECT(t.frames == 800 && t.steps == 201 && t.updates == 12);
    EXPECT_NEAR(turn_master_lr(&t), 0.5 * 0.2, 1e-7);
    EXPECT(told.n == READY && told.bad == TURN_BAD_GRADIENT + TURN_BAD_REWARD);
    /* of each before it counts itself: 10, 11, 11, 11 and 12 updates */
    EXPECT(told.lag[0] == 3 && told.lag[1] == 2 && told.lag[2] == 1 && told.lag[3] == 8 && told.lag[4] == 0);

    t.lr_anneal = 0;
    t.seen = NULL;
    EXPECT(turn_master_count(&t, ready, 1, grads) == 1 && grads[0].lr == 0.5f);
    EXPECT(told.n == READY);
}

static const struct share_config window = {.params = P, .target = true, .episodes = 4};

/* What an actor pushes: entries i + 1, times its number. */
static int push(struct share *s, float scale, uint32_t bad, int64_t frames)
{
    float *mail = share_begin(s);
    CHECK(mail != NULL);
    if (!mail) return -1;
    for (int i = 0; i < P; i++) mail[i] = (float)((i + 1) * sharing_rank);
    share_push(s, &(struct share_push){.frames = frames, .steps = 1, .scale = scale, .bad = bad});
    return share_flush(s);
}

/* theta is start - lr * sums, entry by entry. */
static bool theta_is(const float *theta, double start, double sums)
{
    for (int i = 0; i < P; i++)
        if (theta[i] != (float)(start - 0.5 * sums * (i + 1))) return false;
    return true;
}

/* Whatever the actors push is applied once, at its scale, and published with the counts; nothing else is. */
static void applies(void **state)
{
    (void)state;
    struct share *s = share_open(MPI_COMM_WORLD, &window);
    const int actors = sharing_size - 1, each = 4;
    const double sums = 1.75 * actors * (actors + 1) / 2;
    if (sharing_rank == 0) {
        const struct optim_config config = {.kind = OPTIM_SGD};
        float theta[P];
        struct turn_master t = {.share = s, .optim = optim_new(&config, P, actors), .params = P, .lr = 0.5};
        fill(theta, P, 100);
        share_start(s, theta, theta, 0, 0);
        for (int n = 0; n < each * actors;) {
            const int more = turn_master_serve(&t);
            if (!more) share_idle(s, 0.002);
            n += more;
        }
        CHECK(turn_master_serve(&t) == 0);
        CHECK(t.updates == 2 * actors && t.frames == 40 * actors && t.steps == each * actors);
        CHECK(theta_is(share_theta(s), 100, sums));
        share_stop(s, 1);
        optim_free(&t.optim);
    } else {
        struct share_view view = {0};
        float theta[P];
        push(s, 1, 0, 10);
        push(s, 1, TURN_BAD_GRADIENT, 10);
        push(s, 0, 0, 10);
        push(s, 0.75f, 0, 10);
        while (!view.stop && !share_fetch(s, theta, &view)) sleep_us(1000);
        CHECK(view.version == 2 * (uint64_t)actors && theta_is(theta, 100, sums));
    }
    finish(&s);
}

/* One push of 60 frames after the other, target_every 100: the target is theta as of the first update at or behind each
 * multiple, and a push that is not applied moves nothing. */
static void target(void **state)
{
    (void)state;
    static const struct {
        int64_t frames;
        float scale;
        double now, target; /* sums of scales in theta and theta_target after it */
    } steps[] = {{60, 1, 1, 0}, {60, 1, 2, 2}, {60, 1, 3, 2}, {100, 0, 3, 2}, {60, 1, 4, 4}, {5, 1, 5, 4}};
    enum { STEPS = sizeof steps / sizeof *steps };
    struct share *s = share_open(MPI_COMM_WORLD, &window);
    if (sharing_rank == 0) {
        const struct optim_config config = {.kind = OPTIM_SGD};
        float theta[P], of_turn[P];
        struct turn_master t = {.share = s,
                                .optim = optim_new(&config, P, sharing_size - 1),
                                .params = P,
                                .lr = 0.5,
                                .target = of_turn,
                                .target_every = 100};
        fill(theta, P, 0);
        fill(of_turn, P, 0);
        share_start(s, theta, theta, 0, 0);
        for (int n = 0; n < STEPS; n += turn_master_serve(&t)) share_idle(s, 0.002);
        CHECK(t.target_frames == 340 && theta_is(of_turn, 0, 4));
        share_stop(s, 1);
        optim_free(&t.optim);
    } else if (sharing_rank == 1) {
        float theta[P], theta_target[P];
        struct share_view view;
        uint64_t version;
        for (int i = 0; i < STEPS; i++) {
            push(s, steps[i].scale, 0, steps[i].frames);
            CHECK(!share_fetch(s, theta, &view) && theta_is(theta, 0, steps[i].now));
            CHECK(!share_fetch_target(s, theta_target, &version) && theta_is(theta_target, 0, steps[i].target));
            CHECK(version == view.target_version);
        }
    }
    finish(&s);
}

/* Catch, learned by A3C with gradients clipped at a norm that every one exceeds; whole ones, which have no factors
 * where relays would have to sum them. */
static void open_setup(struct setup *setup, struct option_set *set)
{
    char *words[] = {"--env", "catch", "--algo", "a3c", "--clip", "0.001", "--combine", "sum"};
    const char *positional = NULL;
    options_init(set);
    const bool read = !options_read_args(set, sizeof words / sizeof *words, words, &positional) && !setup_complete(set);
    CHECK(read && !setup_open(setup, &set->values, true));
}

/* Rank 0 takes `pushes` of each actor and looks at them; weights are NaN where asked. */
static void watch(struct share *s, const struct setup *setup, int pushes, bool nan)
{
    struct share_ready ready[SHARE_DRAIN_MOST];
    struct rng rng = rng_make(1, 0, RNG_INIT, 0);
    float *theta = calloc(setup->facts->params, sizeof *theta);
    const int all = pushes * (sharing_size - 1);
    net_init(setup->net, NET_INIT_UNIFORM, theta, &rng);
    if (nan) theta[0] = NAN;
    share_start(s, theta, NULL, 0, 0);
    for (int taken = 0; taken < all;) {
        const int n = share_drain(s, ready, SHARE_DRAIN_MOST);
        for (int i = 0; i < n; i++) {
            const struct share_push *p = &ready[i].push;
            double sum = 0;
            CHECK(p->frames > 0 && p->steps == p->frames && !p->factors);
            if (nan) {
                CHECK(p->bad == TURN_BAD_GRADIENT && p->scale == 0 && p->norm == 0 && p->policy_loss == 0);
                continue;
            }
            for (size_t j = 0; j < setup->facts->params; j++)
                sum += (double)ready[i].grad[j] * (double)ready[i].grad[j];
            CHECK(!p->bad && p->norm > 0.001f && fabs(sqrt(sum) - (double)p->norm) < 1e-3 * (double)p->norm);
            CHECK(fabs((double)p->scale * sqrt(sum) - 0.001) < 1e-6);
        }
        if (n)
            share_ack(s, ready, n);
        else
            share_idle(s, 0.002);
        taken += n;
    }
    share_stop(s, 1);
    free(theta);
}

/* An actor's rollouts: whole, clipped, with their episodes; a gradient that is no number stays behind. */
static void rollouts(bool nan)
{
    enum { PUSHES = 40 };
    static struct option_set set;
    struct setup setup = {0};
    open_setup(&setup, &set);
    const struct share_config config = {.params = setup.facts->params, .episodes = 256};
    struct share *s = share_open(MPI_COMM_WORLD, &config);
    if (sharing_rank == 0) {
        watch(s, &setup, PUSHES, nan);
        CHECK(share_wait_bye(s, 60) == 0);
        for (int a = 0; a < sharing_size - 1; a++) {
            struct share_episode e[256];
            int64_t lost = 0;
            const int n = share_take_episodes(s, a, e, 256, &lost);
            CHECK(n > 0 && !lost && (e[0].ret == 1 || e[0].ret == -1));
        }
    } else {
        double seconds[TURN_PARTS] = {0};
        struct share_view view;
        struct turn_actor t;
        CHECK(!turn_actor_open(&t, &setup, sharing_rank));
        t.share = s;
        t.seconds = seconds;
        for (int i = 0; i < PUSHES; i++) {
            const float *theta = turn_actor_fetch(&t, &view);
            CHECK(theta != NULL && turn_actor_rollout(&t, theta, &view) == TURN_PUSHED);
        }
        for (int i = 0; i < TURN_PARTS; i++) CHECK(seconds[i] > 0);
        turn_actor_fetch(&t, &view);
        share_bye(s);
        turn_actor_close(&t);
    }
    share_close(&s);
    setup_close(&setup);
    agree();
}

static void clips(void **state)
{
    (void)state;
    rollouts(false);
}

static void keeps_nan_back(void **state)
{
    (void)state;
    rollouts(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts), cmocka_unit_test(applies), cmocka_unit_test(target),
                                       cmocka_unit_test(clips), cmocka_unit_test(keeps_nan_back)};
    return sharing_main(tests);
}
