/* test_rank_0_evaluations.c -- rank 0's evaluations: when one is due, who is asked, who is waited for, what is kept of
 * them. Alone, on what fake_run.h scripts. */
#include "fake_master.h"

static void evaluations(void **state)
{
    (void)state;
    begin("a3c", NULL);
    learn(0, 499);
    noted();
    EXPECT(turns(""));
    learn(0, 1);
    noted();
    EXPECT(turns("ask-eval 0 1 2 -2;") && evaluations_busy(&m.evaluations));
    learn(0, 1200); /* meanwhile */
    noted();
    evaluated(0, 0, 9, 5);
    EXPECT(turns("")); /* not an answer to this one */
    evaluated(0, 1, 0.5, 5);
    EXPECT(turns("eval 0.5;image checkpoint-best.h5:500:;write checkpoint-best.h5;"));
    EXPECT(fake.eval.frames == 500 && fake.eval.max == 2 && run->n.best_mean == 0.5 && run->n.eval_frames == 500);
    EXPECT(turns("ask-eval 0 2 3 -3;")); /* 1000 and 1500 have passed: once */
    evaluated(0, 2, 0.5, 5);
    EXPECT(turns("eval 0.5;")); /* no better */
    EXPECT(turns(""));
    learn(0, 300);
    noted();
    EXPECT(turns("ask-eval 0 3 4 -4;"));
    evaluated(0, 3, 0.25, 5);
    EXPECT(turns("eval 0.25;") && run->n.best_mean == 0.5 && m.evaluations.mean == 0.25);
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 0 4 5 -5;"));
    evaluated(0, 4, 0, 0);
    EXPECT(turns("event 1 no-evaluation;") && m.evaluations.mean == 0.25 && !evaluations_busy(&m.evaluations));
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 0 5 6 -6;"));
    evaluated(0, 5, 0.75, 5);
    EXPECT(turns("eval 0.75;image checkpoint-best.h5:3000:;write checkpoint-best.h5;"));
    EXPECT(fake.image_updates == 3); /* of the weights that were evaluated */
    snprintf(set.values.stop_at, sizeof set.values.stop_at, "2.5");
    static const double last[] = {2.25, 2.5};
    for (int i = 0; i < 2; i++) {
        learn(0, 500);
        evaluations_turn(&m.evaluations);
        evaluated(0, (uint64_t)(6 + i), last[i], 5);
        evaluations_turn(&m.evaluations);
        EXPECT(run->state == (i ? RUN_DONE : RUN_RUNNING));
    }
    end();
}

static void silent_for(double a, double b, double c)
{
    fake.silence[0] = a;
    fake.silence[1] = b;
    fake.silence[2] = c;
    ranks_watch(&m.ranks);
    noted();
}

/* Who is lost is not asked, and who gets lost is replaced. */
static void evaluations_of_the_lost(void **state)
{
    (void)state;
    begin("a3c", NULL);
    silent_for(9, 0, 0);
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 1 1 1 -1;"));
    learn(0, 1);
    fake.gone[2] = true;
    silent_for(9, 9, 0);
    EXPECT(turns("event 2 no-evaluation;ask-eval 2 2 2 -2;") && m.evaluations.frames == 501);
    silent_for(9, 9, -1); /* it gave up: the first one may come back */
    EXPECT(turns("event 3 no-evaluation;ask-eval 0 3 2 -2;"));
    fake.gone[1] = true;
    silent_for(9, 9, -1);
    EXPECT(turns("event 1 no-evaluation;") && !evaluations_busy(&m.evaluations)); /* nobody is left */
    end();
}

/* Steps that take longer than signs of life are apart: the answer of who is silent counts. Where that lasts longer than
 * --patience somebody else is asked, if there is anybody. */
static void evaluations_of_the_slow(void **state)
{
    (void)state;
    begin("a3c", NULL);
    learn(0, 500);
    noted();
    EXPECT(turns("ask-eval 0 1 1 -1;"));
    silent_for(50, 0, 0);
    EXPECT(turns("") && evaluations_busy(&m.evaluations));
    evaluated(0, 1, 0.5, 5);
    EXPECT(turns("eval 0.5;image checkpoint-best.h5:500:;write checkpoint-best.h5;"));
    learn(0, 500);
    silent_for(6, 7, 8); /* all of them: the first is asked */
    EXPECT(turns("ask-eval 0 2 2 -2;"));
    silent_for(501, 501, 501);                             /* ten times the longest that one has come back from */
    EXPECT(turns("") && evaluations_busy(&m.evaluations)); /* nobody else */
    silent_for(5011, 502, 0);
    EXPECT(turns("event 1 no-evaluation;ask-eval 2 3 2 -2;"));
    end();
}

/* Rank 0's own, of weights that nobody has evaluated. */
static void last_evaluation(void **state)
{
    (void)state;
    begin("a3c", NULL);
    set.values.eval_episodes = 3;
    learn(0, 7);
    noted();
    EXPECT(evaluations_final(&m.evaluations) && fake.eval.episodes == 3 && fake.eval.frames == 7);
    EXPECT(strstr(noted(), "image checkpoint-best.h5:7:") && !evaluations_final(&m.evaluations));
    learn(0, 1);
    set.values.eval_every = 0;
    EXPECT(!evaluations_final(&m.evaluations));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluations),
        cmocka_unit_test(evaluations_of_the_lost),
        cmocka_unit_test(evaluations_of_the_slow),
        cmocka_unit_test(last_evaluation),
    };
    return fake_main(tests);
}
