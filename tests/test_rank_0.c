/* test_rank_0.c -- rank 0 between its turns: what counts as frames and updates, when the target moves, who is given up
 * and when, how a run ends. Alone, on what fake_run.h scripts. */
#include "fake_master.h"
#include "train/episodes.h"

/* ---- what counts ---- */

static void what_counts(void **state)
{
    (void)state;
    begin("a3c", NULL);
    push(0, (struct share_push){.frames = 20, .steps = 5, .scale = 0});
    push(1, (struct share_push){.frames = 30, .steps = 6, .scale = 1, .bad = TURN_BAD_REWARD});
    push(1, (struct share_push){.frames = 40, .steps = 7, .bad = TURN_BAD_OBSERVATION});
    EXPECT(turn_master_serve(&run->turn) == 3);
    EXPECT(noted_is("event 2 bad-number;event 2 bad-number;ack 3;")); /* nothing to publish */
    EXPECT(run->turn.frames == 90 && run->turn.steps == 18 && run->turn.updates == 0);
    EXPECT(m.ranks.rows[1].frames == 20 && m.ranks.rows[1].updates == 0);
    EXPECT(m.ranks.rows[2].frames == 70 && m.ranks.rows[2].updates == 0);
    EXPECT(run->n.bad_gradients == 2 && run->dropped.pushes == 3 && run->dropped.in_a_row == 2);
    EXPECT(m.sums.now.frames == 90 && m.sums.now.dropped == 2 && m.sums.now.updates == 0);
    learn(2, 20);
    EXPECT(noted_is("publish 1 110;ack 1;") && fake.theta[0] == -1);
    EXPECT(m.ranks.rows[3].frames == 20 && m.ranks.rows[3].updates == 1 && run->dropped.in_a_row == 0);
    push(0, (struct share_push){.frames = 10, .scale = 0.25F});
    turn_master_serve(&run->turn);
    EXPECT(fake.theta[0] == -1.25F && run->turn.updates == 2 && m.sums.now.updates == 2);
    for (int i = 0; i < 150; i++) push(0, (struct share_push){.bad = TURN_BAD_GRADIENT});
    noted();
    while (turn_master_serve(&run->turn)) {}
    EXPECT(times(noted(), "bad-number") == 98 && run->n.bad_gradients == 152); /* a hundred are told, all are counted */
    EXPECT(run->state == RUN_RUNNING);
    end();

    begin("a3c", NULL);
    set.values.on_nan = ON_NAN_STOP;
    learn(0, 20);
    EXPECT(run->state == RUN_RUNNING);
    push(1, (struct share_push){.frames = 30, .bad = TURN_BAD_GRADIENT});
    turn_master_serve(&run->turn);
    EXPECT(run->state == RUN_FAILED && run->bad_number && strstr(run->reason, "rank 2 on here"));
    end();

    begin("a3c", NULL); /* a relay's sum: each gradient in it counts */
    set.values.on_nan = ON_NAN_STOP;
    push(1, (struct share_push){.frames = 30, .bad = TURN_BAD_SUM, .more = 2});
    EXPECT(turn_master_serve(&run->turn) == 1 && noted_is("event 2 bad-number;ack 1;"));
    EXPECT(run->n.bad_gradients == 3 && run->dropped.pushes == 3 && run->dropped.in_a_row == 3);
    EXPECT(m.sums.now.frames == 30 && m.sums.now.dropped == 3 && m.ranks.rows[2].updates == 0);
    EXPECT(run->state == RUN_FAILED && strstr(run->reason, "NaN or Inf in a summed gradient"));
    end();
}

