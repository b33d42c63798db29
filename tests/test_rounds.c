/* test_rounds.c -- rank 0's loop with --deterministic, beside actors that are scripted here: each plays a round once
 * the one before is published, hands in what it is asked for, and stops when it is told to. */
#include "fake_master.h"
#include "train/rounds.h"

static struct {
    int64_t frames;  /* of a gradient */
    int rounds;      /* that the actors have played */
    int bad;         /* the round, from 1, in which all gradients are; 0: none */
    int lost;        /* the round in which the second actor is gone */
    int wait;        /* steps until an evaluation is through */
    int64_t rows[8]; /* T of the last row of /train, by publications */
    float before;    /* theta when the bad round came */
} actors;

static int count_of(const char *word)
{
    return times(fake.trace, word);
}

/* The last number behind a word; 0 where it is nowhere. */
static uint64_t last_of(const char *word)
{
    uint64_t id = 0;
    for (const char *at = fake.trace; (at = strstr(at, word)); at += strlen(word))
        id = strtoull(at + strlen(word), NULL, 10);
    return id;
}

static void play(void)
{
    const bool bad = ++actors.rounds == actors.bad;
    actors.before = fake.theta[0];
    for (size_t i = 0; bad && i < fake.params; i++) fake.next[i] = 777; /* of some publication before */
    for (int a = ACTORS - 1; a >= 0; a--)                               /* the last one is first */
        if (actors.rounds != actors.lost || a != 1)
            push(a, (struct share_push){.frames = actors.frames, .steps = 1, .scale = !bad, .bad = bad});
    if (actors.rounds != actors.lost) return;
    fake.gone[2] = true;
    fake.silence[1] = 3;
}

static void step(void)
{
    const int published = count_of("publish ");
    const uint64_t state = last_of("ask-state "), evaluation = last_of("ask-eval 0 ");
    if (published < 8) actors.rows[published] = fake.row.frames;
    for (int a = 0; a < ACTORS && state; a++) {
        fake.post[a][SHARE_POST_STATE] = state;
        fake.length[a][SHARE_POST_STATE] = 1;
    }
    if (evaluation && evaluation != fake.post[0][SHARE_POST_EVAL] && --actors.wait <= 0) {
        evaluated(0, evaluation, 0.5, 5);
        actors.wait = 20;
    }
    if (!count_of("stop ") && actors.rounds == published) play();
    if (count_of("stop ")) fake.silence[0] = fake.silence[2] = -1;
}

static void begin_rounds(void)
{
    begin("a3c", NULL);
    memset(&actors, 0, sizeof actors);
    actors.frames = 10000;
    actors.wait = 20;
    set.values.deterministic = true;
    set.values.log_frames = 50000;
    set.values.eval_episodes = 1;
    m.evaluations.next = m.checkpoints.next = INT64_MAX;
    sums_init(&m.sums, true, fake.clock);
    fake.step = step;
}

/* Where a word stands for the nth time, from 1; -1. */
static long at(const char *word, int n)
{
    const char *found = fake.trace - 1;
    for (; n && (found = strstr(found + 1, word)); n--) {}
    return found ? found - fake.trace : -1;
}

/* Four rounds of three actors: states for the last checkpoint are asked for, and the stop is said, before the last
 * publication, so that nobody begins a fifth. Rows of /train fall on multiples of log-frames, and on the end. */
static void to_the_end(void **state)
{
    (void)state;
    begin_rounds();
    rounds_run(&m);
    EXPECT(run->state == RUN_DONE && run->turn.frames == 120000 && run->turn.updates == 12 && actors.rounds == 4);
    EXPECT(count_of("publish ") == 4 && at("publish 3 30000;ack 3;", 1) >= 0 && at("publish 12 120000;ack 3;", 1) > 0);
    EXPECT(count_of("ask-state ") == 1 && at("ask-state 1;stop 1;publish 12 120000;", 1) > at("publish ", 3));
    EXPECT(at("image checkpoint-000000120000.h5:120000:", 1) > at("publish ", 4) &&
           count_of("image checkpoint-0") == 1);
    EXPECT(actors.rows[1] == 0 && actors.rows[2] == 60000 && actors.rows[3] == 60000 && fake.row.frames == 120000);
    end();
}

/* In the order of actors, whoever came first; where nothing is applied the same weights are published again. */
static void bad_round(void **state)
{
    (void)state;
    begin_rounds();
    actors.bad = 2;
    rounds_run(&m);
    EXPECT(at("event 1 bad-number;event 2 bad-number;event 3 bad-number;publish 3 60000;ack 3;", 1) > 0);
    EXPECT(run->turn.updates == 9 && fake.theta[0] == -9 && fake.theta[fake.params - 1] == -9);
    end();
}

