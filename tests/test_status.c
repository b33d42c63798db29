/* test_status.c -- what people read: RUN/status, a table as CSV, a run's settings as text, the provenance
 * of a process. */
#include "testing.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "nn/net.h"
#include "store/provenance.h"
#include "store/runfile.h"
#include "store/status.h"

static char dir[64], run[96];

static void status_round_trip(void **unused)
{
    (void)unused;
    const struct run_actor actors[2] = {{.host = "n1", .state = "master"}, {1, "n2", 47, 12, 3, .3, .1, "lost it"}};
    struct status s = {RUN_LOST_ACTORS, "two\nlines",    10, 100, 5, 4, 3, .return_mean = -NAN,
                       .rank_count = 2, .actors = actors};
    enum run_state state;
    char reason[64], path[128], text[4096] = "";
    EXPECT(status_read_state(dir, &state, reason, sizeof reason) == -1 && strstr(error_text(), "No such file"));
    EXPECT(!status_write(dir, &s) && !status_read_state(dir, &state, reason, sizeof reason));
    EXPECT(state == RUN_LOST_ACTORS && !strcmp(reason, "two_lines"));
    snprintf(path, sizeof path, "%s/status", dir);
    FILE *f = fopen(path, "r+");
    EXPECT(fread(text, 1, sizeof text - 1, f) > 0);
    EXPECT(!strncmp(text, "state lost-actors\n", 18) && strstr(text, "\nframes 10 / 100\n"));
    EXPECT(strstr(text, "\nreturn-mean nan\n"));
    EXPECT(strstr(text, "\nactor 1 host n2 frames 47 updates 12 episodes 3 last-seen 0.3 epsilon 0.1 state lost_it\n"));
    rewind(f);
    fputs("state wrong", f);
    fclose(f);
    EXPECT(status_read_state(dir, &state, reason, sizeof reason) == -1 && strstr(error_text(), "state WORD"));
    s.state = RUN_RUNNING;
    EXPECT(!status_write(dir, &s) && !status_read_state(dir, &state, NULL, 0) && state == RUN_RUNNING);
    /* where no new file can be made, over the old one, and nothing of a longer one is left behind */
    char fresh[140];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    EXPECT(!mkdir(fresh, 0700) && !status_write(dir, &s));
    s.rank_count = 1, s.reason[0] = '\0';
    struct status out;
    struct run_actor *rows = NULL;
    EXPECT(!status_write(dir, &s) && !status_read(dir, &out, &rows) && out.rank_count == 1 && !*out.reason);
    free(rows);
    EXPECT(!rmdir(fresh));
    EXPECT(status_write("/nowhere", &s) == -1 && strstr(error_text(), "/nowhere/status"));
}

/* Writes text as dir/status; status_read() must refuse it with a line that holds `word`. */
static void expect_refused(const char *text, size_t n, const char *word)
{
    struct status s;
    struct run_actor *rows = (struct run_actor *)&s;
    char path[128];
    snprintf(path, sizeof path, "%s/status", dir);
    FILE *f = fopen(path, "w");
    EXPECT(fwrite(text, 1, n, f) == n);
    fclose(f);
    EXPECT(status_read(dir, &s, &rows) == -1 && !rows);
    EXPECT(strstr(error_text(), path));
    if (!strstr(error_text(), word)) fail_msg("'%s' does not say '%s'", error_text(), word);
}