/* How a run ends: by its frames, unless nothing came of them; the first reason stands. */
static void ends(void **state)
{
    (void)state;
    static const struct {
        int good, bad, good_again;
        enum run_state end;
    } runs[] = {{1, 0, 0, RUN_DONE},     {0, 12, 0, RUN_FAILED}, {0, 5, 0, RUN_FAILED},     {0, 0, 0, RUN_DONE},
                {30, 99, 0, RUN_FAILED}, {100, 99, 0, RUN_DONE}, {100, 100, 0, RUN_FAILED}, {1, 100, 1, RUN_DONE},
                {1, 9, 0, RUN_DONE},     {10, 10, 0, RUN_DONE},  {9, 10, 0, RUN_FAILED}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        begin("a3c", NULL);
        for (int k = 0; k < runs[i].good; k++) learn(0, 1);
        for (int k = 0; k < runs[i].bad; k++) push(1, (struct share_push){.bad = TURN_BAD_GRADIENT});
        while (turn_master_serve(&run->turn)) {}
        for (int k = 0; k < runs[i].good_again; k++) learn(0, 1);
        run->turn.frames = 99999;
        run_check_stop(run);
        EXPECT(run->state == RUN_RUNNING);
        run->turn.frames = 100000;
        run_check_stop(run);
        if (run->state != runs[i].end) fail_msg("run %zu ends as %s", i, run_state_name(run->state));
        EXPECT((run->state == RUN_FAILED) == run->bad_number);
        end();
    }
    begin("a3c", NULL);
    fake.signal = 15;
    run_check_stop(run);
    run_end(run, RUN_FAILED, "too late");
    EXPECT(run->state == RUN_STOPPED && !strcmp(run->reason, "SIGFAKE"));
    end();
    begin("a3c", NULL);
    fake.signal = 15;
    run->turn.frames = 100000; /* with all its frames, it is stopped, and would evaluate no more */
    run_check_stop(run);
    EXPECT(run->state == RUN_STOPPED);
    end();
    begin("a3c", &(struct checkpoint_counters){.seconds = 50, .frames = 10});
    fake.clock += 7;
    EXPECT(run_counters(run).seconds == 57 && run_counters(run).frames == 10);
    end();
}

/* States are asked for before the actors stop, and the last checkpoint comes once they have; none of a run that failed,
 * but of one that a NaN ended, which is in no weights. */
static void winds_up(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        begin("a3c", NULL);
        learn(0, 10);
        noted();
        if (how == 0) fake.signal = 10;
        if (how == 1) run_fail(run, "no room");
        if (how == 2) run_end_hopeless(run, "a NaN");
        master_run(&m);
        const char *found = noted(), *stop = strstr(found, "stop 1;"), *ask = strstr(found, "ask-state 1;");
        const char *image = strstr(found, "image checkpoint-000000000010.h5:10:");
        EXPECT(ask && stop && ask < stop && (how == 1 ? !image : image > stop));
        EXPECT(run->state == (how == 0 ? RUN_STOPPED : RUN_FAILED));
        end();
    }
}

static int told;

/* turn_master.seen: there is always a gradient more, and an update takes 100 ms of one thread. */
static void as_fast_as_threads(void *arg, const struct share_ready *ready, int64_t lag)
{
    (void)arg, (void)ready, (void)lag;
    told += times(noted(), "event 0 threads");
    fake.clock += 0.1 / optim_thread_count(run->turn.optim);
    if (fake.clock > 5100) fake.signal = 10;
    if (!fake.signal) push(0, (struct share_push){.frames = 1, .steps = 1, .scale = 1});
}

/* Where gradients always wait threads are added, as many as there are cores, and none where their number was said. */
static void takes_threads(void **state)
{
    (void)state;
    for (int cores = 1; cores <= 3; cores++) {
        begin("a3c", NULL);
        EXPECT(m.threads.now == 1 && m.threads.most >= 1);
        m.threads.most = cores;
        run->turn.seen = as_fast_as_threads;
        push(0, (struct share_push){.frames = 1, .steps = 1, .scale = 1});
        told = 0;
        master_run(&m);
        EXPECT(optim_thread_count(run->turn.optim) == cores && m.threads.now == cores);
        EXPECT(told == cores - 1);
        fake.waits = 0;
        end();
    }
}

