/* test_ema.c -- the average of the weights: what goes into it, and its evaluation behind that of the weights. On rank
 * 0's turn with gradients of 1 and plain SGD at lr 1, so that the weights are minus the updates. */
#include "fake_master.h"
#include "turn/average.h"

static void ema_begin(double decay)
{
    begin("a3c", NULL);
    run->turn.ema = decay;
    run->turn.average = memory_floats(run->turn.params);
    m.evaluations.average = memory_floats(run->turn.params);
}

/* After each publication, by as many updates as it has; moments, which count, are those of the weights. */
static void averages(void **state)
{
    (void)state;
    ema_begin(0.5);
    const float *bar = run->turn.average;
    learn(0, 1);
    EXPECT(bar[0] == -0.5f && bar[run->turn.params - 1] == -0.5f);
    learn(0, 1);
    EXPECT(bar[0] == 0.5f * -0.5f + 0.5f * -2);
    const double before = (double)bar[7];
    for (int i = 0; i < 3; i++) push(i, (struct share_push){.frames = 1, .scale = 1});
    push(0, (struct share_push){.frames = 1}); /* no update */
    EXPECT(turn_master_serve(&run->turn) == 4);
    EXPECT_NEAR(bar[7], 0.125 * before + 0.875 * -5, 1e-6);
    push(0, (struct share_push){.frames = 1});
    turn_master_serve(&run->turn);
    EXPECT_NEAR(bar[7], 0.125 * before + 0.875 * -5, 1e-6);
    end();

    float theta[32], average[32] = {0};
    for (int i = 0; i < 32; i++) theta[i] = 8;
    average_take(average, theta, 16, 32, 0.75, 1);
    EXPECT(average[0] == 2 && average[15] == 2 && average[16] == 8 && average[31] == 8);
}

/* The same actor evaluates both, of one moment; the best weights are told by the weights alone. */
static void evaluates_both(void **state)
{
    (void)state;
    ema_begin(0.5);
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 0 1 1 -1;"));
    learn(0, 100);
    noted();
    evaluated(0, 1, 0.5, 5);
    EXPECT(turns("eval 0.5;image checkpoint-best.h5:500:;ask-eval 0 2 1 -0.5;write checkpoint-best.h5;"));
    EXPECT(turns("") && evaluations_busy(&m.evaluations));
    evaluated(0, 2, 0.75, 5);
    EXPECT(turns("event 1 eval-ema;") && !evaluations_busy(&m.evaluations));
    EXPECT(run->n.best_mean == 0.5 && m.evaluations.mean == 0.5);

    learn(0, 400); /* the actor gets lost over the average: another one has both anew */
    noted();
    EXPECT(turns("ask-eval 0 3 3 -3;"));
    evaluated(0, 3, 0, 0);
    EXPECT(turns("event 1 no-evaluation;ask-eval 0 4 3 -2.125;"));
    fake.silence[0] = 9, fake.gone[1] = true;
    ranks_watch(&m.ranks);
    noted();
    EXPECT(turns("event 1 no-evaluation;ask-eval 1 5 3 -3;"));
    fake.silence[1] = 9, fake.gone[2] = true; /* and over the weights */
    ranks_watch(&m.ranks);
    noted();
    EXPECT(turns("event 2 no-evaluation;ask-eval 2 7 3 -3;"));
    evaluated(2, 7, 0.25, 5);
    EXPECT(turns("eval 0.25;ask-eval 2 8 3 -2.125;"));
    end();

    ema_begin(0.5); /* once a score has ended the run nobody is asked any more */
    snprintf(set.values.stop_at, sizeof set.values.stop_at, "0.5");
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 0 1 1 -1;"));
    evaluated(0, 1, 0.5, 5);
    EXPECT(!strstr((evaluations_turn(&m.evaluations), noted()), "ask-eval") && run->state == RUN_DONE);
    end();
}

static void last_evaluation(void **state)
{
    (void)state;
    ema_begin(0.5);
    set.values.eval_episodes = 2;
    learn(0, 7);
    noted();
    EXPECT(evaluations_final(&m.evaluations) && fake.eval.episodes == 2);
    EXPECT(strstr(noted(), "event 0 eval-ema;"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(averages), cmocka_unit_test(evaluates_both),
                                       cmocka_unit_test(last_evaluation)};
    return fake_main(tests);
}