static void status_read_whole(void **unused)
{
    (void)unused;
    enum { RANKS = 300 }; /* more than a block of the file */
    static struct run_actor actors[RANKS];
    struct status out, s = {RUN_STOPPED, "SIGTERM \033[2J",
                            10,          1LL << 60,
                            5,           4,
                            3,           1.5,
                            2.5,         3.5,
                            -1e300,      INFINITY,
                            6.5,         NAN,
                            0.1,         9.25,
                            77,          RANKS,
                            actors,      {1234, 5678, 0xabcdef0123456789}};
    struct run_actor *rows;
    char path[128], text[65536], cut[65536];
    for (int r = 0; r < RANKS; r++) {
        actors[r] = (struct run_actor){r, "", 1000 + r, r, 3, 0.25 * r, .1, "running"};
        snprintf(actors[r].host, sizeof actors[r].host, "node%d", r);
    }
    EXPECT(status_read(dir, &out, &rows) == -1 && strstr(error_text(), "No such file"));
    EXPECT(!status_write(dir, &s) && !status_read(dir, &out, &rows));
    EXPECT(out.actors == rows && out.rank_count == RANKS && out.state == RUN_STOPPED);
    EXPECT(!strcmp(out.reason, "SIGTERM _[2J") && out.frames == 10 && out.frames_total == 1LL << 60 && out.steps == 5);
    EXPECT(out.updates == 4 && out.episodes == 3 && out.lag_max == 77 && isnan(out.eval_best));
    EXPECT(out.seconds == 1.5 && out.frames_per_s == 2.5 && out.updates_per_s == 3.5 && out.return_mean == -1e300);
    EXPECT(out.return_max == INFINITY && out.eval_mean == 6.5 && out.lag_mean == 0.1 && out.seconds_left == 9.25);
    EXPECT(!memcmp(&out.master, &s.master, sizeof s.master));
    for (int r = 0; r < RANKS; r++) EXPECT(!memcmp(&rows[r], &actors[r], sizeof rows[r]));
    free(rows);

    snprintf(path, sizeof path, "%s/status", dir);
    FILE *f = fopen(path, "r");
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    expect_refused(text, n - 1, "has no end");
    expect_refused("", 0, "has no end");
    expect_refused("a\0b\n", 4, "zero byte");
    for (const char *end = text; (end = strchr(end, '\n') + 1) && strncmp(end, "actor ", 6) != 0;)
        expect_refused(text, (size_t)(end - text), "no line '"); /* cut behind any line of the head */
    static const char *const damage[][3] = {
        {"state stopped", "state flyings", "line 1 is damaged: 'state flyings'"},
        {"process 1234 began", "process 12 34 began", "line 3"},
        {"frames 10 / ", "frames 10 | ", "line 4"},
        {"frames 10 / ", "frames 1x / ", "line 4"},
        {"updates 4", "updates \033", "'updates ?'"},
        {"lag-max 77", "lag-max 7.", "lag-max 7."},
        {"actor 7 host", "actor x host", "actor x"},
        {"frames 1007 updates", "framed 1007 updates", "framed"},
        {"steps 5", "stops 5", "no line 'steps'"},
    };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        memcpy(cut, text, n + 1);
        char *at = strstr(cut, damage[i][0]);
        EXPECT(at);
        memcpy(at, damage[i][1], strlen(damage[i][1]));
        expect_refused(cut, n, damage[i][2]);
    }
}

static void provenance_of_this_process(void **unused)
{
    (void)unused;
    char *argv[] = {"dunlin", "train", "--out", "a b", "it's"};
    struct provenance p;
    setenv("OMPI_MCA_osc", "^ucx", 1), setenv("OMPI_MCA_orte_hnp_uri", "secret", 1), setenv("SLURM_JOB_ID", "77", 1);
    setenv("OMP_NUM_THREADS", "3", 1), setenv("OMP_NUM_THREADS_NOT", "4", 1);
    provenance_fill(&p, 5, argv);
    assert_string_equal(p.command, "dunlin train --out 'a b' 'it'\\''s'");
    EXPECT(strlen(p.build_id) == 64 && strspn(p.build_id, "0123456789abcdef") == 64);
    EXPECT(strstr(p.env_variables, "OMP_NUM_THREADS=3") == p.env_variables &&
           strstr(p.env_variables, "OMPI_MCA_osc=^ucx"));
    EXPECT(!strstr(p.env_variables, "orte") && !strstr(p.env_variables, "_NOT") && !strcmp(p.slurm_job, "77"));
    EXPECT(strlen(p.started) == 20 && p.started[10] == 'T' && p.started[19] == 'Z' && !strncmp(p.started, "20", 2));
    EXPECT(!strcmp(p.kernels, net_kernel_name()) && strstr(p.blas, "OpenBLAS") && *p.git_revision && *p.hdf5 == '1');
}

