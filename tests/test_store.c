/* test_store.c -- run.h5 by a writer in a process of its own: live, killed, finished, resumed, damaged, on a full disk.
 * `test_store write DIR` is a writer for test_h5py.sh: run.h5 and a checkpoint, then "ready" on stdout, then it goes on
 * writing until its standard input ends, and closes the file. */
#include "testing.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "dunlin/rng.h"
#include "nets.h"
#include "run_folder.h"
#include "store/checkpoint.h"
#include "store/runfile.h"
#include "store/tensorboard.h"

static void add_rows(struct runfile *f, int from, int to)
{
    for (int i = from; i < to; i++) {
        runfile_train(f, &(struct run_train){.seconds = i + 1, .frames = 10 * i, .lr = 0.5 / (i + 1), .entropy = NAN});
        for (int k = 0; k < 3; k++) runfile_episode(f, &(struct run_episode){10 * i + k, i + 0.25, k, -1.5 * i, 7});
        struct run_event event = {.seconds = i + 1, .frames = 10 * i, .rank = i % 3, .kind = "test"};
        snprintf(event.text, sizeof event.text, "event %d, \"quoted\"", i);
        runfile_event(f, &event);
    }
    runfile_eval(f, &(struct run_eval){.frames = 10 * to - 10, .episodes = 5, .mean = to});
}

static void check_rows(int n)
{
    struct run_train *train;
    struct run_episode *episodes;
    struct run_event *events;
    const int64_t trains = runfile_read(run, RUN_TABLE_TRAIN, (void **)&train);
    if (trains < 0) fail_msg("%s", error_text());
    assert_int_equal(trains, n);
    assert_int_equal(runfile_read(run, RUN_TABLE_EPISODES, (void **)&episodes), 3 * n);
    assert_int_equal(runfile_read(run, RUN_TABLE_EVENTS, (void **)&events), n);
    for (int i = 0; i < n; i++) {
        EXPECT(train[i].seconds == i + 1 && train[i].frames == 10 * i && train[i].lr == 0.5 / (i + 1));
        EXPECT(train[i].entropy != train[i].entropy && train[i].dropped == 0);
        for (int k = 0; k < 3; k++)
            EXPECT(episodes[3 * i + k].frames == 10 * i + k && episodes[3 * i + k].ret == -1.5 * i &&
                   episodes[3 * i + k].actor == k && episodes[3 * i + k].length == 7);
        char text[64];
        snprintf(text, sizeof text, "event %d, \"quoted\"", i);
        EXPECT(!strcmp(events[i].text, text) && !strcmp(events[i].kind, "test") && events[i].rank == i % 3);
    }
    free(train), free(episodes), free(events);
}

/* The writer: a process that does `work` and then waits to be killed, or ends where work says so (0: waits). */
static int done_pipe[2];
static pid_t writer(int (*work)(void))
{
    EXPECT(!pipe(done_pipe));
    const pid_t pid = fork();
    if (pid) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* where a check above fails */
    const int rc = work();
    if (rc) fprintf(stderr, "writer: %d: %s\n", rc, error_text());
    if (write(done_pipe[1], rc ? "x" : ".", 1) < 0) _exit(1);
    for (;;) pause();
}

static void wait_for_writer(void)
{
    char c = 'x';
    EXPECT(read(done_pipe[0], &c, 1) == 1);
    close(done_pipe[0]), close(done_pipe[1]);
    EXPECT(c == '.');
}

static void end_writer(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    EXPECT(waitpid(pid, &status, 0) == pid);
}

static int write_100(void)
{
    int64_t lag[RUN_LAG_ROWS] = {5, 3, [RUN_LAG_ROWS - 1] = 1};
    const struct run_actor actors[3] = {
        {.host = "a", .state = "master"}, {1, "node7", 4, 5, 6, .5, .1, "running"}, {.rank = 2}};
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    if (!f) return 1;
    for (int i = 0; i < 10; i++) {
        add_rows(f, 10 * i, 10 * i + 10);
        runfile_lag(f, lag);
        runfile_actors(f, actors);
        if (runfile_flush(f)) return 2;
    }
    add_rows(f, 100, 110); /* not flushed: lost with the writer */
    return 0;
}

