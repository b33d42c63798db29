/* test_report.c -- when rows of /train are due, and what their seconds are. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_run_has_rows),
        cmocka_unit_test(lines_are_not_made_up_for),
        cmocka_unit_test(the_last_row_ends_with_training),
    };
    return fake_main(tests);
}
