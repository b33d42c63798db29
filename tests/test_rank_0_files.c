/* test_rank_0_files.c -- what rank 0 writes and asks for: when a checkpoint is due, who is waited for,
 * what becomes of those that fail, and what is told of a run. Alone, on what fake_run.h scripts. */
#include "fake_master.h"
#include "train/episodes.h"

#define FIRST "checkpoint-000000001000.h5"

static void answer(int actor, uint64_t id, size_t bytes)
{
    fake.post[actor][SHARE_POST_STATE] = id;
    fake.length[actor][SHARE_POST_STATE] = bytes;
}

/* One look of rank 0 at its files, `after` seconds later. */
static const char *look(double after)
{
    fake.clock += after;
    files_turn(&m.files);
    checkpoints_news(&m.checkpoints);
    checkpoints_turn(&m.checkpoints);
    return noted();
}
static bool looks(double after, const char *text)
{
    const char *found = look(after);
    if (strcmp(found, text)) printf("# found   %s\n# awaited %s\n", found, text);
    return !strcmp(found, text);
}

/* ---- checkpoints ---- */

static void checkpoints(void **state)
{
    (void)state;
    char image[256];
    begin("a3c", NULL);
    learn(0, 999);
    noted();
    EXPECT(looks(1, ""));
    learn(0, 1);
    noted();
    EXPECT(looks(1, "ask-state 1;"));
    answer(0, 1, 11);
    answer(1, 1, 22);
    answer(2, 7, 33); /* to some other request */
    EXPECT(looks(1.9, "") && checkpoints_asked(&m.checkpoints) && !checkpoints_whole(&m.checkpoints));
    answer(2, 1, 33);
    snprintf(image, sizeof image, "image " FIRST ":1000:%zu|11,22,33,;", totals_size(&m.totals));
    EXPECT(looks(0, image) && !checkpoints_asked(&m.checkpoints) && checkpoints_whole(&m.checkpoints));
    /* the rows first, then the checkpoint, and only then others go */
    EXPECT(looks(0, "log;sync;write " FIRST ";prune " FIRST " 3;"));
    EXPECT(looks(599, "")); /* the next is due at 2000 frames, or after ten minutes */
    EXPECT(looks(2, "ask-state 2;"));
    answer(0, 2, 11);
    EXPECT(looks(1, "") && checkpoints_asked(&m.checkpoints)); /* the others' answers were to the one before */
    end();

    /* who is late is left out, and named; who is lost is not waited for */
    begin("a3c", NULL);
    set.values.checkpoint_keep = 5;
    learn(0, 2500);
    look(0);
    answer(1, 1, 22);
    EXPECT(looks(1.9, ""));
    snprintf(image, sizeof image,
             "event 1 no-state;event 3 no-state;image checkpoint-000000002500.h5:2500:%zu|0,22,0,;",
             totals_size(&m.totals));
    EXPECT(looks(0.2, image));
    EXPECT(strstr(look(0), "prune checkpoint-000000002500.h5 5;") != NULL);
    fake.silence[0] = fake.silence[2] = 9;
    ranks_watch(&m.ranks);
    learn(0, 499);
    noted();
    EXPECT(looks(0, ""));
    learn(0, 1);
    noted();
    EXPECT(looks(0, "ask-state 2;"));
    answer(1, 2, 22);
    EXPECT(times(look(0), "|0,22,0,;") == 1);
    end();

    begin("a3c", &(struct checkpoint_counters){.frames = 2500}); /* gone on with: at the same multiples */
    learn(0, 499);
    noted();
    EXPECT(looks(0, ""));
    learn(0, 1);
    noted();
    EXPECT(looks(0, "ask-state 1;"));
    end();
}