static void check_lag(int64_t times)
{
    struct run_lag *lag;
    assert_int_equal(runfile_read(run, RUN_TABLE_LAG, (void **)&lag), RUN_LAG_ROWS);
    EXPECT(lag[0].count == 5 * times && lag[1].count == 3 * times && lag[1].lag == 1 && lag[2].count == 0);
    EXPECT(lag[RUN_LAG_ROWS - 1].count == times && lag[RUN_LAG_ROWS - 1].lag == RUN_LAG_ROWS - 1);
    free(lag);
}

static void live_killed_resumed_finished(void **unused)
{
    (void)unused;
    const pid_t pid = writer(write_100);
    wait_for_writer();
    check_rows(100); /* live */
    EXPECT(H5Fopen(run, H5F_ACC_RDONLY, H5P_DEFAULT) < 0);
    end_writer(pid);
    check_rows(100); /* killed */
    check_lag(1);
    struct run_actor *actors;
    assert_int_equal(runfile_read(run, RUN_TABLE_ACTORS, (void **)&actors), 3);
    EXPECT(!strcmp(actors[1].host, "node7") && actors[1].episodes == 6 && !strcmp(actors[1].state, "running"));
    free(actors);

    struct runfile *f = runfile_resume(dir, &options, &prov, 5, 492, 1); /* rows of 0 .. 49 have frames <= 492 */
    if (!f) fail_msg("%s", error_text());
    int64_t lag[RUN_LAG_ROWS] = {5, 3, [RUN_LAG_ROWS - 1] = 1};
    runfile_lag(f, lag);
    add_rows(f, 50, 60);
    EXPECT(!runfile_close(&f) && !f);
    check_rows(60); /* finished */
    check_lag(2);
    assert_int_equal(runfile_read(run, RUN_TABLE_ACTORS, (void **)&actors), 5);
    free(actors);
    struct run_eval *eval;
    assert_int_equal(runfile_read(run, RUN_TABLE_EVAL, (void **)&eval), 6);
    EXPECT(eval[4].frames == 490 && eval[5].frames == 590 && eval[5].mean == 60);
    free(eval);
    H5_AUTO hid_t file = H5Fopen(run, H5F_ACC_RDONLY, H5P_DEFAULT); /* plainly */
    EXPECT(file >= 0 && h5_exists(file, "sessions/1/config/options") && !h5_exists(file, "sessions/2"));
    struct option_set read;
    options_init(&read);
    EXPECT(!h5_get_options(file, &read, run) && read.values.lr == 0.25);
    h5_release(&file);
    f = runfile_resume(dir, &options, &prov, 5, 0, 1); /* session 1 never came to a checkpoint: its number is taken */
    EXPECT(f && !runfile_close(&f));
    file = H5Fopen(run, H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(h5_exists(file, "sessions/2/config/options"));
    char path[192];
    snprintf(path, sizeof path, "%s.new", run);
    EXPECT(access(path, F_OK));
    EXPECT(!runfile_create(dir, &options, &prov, 1) && strstr(error_text(), "is there already"));
}

static int64_t rows_of(enum runfile_table table)
{
    void *rows;
    const int64_t n = runfile_read(run, table, &rows);
    free(rows);
    return n;
}

static void damaged_file_is_set_aside(void **unused)
{
    (void)unused;
    char aside[192];
    for (int n = 1; n <= 3; n++) {
        struct runfile *f = runfile_create(dir, &options, &prov, 2);
        if (!f) fail_msg("%s", error_text());
        add_rows(f, 0, 100);
        EXPECT(!runfile_close(&f));
        struct stat st;
        stat(run, &st);
        if (n == 1) EXPECT(!truncate(run, st.st_size / 2));
        if (n == 2) EXPECT(!truncate(run, 0));
        const int fd = open(run, O_WRONLY);
        char junk[4096];
        memset(junk, 0x5a, sizeof junk);
        if (n == 3) EXPECT(pwrite(fd, junk, sizeof junk, 40) == sizeof junk);
        close(fd);
        EXPECT(rows_of(RUN_TABLE_TRAIN) == -1 && strstr(error_text(), "run.h5: "));
        f = runfile_resume(dir, &options, &prov, 2, 1000, 1);
        if (!f) fail_msg("%s", error_text());
        add_rows(f, 0, 7);
        EXPECT(!runfile_close(&f));
        check_rows(7);
        snprintf(aside, sizeof aside, "%s/run-damaged-%d.h5", dir, n);
        EXPECT(!access(aside, F_OK) && !unlink(run));
    }
}

static void mutated_files_never_take_the_reader_down(void **unused)
{
    (void)unused;
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    struct rng rng = rng_make(3, 0, RNG_TEST, 0);
    add_rows(f, 0, 300);
    EXPECT(!runfile_close(&f));
    struct stat st;
    stat(run, &st);
    const int fd = open(run, O_RDWR);
    int read_well = 0;
    for (int i = 0; i < 150; i++) {
        unsigned char was[16], bad[16];
        const off_t at = rng_below(&rng, i % 2 ? (int)st.st_size - 16 : 2048);
        EXPECT(pread(fd, was, sizeof was, at) == sizeof was);
        memcpy(bad, was, sizeof bad);
        for (int k = 0; k < 1 + i % 16; k++) bad[k] = (unsigned char)rng_bits(&rng);
        EXPECT(pwrite(fd, bad, sizeof bad, at) == sizeof bad);
        const int64_t n = rows_of(i % RUN_TABLE_ACTORS);
        EXPECT(n >= -1 && (n >= 0 || *error_text()));
        read_well += n >= 0;
        EXPECT(pwrite(fd, was, sizeof was, at) == sizeof was);
    }
    EXPECT(read_well > 0 && read_well < 150);
    close(fd);
    check_rows(300);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &r);
}