/* At the first update at or behind each multiple, before the weights go out; a resume goes on from its last move. */
static void target_moves(void **state)
{
    (void)state;
    begin("n-step-q", NULL);
    learn(0, 60);
    EXPECT(noted_is("publish 1 60;ack 1;"));
    learn(0, 60);
    EXPECT(noted_is("target -2;publish 2 120;ack 1;"));
    learn(0, 60);
    EXPECT(noted_is("publish 3 180;ack 1;"));
    push(0, (struct share_push){.frames = 60}); /* passes 200, and is nothing to apply */
    turn_master_serve(&run->turn);
    EXPECT(noted_is("ack 1;"));
    learn(0, 5);
    EXPECT(noted_is("target -4;publish 4 245;ack 1;") && run_counters(run).target_frames == 245);
    learn(0, 5);
    EXPECT(noted_is("publish 5 250;ack 1;"));
    end();
    begin("n-step-q", &(struct checkpoint_counters){.frames = 190, .updates = 9, .target_frames = 120});
    learn(0, 9);
    EXPECT(noted_is("publish 10 199;ack 1;"));
    learn(0, 1);
    EXPECT(noted_is("target -2;publish 11 200;ack 1;"));
    end();
    begin("n-step-q", &(struct checkpoint_counters){.frames = 230, .updates = 9, .target_frames = 120});
    learn(0, 1); /* 200 was passed without an update */
    EXPECT(noted_is("target -1;publish 10 231;ack 1;"));
    end();
}

/* ---- who is given up ---- */

static void watch(double a, double b, double c)
{
    fake.silence[0] = a, fake.silence[1] = b, fake.silence[2] = c;
    ranks_watch(&m.ranks);
}

/* All silent for so long: does the run go on? */
static bool goes_on(double silence)
{
    watch(silence, silence, silence);
    return run->state == RUN_RUNNING;
}

static const char *no_failure(void *env)
{
    (void)env;
    return NULL;
}

static void patience(void **state)
{
    (void)state;
    begin("a3c", NULL);
    fake.unseen = true;
    EXPECT(goes_on(299)); /* nothing has come yet */
    EXPECT(!goes_on(301) && run->state == RUN_LOST_ACTORS);
    end();

    begin("a3c", NULL);
    fake.unseen = true;
    EXPECT(goes_on(200) && goes_on(0)); /* a silence before the first update tells nothing */
    learn(0, 1);
    EXPECT(goes_on(59) && ranks_patience(&m.ranks) == 60);
    watch(61, 61, 59); /* one is enough */
    EXPECT(run->state == RUN_RUNNING);
    EXPECT(!goes_on(61));
    end();

    begin("a3c", NULL);
    fake.unseen = true;
    learn(0, 1);
    watch(0, 20, 0);
    watch(0, 0, 0); /* came back: ten times the longest such silence */
    EXPECT(ranks_patience(&m.ranks) == 200);
    watch(8, 0, 0);
    watch(0, 0, 0);
    EXPECT(ranks_patience(&m.ranks) == 200);
    watch(0, 0, 21);
    EXPECT(ranks_patience(&m.ranks) == 200); /* not back yet */
    watch(0, 0, 1);
    EXPECT(ranks_patience(&m.ranks) == 210);
    EXPECT(goes_on(209) && !goes_on(211));
    end();

    begin("a3c", NULL);
    fake.unseen = true;
    learn(0, 1);
    watch(4, 0, 0);
    watch(0, 0, 0);
    EXPECT(ranks_patience(&m.ranks) == 60); /* at least a minute */
    end();

    begin("a3c", NULL);
    EXPECT(goes_on(1e6)); /* the processes of two are there */
    learn(0, 1);
    EXPECT(goes_on(1e6) && ranks_hopeless(&m.ranks, 2) && !ranks_hopeless(&m.ranks, 1));
    fake.gone[1] = true;
    EXPECT(goes_on(1e6) && ranks_hopeless(&m.ranks, 0));
    fake.gone[2] = true;
    EXPECT(!goes_on(1e6) && run->state == RUN_LOST_ACTORS);
    end();

    begin("a3c", NULL);
    fake.unseen = true;
    set.values.patience = 7;
    EXPECT(goes_on(34) && goes_on(0));
    learn(0, 1);
    EXPECT(goes_on(6) && ranks_patience(&m.ranks) == 7 && !goes_on(8));
    end();
}

/* Environments in a process of their own may have to start anew. */
static void patience_with_environments(void **state)
{
    (void)state;
    begin("a3c", NULL);
    struct env_ops apart = *setup.world.ops;
    apart.failure = no_failure;
    setup.world.ops = &apart;
    set.values.env_timeout = 20, set.values.envs_per_actor = 1;
    EXPECT(ranks_patience(&m.ranks) == 300 + 120 + 60);
    set.values.envs_per_actor = 8;
    EXPECT(ranks_patience(&m.ranks) == 300 + 120 + 40 + 8 * 20);
    set.values.envs_per_actor = 1;
    set.values.env_timeout = 100;
    EXPECT(ranks_patience(&m.ranks) == 300 + 200 + 300);
    learn(0, 1);
    EXPECT(ranks_patience(&m.ranks) == 60 + 200 + 300);
    end();
}

