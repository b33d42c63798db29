/* test_report.c -- when rows of /train are due, what their seconds are, and what is told of dropped rollouts. */
#include "fake_master.h"

/* Each as long after the one before as that was after the start, until they are a log interval apart. */
static void a_short_run_has_rows(void **state)
{
    (void)state;
    static const double early[] = {.09, .21, .45, .93, 1.89, 1.99, 4.09}, due[] = {.11, .23, .47, .95, 1.91, 2.1, 4.2};
    begin("a3c", NULL);
    for (int i = 0; i < 7; i++) {
        learn(0, 10);
        fake.clock = 5000 + due[i];
        report_turn(&m.report, 5000 + early[i]);
        EXPECT(fake.row.frames == 10 * i);
        report_turn(&m.report, fake.clock);
        EXPECT(fake.row.frames == 10 * (i + 1));
    }
    end();
}

/* After a while without a look one line is told, not all that there might have been. */
static void lines_are_not_made_up_for(void **state)
{
    (void)state;
    begin("a3c", NULL);
    set.values.log_every = 5;
    for (int i = 30; i <= 34; i++) {
        fake.clock = 5000 + i;
        report_turn(&m.report, fake.clock);
        EXPECT(fake.row.seconds == 30);
    }
    fake.clock = 5035;
    report_turn(&m.report, fake.clock);
    EXPECT(fake.row.seconds == 35);
    end();
}

/* What the final evaluation takes is no time of training. */
static void the_last_row_ends_with_training(void **state)
{
    (void)state;
    begin("a3c", NULL);
    learn(0, 100);
    fake.clock = 5010;
    report_ended(&m.report);
    fake.clock = 5060;
    report_log(&m.report);
    EXPECT(fake.row.seconds == 10 && fake.row.frames_per_s == 10);
    end();
}

/* Since the line before, and in all; what has nothing to apply says nothing about the bad ones around it. */
static void what_was_dropped_is_told(void **state)
{
    (void)state;
    struct dropped d = {0}, before = {0};
    char text[DROPPED_TEXT];
    const struct share_push good = {.scale = 1}, nothing = {.more = 2}, gradient = {.bad = TURN_BAD_GRADIENT},
                            reward = {.bad = TURN_BAD_REWARD}, sum = {.bad = TURN_BAD_SUM, .more = 2},
                            failure = {.bad = TURN_BAD_ENVIRONMENT};
    dropped_count(&d, &good);
    EXPECT(!dropped_text(&d, &before, text, sizeof text) && !*text);
    dropped_count(&d, &gradient);
    dropped_count(&d, &nothing);
    dropped_count(&d, &gradient);
    dropped_count(&d, &reward);
    EXPECT(d.in_a_row == 3);
    EXPECT(dropped_text(&d, &before, text, sizeof text));
    EXPECT(!strcmp(text, "dropped 3 of 6 rollouts: NaN or Inf in 2 gradients, 1 reward"));
    dropped_count(&d, &reward);
    dropped_count(&d, &good);
    EXPECT(d.in_a_row == 0);
    EXPECT(dropped_text(&d, &before, text, sizeof text));
    EXPECT(!strcmp(text, "dropped 1 of 2 rollouts: NaN or Inf in 1 reward"));
    dropped_text(&d, NULL, text, sizeof text);
    EXPECT(!strcmp(text, "dropped 4 of 9 rollouts: NaN or Inf in 2 gradients, 2 rewards"));
    dropped_count(&d, &sum);
    dropped_count(&d, &failure);
    EXPECT(d.in_a_row == 4 && dropped_text(&d, &before, text, sizeof text));
    EXPECT(!strcmp(text, "dropped 4 of 4 rollouts: NaN or Inf in 3 summed gradients; 1 failure of the environment"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_run_has_rows),
        cmocka_unit_test(lines_are_not_made_up_for),
        cmocka_unit_test(the_last_row_ends_with_training),
        cmocka_unit_test(what_was_dropped_is_told),
    };
    return fake_main(tests);
}
