/* test_threads.c -- how many threads of rank 0 apply, on a rank 0 whose updates take as long as the test says. */
#include "testing.h"
#include "turn/threads.h"

static struct threads t;
static double now;
static double updates;

static void begin(int cores)
{
    now = 100;
    updates = 5;
    threads_init(&t, cores, now, (int64_t)updates);
}

/* So many seconds of turns of 10 ms, `busy` of each in updates, of which n threads do rate[n] a second. */
static void go_on(double seconds, double busy, const double *rate)
{
    for (int i = 0; i < (int)(seconds * 100 + 0.5); i++) {
        now += 0.01 * (1 - busy);
        threads_waited(&t, now);
        now += 0.01 * busy;
        updates += 0.01 * rate[t.now];
        threads_turn(&t, busy > 0, now, (int64_t)updates);
    }
}

static const double twice[] = {0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000};
static const double flat[] = {0, 1000, 1050, 1060};

static void idle(void **state)
{
    (void)state;
    begin(16);
    go_on(30, 0, twice);
    assert_int_equal(t.now, 1);
    go_on(30, 0.8, twice);
    assert_int_equal(t.now, 1);
    go_on(30, 0.95, twice);
    assert_true(t.now > 1);
}

static void helpful(void **state)
{
    (void)state;
    begin(4);
    go_on(2.1, 1, twice);
    assert_int_equal(t.now, 2);
    assert_true(t.before > 990 && t.before < 1010);
    go_on(2, 1, twice);
    assert_int_equal(t.now, 2); /* kept */
    assert_true(!(t.before > 0) && t.rate > 1990 && t.rate < 2010);
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
    go_on(2.1, 1, flat);
    assert_int_equal(t.now, 2);
    go_on(2, 1, flat);
    assert_int_equal(t.now, 1);
    for (int i = 0; i < 29; i++) {
        go_on(10, 1, flat);
        assert_int_equal(t.now, 1);
    }
    go_on(14, 1, twice); /* later the node has cores to spare */
    assert_int_equal(t.now, 2);
    go_on(100, 1, twice);
    assert_int_equal(t.now, 2);
}

/* A pause of the actors in the middle of a trial. */
static void waiting(void **state)
{
    (void)state;
    begin(2);
    go_on(2.1, 1, twice);
    go_on(2, 0, (double[]){0, 0, 0});
    assert_int_equal(t.now, 1);
    assert_true(!(t.before > 0));
}

static void none_to_be_had(void **state)
{
    (void)state;
    begin(1);
    go_on(60, 1, twice);
    assert_int_equal(t.now, 1);
    begin(4);
    go_on(2.1, 1, twice);
    threads_refused(&t, 1);
    go_on(400, 1, twice);
    assert_int_equal(t.now, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle),    cmocka_unit_test(helpful),        cmocka_unit_test(useless),
        cmocka_unit_test(waiting), cmocka_unit_test(none_to_be_had),
    };
    return testing_main(tests);
}