/* Writing fails three times over, in between rows come in; then there is room again. */
static int write_on_full_disk(void)
{
    struct stat st;
    signal(SIGXFSZ, SIG_IGN);
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    if (!f) return 1;
    add_rows(f, 0, 10);
    if (runfile_flush(f) || stat(run, &st)) return 2;
    limit_files((rlim_t)st.st_size + 2000);
    for (int i = 1; i < 40; i++) {
        add_rows(f, 10 * i, 10 * i + 10);
        if (i > 35 && (!runfile_flush(f) || !strstr(error_text(), "File too large"))) return 3;
    }
    limit_files(RLIM_INFINITY);
    if (runfile_flush(f)) return 4;
    add_rows(f, 400, 410);
    return runfile_close(&f) ? 5 : 0;
}

static void full_disk_then_room_again(void **unused)
{
    (void)unused;
    const pid_t pid = writer(write_on_full_disk);
    wait_for_writer();
    end_writer(pid);
    H5_AUTO hid_t file = H5Fopen(run, H5F_ACC_RDONLY, H5P_DEFAULT);
    EXPECT(file >= 0);
    h5_release(&file); /* the reader's process must not inherit it */
    check_rows(410);
}

/* Curves that cannot be written are no trouble of run.h5. */
static void curves_lie_elsewhere(void **unused)
{
    (void)unused;
    char board[160];
    snprintf(board, sizeof board, "%s/board", dir);
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    EXPECT(f && !runfile_tensorboard(f, board, 0) && !rmdir(board));
    add_rows(f, 0, 10);
    EXPECT(!runfile_flush(f) && !runfile_sync(f));
    struct tensorboard *c = runfile_curves(f);
    EXPECT(tensorboard_gather(c) && tensorboard_write(c) && strstr(error_text(), "/board/events.out.tfevents."));
    EXPECT(!mkdir(board, 0777) && !tensorboard_write(c) && !tensorboard_gather(c));
    EXPECT(runfile_curves_take(f) == c && !runfile_curves(f));
    add_rows(f, 10, 20); /* not for them any more */
    EXPECT(!tensorboard_gather(c) && !runfile_close(&f));
    tensorboard_free(&c);
    check_rows(20);
}