/* One that cannot be written costs nothing: no other goes, it is said once, and soon tried again. */
static void failing(void **state)
{
    (void)state;
    char text[256];
    begin("a3c", NULL);
    for (int a = 0; a < ACTORS; a++) answer(a, 1, 1);
    fake.disk_fails = true;
    learn(0, 1000);
    look(0);
    look(0);
    const char *found = look(0);
    EXPECT(strstr(found, "write " FIRST ";") && !strstr(found, "prune") && times(found, "event 0 write-failed") == 1);
    files_trouble(&m.files, text, sizeof text);
    EXPECT(!strcmp(text, "a checkpoint cannot be written: the disk is full"));
    EXPECT(looks(9.9, "")); /* not due: after ten seconds */
    EXPECT(looks(0.2, "ask-state 2;"));
    for (int a = 0; a < ACTORS; a++) answer(a, 2, 1);
    look(0);
    found = look(0);
    EXPECT(strstr(found, "write " FIRST ";") && !strstr(found, "event") &&
           !strstr(found, "prune")); /* the same cause */
    learn(0, 1000);
    noted();
    EXPECT(looks(1.8, "")); /* due, but the disk has two seconds */
    EXPECT(looks(0.3, "ask-state 3;"));
    for (int a = 0; a < ACTORS; a++) answer(a, 3, 1);
    fake.disk_fails = false;
    look(0);
    found = look(0);
    EXPECT(strstr(found, "prune checkpoint-000000002000.h5 3;") && strstr(found, "event 0 write-resumed;"));
    files_trouble(&m.files, text, sizeof text);
    EXPECT(!*text);
    EXPECT(looks(11, "")); /* no failure is left to be made good */
    /* the image itself may fail */
    fake.image_fails = true;
    learn(0, 1000);
    look(0);
    for (int a = 0; a < ACTORS; a++) answer(a, 4, 1);
    found = look(0);
    EXPECT(strstr(found, "event 0 write-failed;") && !strstr(found, "write checkpoint"));
    fake.image_fails = false;
    EXPECT(!strstr(look(9), "ask-state") && strstr(look(2), "ask-state 5;"));
    end();
}

/* A disk that does not answer: named after half a minute, and nothing is put behind it. */
static void hanging(void **state)
{
    (void)state;
    char text[256];
    begin("a3c", NULL);
    for (int a = 0; a < ACTORS; a++) answer(a, 1, 1);
    fake.disk_hangs = true;
    learn(0, 1000);
    look(0);
    look(0);
    EXPECT(looks(29, ""));
    EXPECT(looks(2, "event 0 write-failed;event 0 write-failed;")); /* the rows before it, too */
    files_trouble(&m.files, text, sizeof text);
    EXPECT(strstr(text, "no answer") && strstr(text, "; run.h5 cannot be written"));
    learn(0, 1000);
    noted();
    EXPECT(looks(700, ""));
    fake.disk_hangs = false;
    EXPECT(times(look(0), "write-resumed") == 2);
    end();
}

static void mend_after(void)
{
    if (fake.clock > 5003) fake.disk_fails = false;
}

static void last_one(void **state)
{
    (void)state;
    begin("a3c", NULL);
    learn(0, 10);
    checkpoints_ask(&m.checkpoints, 2);
    answer(1, 1, 5);
    fake.disk_fails = true;
    run->state = RUN_STOPPED;
    noted();
    EXPECT(checkpoints_finish(&m.checkpoints, 2) == -1 && strstr(error_text(), "the disk is full"));
    EXPECT(times(noted(), "write checkpoint-000000000010.h5;") == 2);
    EXPECT(fake.clock >= 5002);
    fake.step = mend_after;
    EXPECT(checkpoints_finish(&m.checkpoints, 3) == 0);
    const char *found = noted();
    EXPECT(times(found, "write checkpoint-000000000010.h5;") == 2 && times(found, "prune") == 1);
    fake.disk_hangs = true;
    EXPECT(checkpoints_finish(&m.checkpoints, 3) == -1 && m.files.hung && fake.clock > 5600);
    const double until = fake.clock;
    EXPECT(files_wait(&m.files, -1) == -1 && fake.clock == until); /* it is waited for once */
    end();
}

/* The best weights that could not be written are kept until they can, or until there are better ones. */
static void best_again(void **state)
{
    (void)state;
    begin("a3c", NULL);
    fake.disk_fails = true;
    files_best(&m.files, checkpoint_image("RUN", "first", &(struct checkpoint){.counters.frames = 1}));
    noted();
    files_turn(&m.files);
    files_turn(&m.files);
    EXPECT(times(noted(), "write first;") == 1);
    fake.clock += 9;
    files_turn(&m.files);
    EXPECT(noted_is(""));
    fake.clock += 2;
    files_turn(&m.files);
    files_turn(&m.files);
    EXPECT(noted_is("write first;"));
    files_best(&m.files, checkpoint_image("RUN", "second", &(struct checkpoint){.counters.frames = 2}));
    fake.disk_fails = false;
    noted();
    for (int i = 0; i < 3; i++) files_turn(&m.files);
    EXPECT(noted_is("write second;event 0 write-resumed;"));
    fake.clock += 20;
    files_turn(&m.files);
    EXPECT(noted_is(""));
    end();
}

