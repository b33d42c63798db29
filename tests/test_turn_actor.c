/* test_turn_actor.c -- one turn of an actor, step by step, on an agent and shared memory that are scripted here: what
 * is pushed of a rollout, what of a spoilt one, when theta_target is fetched, in which order episodes are told. */
#include "testing.h"

#include <math.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "turn/actor.h"

static struct {
    /* the agent */
    bool spoilt; /* the next rollout */
    enum instance_fault fault;
    struct agent_stats stats;
    int finished; /* episodes that wait */
    int64_t T;    /* as it was told */
    const float *target;
    /* shared memory */
    uint64_t target_version;
    int fetches, target_fetches, told;
    bool stop, gone;
    struct share_push push;
    int again, pushes, stop_at; /* later epochs; pushes, and the one after which the master says stop */
    int64_t frames;             /* of all pushes */
    char order[64];
} fake;

struct agent {
    int none;
};
struct agent *agent_new(const struct agent_config *config, const struct world *world, const struct net *net)
{
    (void)config, (void)world, (void)net;
    return memory_new(1, sizeof(struct agent));
}
void agent_free(struct agent **agent)
{
    free(*agent);
    *agent = NULL;
}
int agent_play(struct agent *agent, const float *theta, int64_t T)
{
    (void)agent, (void)theta;
    fake.T = T;
    return fake.spoilt ? error_set("spoilt") : 0;
}
enum instance_fault agent_fault(const struct agent *agent)
{
    (void)agent;
    return fake.fault;
}
int64_t agent_steps(const struct agent *agent)
{
    (void)agent;
    return 7;
}
void agent_gradient(struct agent *agent, const float *theta, const float *target, float *dtheta,
                    struct agent_stats *stats)
{
    (void)agent, (void)theta, (void)dtheta;
    fake.target = target;
    *stats = fake.stats;
}
void agent_gradient_again(struct agent *agent, const float *theta, float *dtheta, struct agent_stats *stats)
{
    (void)agent, (void)theta, (void)dtheta;
    fake.again++;
    stats->frames = stats->steps = 0;
}
int agent_take_episodes(struct agent *agent, struct agent_episode *out, int max)
{
    (void)agent;
    const int n = fake.finished < max ? fake.finished : max;
    for (int i = 0; i < n; i++) out[i] = (struct agent_episode){.frames = 4 * i, .steps = i, .ret = -i};
    fake.finished -= n;
    return n;
}

const float *share_borrow(struct share *s, float *own, struct share_view *view)
{
    (void)s;
    fake.fetches++;
    strcat(fake.order, "fetch ");
    *view = (struct share_view){.publication = (uint64_t)fake.fetches,
                                .version = 12,
                                .frames = 340,
                                .target_version = fake.target_version,
                                .stop = fake.stop};
    return fake.gone ? NULL : own;
}
int share_fetch_target(struct share *s, float *target, uint64_t *version)
{
    (void)s;
    fake.target_fetches++;
    target[0] = (float)fake.target_version;
    *version = fake.target_version;
    return 0;
}
int share_wait(struct share *s, uint64_t publication, struct share_view *v)
{
    (void)s, (void)v;
    EXPECT(publication == (uint64_t)fake.fetches + 1); /* what the round before ends with */
    strcat(fake.order, "wait ");
    return 0;
}
float *share_begin(struct share *s)
{
    static float mail[16]; /* nobody writes to it */
    (void)s;
    strcat(fake.order, "begin ");
    return fake.stop ? NULL : mail;
}
void share_push(struct share *s, const struct share_push *push)
{
    (void)s;
    fake.push = *push;
    fake.frames += push->frames;
    if (++fake.pushes == fake.stop_at) fake.stop = true;
    strcat(fake.order, "push ");
}
void share_tell_episode(struct share *s, const struct share_episode *e)
{
    (void)s;
    EXPECT(e->frames == 4 * e->steps && e->ret == -(double)e->steps);
    if (!fake.told++) strcat(fake.order, "tell ");
}