enum { MANY = 900000 }; /* episodes of 40 bytes: more than the queue holds */

static int write_too_much(void)
{
    signal(SIGXFSZ, SIG_IGN);
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    if (!f) return 1;
    limit_files(1000);
    for (int i = 0; i < MANY; i++) runfile_episode(f, &(struct run_episode){.frames = i, .length = 1});
    if (!runfile_flush(f)) return 2;
    limit_files(RLIM_INFINITY);
    return runfile_flush(f) || runfile_close(&f);
}

static void overflow_drops_the_oldest_and_says_so(void **unused)
{
    (void)unused;
    const pid_t pid = writer(write_too_much);
    wait_for_writer();
    end_writer(pid);
    struct run_event *event;
    struct run_episode *rows;
    assert_int_equal(runfile_read(run, RUN_TABLE_EVENTS, (void **)&event), 1);
    const int64_t n = runfile_read(run, RUN_TABLE_EPISODES, (void **)&rows), dropped = atoll(event->text);
    EXPECT(n > 200000 && n < 500000 && n + dropped == MANY && !strcmp(event->kind, "rows-dropped"));
    for (int64_t i = 0; i < n; i++) EXPECT(rows[i].frames == dropped + i);
    free(event), free(rows);
}

static int setup(void **unused)
{
    if (run_folder_make(unused)) return -1;
    options_set(&options, "lr", "0.25", ORIGIN_COMMAND, "--lr");
    snprintf(prov.hosts, sizeof prov.hosts, "here*2");
    return 0;
}

/* One row of each table and a checkpoint of a convolution with weights 0, 1, 2, ... in textbook order; then rows every
 * 10 ms. */
static int write_for_others(const char *where)
{
    const struct net_input planes = {.C = 4, .height = 84, .width = 84};
    struct net *net = net_of("small", 0, &planes, NET_HEADS_POLICY_V, 6);
    float *theta = memory_floats(net_facts(net)->params), *count = memory_floats(net_facts(net)->params);
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    snprintf(dir, sizeof dir, "%s", where);
    for (size_t i = 0; i < net_facts(net)->params; i++) count[i] = (float)i;
    for (int i = 0; i < net_facts(net)->tensor_count; i++)
        tensor_from_textbook(&net_facts(net)->tensors[i], theta, count);
    const struct checkpoint c = {.options = &options, .net = net, .theta = theta, .counters = {.frames = 77}};
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    int rc = !f || checkpoint_write(dir, "checkpoint-000000000077.h5", &c);
    for (int i = 0; !rc; i++) {
        add_rows(f, i, i + 1);
        rc = runfile_flush(f);
        if (i == 20 && (puts("ready") < 0 || fflush(stdout))) rc = 1;
        if (poll(&in, 1, 10)) break;
    }
    if (f && runfile_close(&f)) rc = 1;
    if (rc) fprintf(stderr, "%s\n", error_text());
    free(theta), free(count);
    net_free(&net);
    return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "write")) {
        h5_init();
        options_init(&options);
        options_set(&options, "lr", "0.25", ORIGIN_COMMAND, "--lr");
        provenance_fill(&prov, argc, argv);
        return write_for_others(argv[2]);
    }
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, run_folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(live_killed_resumed_finished),
        TEST(damaged_file_is_set_aside),
        TEST(mutated_files_never_take_the_reader_down),
        TEST(full_disk_then_room_again),
        TEST(curves_lie_elsewhere),
        TEST(overflow_drops_the_oldest_and_says_so),
    };
    return testing_main(tests);
}