/* What print() writes to stdout. */
static char *printed(int (*print)(void))
{
    char path[192];
    snprintf(path, sizeof path, "%s/stdout", dir);
    fflush(stdout);
    const int keep = dup(STDOUT_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDOUT_FILENO);
    const int rc = print();
    fflush(stdout);
    dup2(keep, STDOUT_FILENO);
    char *text = calloc(1, 65536);
    EXPECT(pread(fd, text, 65535, 0) > 0);
    close(keep), close(fd);
    EXPECT(rc == 0);
    return text;
}

static int csv_of_events(void)
{
    return runfile_print_csv(run, RUN_TABLE_EVENTS);
}
static int csv_of_episodes(void)
{
    return runfile_print_csv(run, RUN_TABLE_EPISODES);
}
static int info_of_run(void)
{
    return runfile_print_info(run);
}

static void csv_and_info(void **unused)
{
    (void)unused;
    struct option_set options;
    struct provenance prov;
    options_init(&options);
    options_set(&options, "lr", "0.25", ORIGIN_COMMAND, "--lr");
    provenance_fill(&prov, 0, NULL);
    snprintf(prov.hosts, sizeof prov.hosts, "here*2");
    snprintf(run, sizeof run, "%s/run.h5", dir);
    struct runfile *f = runfile_create(dir, &options, &prov, 2);
    runfile_event(f, &(struct run_event){1, 0, 0, "test", "event 0, \"quoted\""});
    runfile_event(f, &(struct run_event){2, 10, 1, "test", "a\nb"});
    runfile_episode(f, &(struct run_episode){0, 0.1, 0, -1.0 / 3, 7});
    runfile_episode(f, &(struct run_episode){1, 0.25, 1, NAN, 7});
    EXPECT(!runfile_close(&f));
    char *text = printed(csv_of_events);
    assert_string_equal(text, "seconds,frames,rank,kind,text\n1,0,0,test,\"event 0, \"\"quoted\"\"\"\n"
                              "2,10,1,test,a b\n");
    free(text);
    text = printed(csv_of_episodes);
    assert_string_equal(text, "frames,seconds,actor,return,length\n0,0.1,0,-0.3333333333333333,7\n1,0.25,1,nan,7\n");
    free(text);
    text = printed(info_of_run);
    EXPECT(strstr(text, "\nlr 0.25\n") && strstr(text, "\nframes-budget ") && !strstr(text, "\nframes "));
    EXPECT(strstr(text, "\nhosts here*2\n") && strstr(text, "\nsessions 1\n") && strstr(text, "build_id "));
    free(text);
    EXPECT(runfile_table_of("eval") == RUN_TABLE_EVAL && runfile_table_of("evil") == -1);
    EXPECT(strstr(error_text(), "train, episodes, eval, lag, events, actors"));
    void *rows;
    EXPECT(runfile_read("/nowhere/run.h5", RUN_TABLE_EVAL, &rows) == -1);
    EXPECT(strstr(error_text(), "/nowhere/run.h5") && strstr(error_text(), "No such file"));
}

static int setup(void **unused)
{
    (void)unused;
    snprintf(dir, sizeof dir, "/tmp/test_status.XXXXXX");
    return !mkdtemp(dir);
}

static int teardown(void **unused)
{
    (void)unused;
    return testing_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(status_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(csv_and_info, setup, teardown),
        cmocka_unit_test(provenance_of_this_process),
    };
    return testing_main(tests);
}