static struct option_set set;
static struct setup setup;
static struct turn_actor t;
static struct share_view view;

static void begin(const char *algo, const char *envs)
{
    char *words[] = {"--env",  "catch", "--algo",           (char *)(uintptr_t)algo,
                     "--clip", "2",     "--envs-per-actor", (char *)(uintptr_t)envs};
    const char *positional = NULL;
    memset(&fake, 0, sizeof fake);
    options_init(&set);
    if (options_read_args(&set, sizeof words / sizeof *words, words, &positional) || setup_complete(&set) ||
        setup_open(&setup, &set.values, true) || turn_actor_open(&t, &setup, 1))
        fail_msg("%s", error_text());
    setup.world.spec.action_repeat = 4;
    fake.stats = (struct agent_stats){
        .steps = 20, .frames = 80, .policy_loss = 3, .value_loss = 5, .entropy = 7, .norm = 1.5, .factors = 2};
}
static void end(void)
{
    turn_actor_close(&t);
    setup_close(&setup);
}

/* One turn; what is pushed is in fake.push. */
static enum turn_end turn(void)
{
    fake.order[0] = 0;
    fake.told = 0;
    const float *theta = turn_actor_fetch(&t, &view);
    EXPECT(theta == t.own);
    return turn_actor_rollout(&t, theta, &view);
}

static void what_is_pushed(void **state)
{
    (void)state;
    const struct share_push *p = &fake.push;
    begin("a3c", "3");
    EXPECT(turn() == TURN_PUSHED && fake.T == 340);
    EXPECT(p->version == 12 && p->frames == 80 && p->steps == 20 && p->factors == 2 && !p->bad);
    EXPECT(p->policy_loss == 9 && p->value_loss == 15 && p->entropy == 21); /* means over three environments */
    EXPECT(p->norm == 1.5F && p->scale == 1);                               /* shorter than the clip: as it is */
    fake.stats.norm = 2;
    turn();
    EXPECT(p->norm == 2 && p->scale == 1);
    fake.stats.norm = 8;
    turn();
    EXPECT(p->norm == 8 && p->scale == 0.25F);
    set.values.clip = 0;
    turn();
    EXPECT(p->norm == 8 && p->scale == 1);
    static const double none[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        fake.stats.norm = none[i];
        EXPECT(turn() == TURN_PUSHED && p->bad == TURN_BAD_GRADIENT && p->frames == 80 && p->steps == 20);
        EXPECT(p->scale == 0 && p->norm == 0 && p->policy_loss == 0 && p->value_loss == 0 && p->entropy == 0);
    }
    fake.stats = (struct agent_stats){.steps = 4, .frames = 16, .none = true}; /* a memory is being filled */
    EXPECT(turn() == TURN_PUSHED && !p->bad && p->scale == 0 && p->frames == 16 && p->steps == 4 && p->norm == 0);
    EXPECT(t.bad_in_a_row == 0);
    fake.spoilt = true, fake.fault = INSTANCE_BAD_REWARD;
    turn();
    EXPECT(p->bad == TURN_BAD_REWARD && p->frames == 28 && p->steps == 7 && p->scale == 0 && p->version == 12);
    fake.fault = INSTANCE_BAD_OBSERVATION;
    turn();
    EXPECT(p->bad == TURN_BAD_OBSERVATION && p->frames == 28);
    fake.stop = true;
    EXPECT(turn() == TURN_NO_MAILBOX);
    end();
}