static void signs_of_life(void **state)
{
    (void)state;
    begin("a3c", NULL);
    watch(4.9, 5.1, 0);
    EXPECT(noted_is("event 2 actor-silent;"));
    EXPECT(!ranks_lost(&m.ranks, 0) && ranks_lost(&m.ranks, 1) && !ranks_dead(&m.ranks, 1));
    watch(4.9, 6, 0);
    EXPECT(noted_is("")); /* once */
    watch(0, 0.1, 0);
    EXPECT(noted_is("event 2 actor-back;") && !ranks_lost(&m.ranks, 1));
    fake.gone[1] = fake.gone[3] = true;
    watch(0.4, 0, 9); /* who has just given a sign is not looked for; on the other host nobody can be */
    EXPECT(noted_is("event 3 actor-silent;"));
    watch(0.6, 0, 9);
    EXPECT(noted_is("event 1 actor-lost;") && ranks_dead(&m.ranks, 0) && m.ranks.anyone_lost);
    watch(0, 0, 0); /* the dead do not come back */
    EXPECT(noted_is("event 3 actor-back;") && ranks_dead(&m.ranks, 0));
    fake.gone[2] = true;
    watch(1, 1, 0);
    EXPECT(noted_is("event 2 actor-lost;") && run->state == RUN_RUNNING);
    watch(1, 1, 299);
    EXPECT(run->state == RUN_RUNNING);
    watch(1, 1, 301); /* the last one is silent, and the dead do not count as living */
    EXPECT(run->state == RUN_LOST_ACTORS);
    end();

    begin("a3c", NULL);
    fake.gone[1] = fake.gone[2] = true;
    watch(1, 1, -1); /* two died, the third said goodbye */
    EXPECT(run->state == RUN_FAILED && run->bad_number && ranks_lost(&m.ranks, 2) && !ranks_dead(&m.ranks, 2));
    end();

    begin("a3c", NULL);
    watch(-1, -1, 0);
    EXPECT(run->state == RUN_RUNNING && !strcmp(m.ranks.rows[1].state, "ended"));
    for (int i = 0; i < 250; i++) watch(-1, -1, 6), watch(-1, -1, 0);
    EXPECT(times(noted(), "actor-silent") == 200); /* rollouts that take longer than that are no news for ever */
    end();
}

/* ---- episodes ---- */

static void episodes(void **state)
{
    (void)state;
    begin("a3c", NULL);
    for (int i = 0; i < 150; i++) fake.episodes[1][i] = (struct share_episode){.frames = 36, .steps = 9, .ret = -i};
    fake.episode_count[1] = 150;
    fake.episodes[2][0] = (struct share_episode){.frames = 40, .steps = 10, .ret = -3};
    fake.episode_count[2] = 1;
    fake.episodes_lost = 4;
    episodes_take(run, &m.ranks, &m.sums);
    EXPECT(run->n.episodes == 151 && m.ranks.rows[2].episodes == 150 && m.ranks.rows[3].episodes == 1);
    EXPECT(m.sums.now.episodes == 151 && m.sums.now.ret_max == 0 && m.sums.now.ret_sum == -11178);
    EXPECT(m.sums.episodes_lost == 4);
    EXPECT(fake.episode.actor == 3 && fake.episode.length == 40 && fake.episode.ret == -3);
    noted();
    episodes_tell_lost(run, &m.sums);
    episodes_tell_lost(run, &m.sums);
    EXPECT(noted_is("event 0 episodes-lost;"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts),
        cmocka_unit_test(ends),
        cmocka_unit_test(winds_up),
        cmocka_unit_test(takes_threads),
        cmocka_unit_test(target_moves),
        cmocka_unit_test(patience),
        cmocka_unit_test(patience_with_environments),
        cmocka_unit_test(signs_of_life),
        cmocka_unit_test(episodes),
    };
    return fake_main(tests);
}