/* What was asked for before a round is there before the round counts; and none of it between two epochs. */
static void asked_between(void **state)
{
    (void)state;
    for (int epochs = 1; epochs <= 2; epochs++) {
        begin_rounds();
        set.values.epochs = epochs;
        m.evaluations.next = m.checkpoints.next = 500;
        rounds_run(&m);
        EXPECT(at("ask-eval 0 1 ", 1) > at("publish ", epochs - 1) && at("ask-eval 0 1 ", 1) < at("publish ", epochs));
        EXPECT(at("ask-state 1;publish ", 1) > at("ask-eval 0 1 ", 1));
        EXPECT(at("eval 0.5;", 1) > at("publish ", epochs) && at("eval 0.5;", 1) < at("publish ", epochs + 1));
        const long image = at(epochs == 1 ? "image checkpoint-000000030000" : "image checkpoint-000000060000", 1);
        EXPECT(image > at("publish ", epochs) && image < at("publish ", epochs + 1));
        /* at the second round's end the first one's checkpoint is on its way to the disk */
        EXPECT(count_of("ask-state ") == (epochs == 1 ? 3 : 2) && count_of("publish ") == 4);
        end();
    }
}

/* What a stop came before is asked for before the first weights let the actors on: who has begun its rollout looks for
 * no request, and would wait for the next round, which waits for the answer. */
static void asked_before_the_first(void **state)
{
    (void)state;
    for (int due = 0; due < 2; due++) {
        const struct checkpoint_counters counters = {
            .frames = 600, .updates = 3, .eval_frames = due ? 0 : 500, .best_mean = NAN};
        in_rounds = true;
        begin("a3c", &counters);
        in_rounds = false;
        const char *ask = strstr(begun, "ask-eval 0 1 3 "), *start = strstr(begun, "start 3 600;");
        EXPECT(start && (due ? ask && ask < start : !ask));
        end();
    }
}

/* All go on or none, and the checkpoint before is the last. */
static void lost_in_a_round(void **state)
{
    (void)state;
    begin_rounds();
    actors.lost = 2;
    rounds_run(&m);
    EXPECT(run->state == RUN_LOST_ACTORS && strstr(run->reason, "rank 2 is gone"));
    EXPECT(run->turn.updates == 3 && !count_of("image checkpoint-0") && count_of("publish ") == 1);
    end();
}

/* A score that is reached ends the run where a rollout ends, with a checkpoint of that moment; gone on from the one
 * before it, the run ends there again. */
static void score_reached(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        begin_rounds();
        snprintf(set.values.stop_at, sizeof set.values.stop_at, "0.5");
        m.evaluations.next = again ? INT64_MAX : 500;
        if (again) m.evaluations.mean = 0.5; /* as the checkpoint has it */
        rounds_run(&m);
        const char *const image = again ? "image checkpoint-000000030000" : "image checkpoint-000000060000";
        EXPECT(run->state == RUN_DONE && strstr(run->reason, "stop-at 0.5: an evaluation had 0.5"));
        EXPECT(count_of("publish ") == 2 - again && count_of("ask-state 1;stop 1;publish ") == 1);
        EXPECT(count_of("image checkpoint-0") == 1 && at(image, 1) > at("publish ", 2 - again));
        EXPECT(m.checkpoints.saved == run->turn.frames);
        end();
    }
}

/* Stopped between two epochs, the actors hold a rollout that no checkpoint has room for: the one before is the last. */
static void stopped_between_epochs(void **state)
{
    (void)state;
    begin_rounds();
    set.values.epochs = 2;
    set.values.on_nan = ON_NAN_STOP;
    m.checkpoints.next = 500;
    actors.bad = 3;
    rounds_run(&m);
    EXPECT(run->state == RUN_FAILED && strstr(run->reason, "on-nan stop"));
    EXPECT(count_of("publish ") == 3 && count_of("image checkpoint-0") == 1);
    EXPECT(at("image checkpoint-000000060000", 1) > at("publish ", 2) && run->turn.frames == 90000);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(to_the_end),
                                       cmocka_unit_test(bad_round),
                                       cmocka_unit_test(asked_between),
                                       cmocka_unit_test(asked_before_the_first),
                                       cmocka_unit_test(lost_in_a_round),
                                       cmocka_unit_test(score_reached),
                                       cmocka_unit_test(stopped_between_epochs)};
    return fake_main(tests);
}