/* A hundred bad rollouts in a row, of whatever kind, and no fewer, are the end. */
static void hopeless(void **state)
{
    (void)state;
    begin("a3c", "1");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < TURN_BAD_MOST - 1; i++) {
            fake.spoilt = i % 2;
            fake.stats.norm = NAN;
            EXPECT(turn() == TURN_PUSHED);
        }
        fake.spoilt = round;
        if (!round) fake.stats.norm = 1; /* a good one */
        EXPECT(turn() == (round ? TURN_HOPELESS : TURN_PUSHED));
    }
    end();

    /* five where the environment itself fails, and one that it only answers wrongly lies between */
    begin("a3c", "1");
    fake.spoilt = true;
    for (int round = 0; round < 2; round++) {
        fake.fault = INSTANCE_FAILED;
        for (int i = 0; i < TURN_FAILED_MOST - 1; i++) EXPECT(turn() == TURN_PUSHED);
        EXPECT(fake.push.bad == TURN_BAD_ENVIRONMENT);
        if (!round) fake.fault = INSTANCE_BAD_REWARD;
        EXPECT(turn() == (round ? TURN_HOPELESS : TURN_PUSHED));
    }
    end();
}

static void target(void **state)
{
    (void)state;
    begin("n-step-q", "1");
    static const struct {
        uint64_t version;
        int fetches;
    } steps[] = {{1, 1}, {1, 1}, {2, 2}, {2, 2}, {9, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        fake.target_version = steps[i].version;
        turn();
        EXPECT(fake.target_fetches == steps[i].fetches && fake.target == t.target);
        EXPECT(t.target[0] == (float)steps[i].version);
    }
    fake.target_version = 10, fake.stop = true; /* nothing is to be played any more */
    EXPECT(turn_actor_fetch(&t, &view) && fake.target_fetches == 3);
    fake.gone = true;
    EXPECT(!turn_actor_fetch(&t, &view));
    end();
    begin("a3c", "1");
    fake.target_version = 3;
    turn();
    EXPECT(fake.target_fetches == 0 && !fake.target);
    end();
}

/* All of them, behind their gradient; in rounds before it, as who has the gradient has to have them. */
static void finished(void **state)
{
    (void)state;
    static const int counts[] = {0, 1, 64, 65, 200};
    for (int rounds = 0; rounds < 2; rounds++) {
        begin("a3c", "1");
        set.values.deterministic = rounds;
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            fake.finished = counts[i];
            turn();
            EXPECT(fake.told == counts[i]);
            assert_string_equal(fake.order, !counts[i] ? "fetch begin push "
                                            : rounds   ? "fetch begin tell push "
                                                       : "fetch begin push tell ");
        }
        end();
    }
}

/* A gradient of the same rollout at newer weights, which have the one before; frames and episodes are told once. */
static void epochs(void **state)
{
    (void)state;
    begin("a3c", "1");
    set.values.epochs = 3;
    fake.finished = 1;
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 3 && fake.again == 2 && fake.frames == 80);
    assert_string_equal(fake.order, "fetch begin push tell begin fetch push begin fetch push ");
    fake.spoilt = true;
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 4 && fake.again == 2 && fake.push.bad);
    fake.spoilt = false, fake.stats.norm = NAN; /* of a rollout without a gradient there is no second */
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 5 && fake.again == 2 && fake.push.bad && t.bad_in_a_row == 2);
    fake.stats.norm = 1, fake.stop_at = 7; /* in the middle */
    EXPECT(turn() == TURN_NO_MAILBOX && fake.pushes == 7 && fake.again == 3);
    end();

    begin("a3c", "1");
    set.values.epochs = 2;
    set.values.deterministic = true;
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 2 && fake.again == 1);
    assert_string_equal(fake.order, "fetch begin push wait begin fetch push ");
    EXPECT(view.publication == 2);
    fake.spoilt = true; /* as many pushes as the others have */
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 4 && fake.again == 1);
    EXPECT(!fake.push.bad && fake.push.scale == 0 && !fake.push.frames);
    fake.spoilt = false, fake.stats.norm = NAN;
    EXPECT(turn() == TURN_PUSHED && fake.pushes == 6 && fake.again == 1 && t.bad_in_a_row == 2);
    EXPECT(!fake.push.bad && fake.push.scale == 0 && !fake.push.frames);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_pushed), cmocka_unit_test(hopeless),
                                       cmocka_unit_test(target), cmocka_unit_test(finished), cmocka_unit_test(epochs)};
    return testing_main(tests);
}
