/* test_threads.c -- how many threads of rank 0 apply, on a rank 0 whose updates take as long as the test says. */
#include "testing.h"
#include "turn/threads.h"

static struct threads t;
static double now, frames;
static int applying;

static void begin(int cores)
{
    now = 100;
    frames = 5;
    applying = 1;
    threads_init(&t, cores);
}

/* So many seconds of turns of 10 ms, `busy` of each in updates, of which n threads do rate[n] frames a second. */
static void go_on(double seconds, double busy, const double *rate)
{
    for (int i = 0; i < (int)(seconds * 100 + 0.5); i++) {
        now += 0.01 * (1 - busy);
        threads_skip(&t, now);
        now += 0.01 * busy;
        frames += 0.01 * rate[applying];
        applying = threads_turn(&t, busy > 0, now, (int64_t)frames);
    }
}

static const double twice[] = {0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000};
static const double flat[] = {0, 1000, 1050, 1060, 1070};

static void idle(void **state)
{
    (void)state;
    begin(16);
    go_on(30, 0, twice);
    assert_int_equal(t.now, 1);
    go_on(30, 0.45, twice);
    assert_int_equal(t.now, 1);
    go_on(30, 0.55, twice);
    assert_true(t.now > 1);
}

static void helpful(void **state)
{
    (void)state;
    begin(4);
    go_on(2.1, 1, twice);
    assert_int_equal(applying, 2);
    go_on(2, 1, twice);
    assert_int_equal(applying, 1); /* once more as it was */
    assert_int_equal(t.now, 1);
    go_on(2, 1, twice);
    assert_int_equal(applying, 2);
    assert_int_equal(t.now, 2);
    assert_true(t.before > 990 && t.before < 1010 && t.after > 990 && t.after < 1010);
    assert_true(t.other > 1990 && t.other < 2010);
    go_on(60, 1, twice);
    assert_int_equal(t.now, 4);
    begin(16);
    go_on(120, 1, twice);
    assert_int_equal(t.now, THREADS_MOST);
}

static void useless(void **state)
{
    (void)state;
    begin(2);
    go_on(6.1, 1, flat);
    assert_int_equal(t.now, 1);
    for (int i = 0; i < 29; i++) {
        go_on(10, 1, flat);
        assert_int_equal(applying, 1);
    }
    go_on(20, 1, twice); /* later the node has cores to spare */
    assert_int_equal(t.now, 2);
    go_on(1000, 1, twice); /* and with one it would be slower again */
    assert_int_equal(t.now, 2);
    go_on(310, 1, flat); /* until another training begins there */
    assert_int_equal(t.now, 1);
}

/* What else becomes quicker meanwhile is not the thread's merit. */
static void others(void **state)
{
    (void)state;
    begin(2);
    go_on(2.1, 1, (double[]){0, 500, 0});
    go_on(2, 1, (double[]){0, 0, 1000});
    go_on(2, 1, (double[]){0, 1000, 0});
    assert_int_equal(t.now, 1);
    begin(2);
    go_on(2.1, 1, twice);
    go_on(2, 0, (double[]){0, 0, 0}); /* an evaluation in the middle of a trial */
    go_on(2, 1, twice);
    assert_int_equal(t.now, 1);
    begin(4);
    go_on(60, 1, (double[]){0, 0, 0, 0, 0}); /* nothing counts: a memory is being filled */
    assert_int_equal(applying, 1);
}

static void none_to_be_had(void **state)
{
    (void)state;
    begin(1);
    go_on(60, 1, twice);
    assert_int_equal(t.now, 1);
    begin(4);
    go_on(6.1, 1, twice);
    assert_int_equal(t.now, 2);
    go_on(2, 1, twice);
    assert_int_equal(applying, 3);
    threads_refused(&t, 2);
    applying = 2;
    go_on(200, 1, twice);
    assert_int_equal(t.now, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle),   cmocka_unit_test(helpful),        cmocka_unit_test(useless),
        cmocka_unit_test(others), cmocka_unit_test(none_to_be_had),
    };
    return testing_main(tests);
}