/* Curves for TensorBoard lie elsewhere: where they cannot be written it is they that are named, and run.h5 goes to the
 * disk with its checkpoints as ever. */
static void curves(void **state)
{
    (void)state;
    char text[256];
    begin("a3c", NULL);
    fake.curves = fake.curves_fail = true;
    files_log(&m.files, true);
    files_turn(&m.files);
    EXPECT(noted_is("log;sync;curves;event 0 write-failed;"));
    files_trouble(&m.files, text, sizeof text);
    EXPECT(!strcmp(text, "the curves for TensorBoard cannot be written: it is gone"));
    files_log(&m.files, true);
    files_turn(&m.files);
    EXPECT(noted_is("log;sync;curves;")); /* it was said */
    fake.log_fails = true;
    fake.curves_fail = false;
    files_log(&m.files, false);
    files_turn(&m.files);
    EXPECT(noted_is("event 0 write-failed;curves;event 0 write-resumed;"));
    fake.log_fails = fake.curves = false;
    files_log(&m.files, false);
    files_turn(&m.files);
    EXPECT(noted_is("log;event 0 write-resumed;"));
    end();
}

/* Where they hang nothing waits for them, and the end not for long. */
static void curves_hang(void **state)
{
    (void)state;
    char text[256];
    struct runfile *log = NULL;
    begin("a3c", NULL);
    fake.curves = fake.curves_hang = true;
    for (int i = 0; i < 2; i++) {
        files_log(&m.files, true);
        fake.clock += 20;
        files_turn(&m.files);
    }
    EXPECT(noted_is("log;sync;log;sync;event 0 write-failed;"));
    files_trouble(&m.files, text, sizeof text);
    EXPECT(strstr(text, "the curves for TensorBoard cannot be written: ") == text && strstr(text, "no answer"));
    files_checkpoint(&m.files, checkpoint_image("RUN", "last", &(struct checkpoint){.counters.frames = 1}));
    EXPECT(!files_wait(&m.files, FILE_CHECKPOINT) && !files_wait(&m.files, -1) && fake.clock < 5040.1);
    noted();
    EXPECT(!files_finish(&m.files, &log) && noted_is("close;") && fake.clock < 5040.2); /* it waits for no curves */
    files_finish_curves(&m.files);
    EXPECT_NEAR(fake.clock, 5050, 0.1);
    fake.signal = SIGTERM; /* a plain mpirun's, of which nobody can wait */
    files_finish_curves(&m.files);
    EXPECT_NEAR(fake.clock, 5050.25, 0.1);
    files_free(&m.files);
    EXPECT(noted_is("")); /* the thread that hangs may look at them */
    fake.curves_hang = false;
    files_finish_curves(&m.files);
    EXPECT(noted_is("curves;curves;curves;")); /* all that waited */
    files_free(&m.files);
    EXPECT(noted_is("free curves;"));
    end();
}

/* A run so short that none were written yet writes them beside itself, too. */
static void curves_hang_at_once(void **state)
{
    (void)state;
    struct runfile *log = NULL;
    begin("a3c", NULL);
    fake.curves = fake.curves_hang = true;
    EXPECT(!files_finish(&m.files, &log));
    files_finish_curves(&m.files);
    EXPECT_NEAR(fake.clock, 5010, 0.1);
    EXPECT(noted_is("close;"));
    end();
}

/* ---- what is told ---- */

