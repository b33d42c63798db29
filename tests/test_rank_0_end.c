/* test_rank_0_end.c -- rank 0 awaits the goodbyes of its actors: whom it waits for and how long, and what becomes of
 * gradients that come meanwhile. Alone, on what fake_run.h scripts. */
#include "fake_master.h"
#include "train/goodbyes.h"

static void goodbyes(void **state)
{
    (void)state;
    begin("a3c", NULL);
    double start = fake.clock;
    fake.missing = 0;
    EXPECT(goodbyes_await(run, &m.ranks, &m.sums, 2) == 0 && fake.clock < start + 0.2);
    start = fake.clock, fake.missing = 1;
    EXPECT(goodbyes_await(run, &m.ranks, &m.sums, 2) == 1); /* to the end of its patience */
    EXPECT_NEAR(fake.clock - start, 2, 0.2);
    start = fake.clock;
    goodbyes_finish(run, &m.ranks, &m.sums, 1);
    EXPECT_NEAR(fake.clock - start, 10, 0.2);
    fake.silence[1] = 7;
    start = fake.clock;
    goodbyes_finish(run, &m.ranks, &m.sums, 1);
    EXPECT(fake.clock < start + 0.2); /* not for the silent */
    start = fake.clock;
    EXPECT(goodbyes_await(run, &m.ranks, &m.sums, 2) == 1 && fake.clock > start + 1.8);
    fake.gone[2] = true;
    start = fake.clock;
    EXPECT(goodbyes_await(run, &m.ranks, &m.sums, 2) == 1 && fake.clock < start + 0.2); /* nor for the dead */
    noted();
    fake.missing = 2;
    fake.silence[0] = -1;
    goodbyes_finish(run, &m.ranks, &m.sums, 2);
    EXPECT(noted_is("event 3 no-goodbye;") && m.ranks.anyone_lost); /* not the one that went, not the dead one */
    end();
}

/* What a relay still sends: answered in any case, as goodbyes come behind it, and applied before the last checkpoint
 * only. */
static void late_gradients(void **state)
{
    (void)state;
    begin("a3c", NULL);
    fake.missing = 1;
    push(2, (struct share_push){.frames = 7, .scale = 1});
    goodbyes_await(run, &m.ranks, &m.sums, 1);
    EXPECT(noted_is("publish 1 7;ack 1;"));
    push(0, (struct share_push){.frames = 30, .more = 2});
    push(2, (struct share_push){.frames = 12, .scale = 1});
    goodbyes_finish(run, &m.ranks, &m.sums, 1);
    EXPECT(times(noted(), "ack 2;event 0 late;") == 1);
    EXPECT(run->turn.frames == 7 && run->turn.updates == 1 && fake.theta[0] == -1 && m.sums.now.frames == 7);
    set.values.deterministic = true; /* the gradients of a broken round stay as they are */
    push(2, (struct share_push){.frames = 12, .scale = 1});
    goodbyes_await(run, &m.ranks, &m.sums, 1);
    goodbyes_finish(run, &m.ranks, &m.sums, 1);
    EXPECT(!strstr(noted(), "ack") && fake.waits == 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goodbyes),
        cmocka_unit_test(late_gradients),
    };
    return fake_main(tests);
}