static void reports(void **state)
{
    (void)state;
    begin("a3c", NULL);
    for (int i = 0; i < 4; i++)
        push(0, (struct share_push){.version = 0,
                                    .frames = 400,
                                    .steps = 100,
                                    .scale = i < 3,
                                    .norm = (float)i,
                                    .policy_loss = 30,
                                    .value_loss = 60,
                                    .entropy = 90});
    push(1, (struct share_push){.frames = 400, .steps = 100, .bad = TURN_BAD_REWARD});
    turn_master_serve(&run->turn);
    fake.episodes[0][0] = (struct share_episode){.frames = 40, .steps = 10, .ret = 4};
    fake.episodes[0][1] = (struct share_episode){.frames = 40, .steps = 10, .ret = 7};
    fake.episode_count[0] = 2;
    episodes_take(run, &m.ranks, &m.sums);
    set.values.log_every = 5;
    report_turn(&m.report, 5000.09);
    EXPECT(fake.row.frames == 0); /* the first is due a tenth of a second after the start */
    fake.clock = 5004;
    report_turn(&m.report, 5004);
    const struct run_train *r = &fake.row;
    EXPECT(r->frames == 2000 && r->steps == 500 && r->updates == 3 && r->episodes == 2 && r->dropped == 1);
    EXPECT(r->seconds == 4 && r->frames_per_s == 500 && r->updates_per_s == 0.75 && r->lr == 1);
    EXPECT_NEAR(r->policy_loss, 90.0 / 500, 1e-12);
    EXPECT_NEAR(r->value_loss, 180.0 / 500, 1e-12);
    EXPECT_NEAR(r->entropy, 270.0 / 500, 1e-12);
    EXPECT(r->grad_norm == 1 && r->lag_mean == 1 && r->lag_max == 2);
    EXPECT(r->return_mean == 5.5 && r->return_max == 7);
    files_turn(&m.files);
    EXPECT(fake.status.seconds_left == 98000.0 / 500 && fake.status.return_mean == 5.5 && fake.status.episodes == 2);
    EXPECT(!strcmp(fake.status.reason, "dropped 1 of 5 rollouts: NaN or Inf in 1 reward"));
    EXPECT(fake.status.actors[0].updates == 3 && fake.status.actors[0].frames == 2000 &&
           fake.status.actors[1].frames == 1600);
    learn(0, 100);
    report_turn(&m.report, 5007.9);
    EXPECT(fake.row.frames == 2000);
    fake.clock = 5009;
    report_turn(&m.report, 5009);
    EXPECT(r->frames == 2100 && r->frames_per_s == 20 && r->updates == 4 && r->updates_per_s == 0.2);
    EXPECT(isnan(r->return_mean) && isnan(r->return_max) && r->dropped == 0 && r->lag_max == 3);
    files_turn(&m.files);
    EXPECT(fake.status.return_mean == 5.5 && fake.status.return_max == 7 &&
           !*fake.status.reason); /* as they last were */
    learn(0, 1);                  /* what failed stands beside what was dropped */
    fake.log_fails = true;
    report_log(&m.report);
    files_turn(&m.files);
    report_log(&m.report);
    EXPECT(strstr(fake.status.reason, "run.h5 cannot be written: no room"));
    run_fail(run, "why"); /* which may be just that */
    learn(0, 100000);
    report_log(&m.report), files_turn(&m.files);
    EXPECT(!strcmp(fake.status.reason, "why; dropped 1 of 8 rollouts: NaN or Inf in 1 reward"));
    EXPECT(fake.status.seconds_left == 0);
    end();
}

/* That something was dropped is told with the next line, and with no other. */
static void drops_are_told_once(void **state)
{
    (void)state;
    begin("a3c", NULL);
    for (int line = 0; line < 6; line++) {
        learn(0, 1);
        if (line % 2 == 0) push(1, (struct share_push){.frames = 4, .steps = 1, .bad = TURN_BAD_GRADIENT});
        turn_master_serve(&run->turn);
        report_log(&m.report);
        files_turn(&m.files);
        EXPECT((strstr(fake.status.reason, "dropped ") != NULL) == (line % 2 == 0));
        EXPECT(line % 2 == 0 || !*fake.status.reason);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoints), cmocka_unit_test(failing),
        cmocka_unit_test(hanging),     cmocka_unit_test(last_one),
        cmocka_unit_test(best_again),  cmocka_unit_test(curves),
        cmocka_unit_test(curves_hang), cmocka_unit_test(curves_hang_at_once),
        cmocka_unit_test(reports),     cmocka_unit_test(drops_are_told_once),
    };
    return fake_main(tests);
}
