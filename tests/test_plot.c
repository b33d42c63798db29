/* test_plot.c -- curves as numbers, runs as curves. "test_plot make DIR [SHIFT [LR [EVALS [SEED [ENV [ALGO]]]]]]"
 * instead writes a run with known curves to DIR, for test_plot.sh, without evaluations where EVALS is 0; its returns
 * are -1 and 1 alone where ENV is corridor. */
#include <math.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/runfile.h"
#include "testing.h"
#include "view/curves.h"
#include "view/normalised.h"
#include "view/scatter.h"
#include "view/thin.h"

static struct figure_group points[60000];
static struct figure_smooth smooth[FIGURE_POINTS];

static void test_window(void **state)
{
    (void)state;
    EXPECT(figure_window(1) == 5 && figure_window(49) == 5 && figure_window(50) == 5);
    EXPECT(figure_window(500) == 50 && figure_window(1000) == 100 && figure_window(9999) == 100);
    EXPECT(figure_window(50000) == 500);
}

static void test_running_mean_by_hand(void **state)
{
    (void)state;
    EXPECT(figure_smooth(points, 0, 0, 5, smooth) == 0);
    static const double y[] = {1, 2, 3, 4, 10, 20}; /* windows of five, cut at the ends */
    static const double mean[] = {2, 2.5, 4, 7.8, 9.25, 34.0 / 3};
    for (int i = 0; i < 6; i++) points[i] = (struct figure_group){10 * i, y[i], y[i]};
    EXPECT(figure_smooth(points, 6, 6, 5, smooth) == 6);
    for (int i = 0; i < 6; i++) {
        EXPECT(smooth[i].x == 10 * i);
        EXPECT_NEAR(smooth[i].mean, mean[i], 1e-12);
    }
    EXPECT(smooth[2].low == 1 && smooth[2].high == 10);
    EXPECT(figure_smooth(points, 1, 1, 5, smooth) == 1 && smooth[0].mean == 1 && smooth[0].low == 1 &&
           smooth[0].high == 1);
    for (int i = 0; i < 4; i++) points[i] = (struct figure_group){i < 3 ? 10 * i : 20, i, i};
    const int n =
        figure_smooth(points, 4, 4, 1, smooth); /* two episodes end with the curve: the later one is its end */
    EXPECT(n == 4 && smooth[n - 1].x == 20 && smooth[n - 1].mean == 3);
}

static void test_percentiles(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        points[i] = (struct figure_group){i, (i * 37) % 100, (i * 37) % 100}; /* any 100 in a row: 0 .. 99 */
    const int n = figure_smooth(points, 1000, 1000, 100, smooth);
    EXPECT(n == 1000);
    EXPECT_NEAR(smooth[500].mean, 49.5, 0.6); /* 101 values */
    EXPECT_NEAR(smooth[500].low, 10, 1);
    EXPECT_NEAR(smooth[500].high, 90, 1);
}

static void test_long_runs_are_thinned_evenly(void **state)
{
    (void)state;
    enum { N = 60000 };
    double x = 0; /* episodes get longer: most of them lie at the beginning */
    for (int i = 0; i < N; i++) points[i] = (struct figure_group){x += 1 + i / 1000.0, i, i};
    const int n = figure_smooth(points, N, N, figure_window(N), smooth);
    EXPECT(n > FIGURE_POINTS * 9 / 10 && n <= FIGURE_POINTS);
    EXPECT(smooth[0].x == points[0].x && smooth[n - 1].x == points[N - 1].x);
    for (int i = 1; i < n; i++)
        EXPECT(smooth[i].x > smooth[i - 1].x && smooth[i].x - smooth[i - 1].x < 2.5 * x / FIGURE_POINTS);
    for (int i = 0; i < N; i++) points[i].x = 7; /* all at one place */
    EXPECT(figure_smooth(points, N, N, figure_window(N), smooth) <= 2);
}

static void test_long_curves_take_bounded_memory(void **state)
{
    (void)state;
    enum { N = 3 * THIN_MOST };
    struct thin t = {0};
    for (int i = 0; i < THIN_MOST; i++) thin_add(&t, i, i % 2); /* as they come */
    EXPECT(t.count == THIN_MOST && t.total == THIN_MOST && t.groups[77].x == 77 && t.groups[77].one == 1);
    thin_add(&t, (double)NAN, 1), thin_add(&t, 1, (double)INFINITY);
    EXPECT(t.total == THIN_MOST && t.groups[77].mean == 1);
    for (int i = THIN_MOST; i < N; i++) thin_add(&t, i, i % 2);
    EXPECT(t.total == N && t.count == N / 4 && t.each == 4);
    int64_t ones = 0;
    for (int64_t i = 0; i < t.count; i++) {
        EXPECT(t.groups[i].x == 4 * (double)i + 1.5 && t.groups[i].mean == 0.5);
        ones += t.groups[i].one == 1;
    }
    EXPECT(ones > t.count / 3 && ones < 2 * t.count / 3); /* no choice that only meets zeros */
    const int n = figure_smooth(t.groups, t.count, t.total, figure_window(t.total), smooth);
    EXPECT(n > FIGURE_POINTS * 9 / 10 && smooth[n / 2].mean == 0.5 && smooth[n / 2].low == 0 &&
           smooth[n / 2].high == 1);
    thin_free(&t);
    for (int i = 0; i < 5; i++) thin_add(&t, 5 - i, i);
    thin_sort(&t);
    EXPECT(t.groups[0].x == 1 && t.groups[0].one == 4 && t.groups[4].x == 5);
    thin_free(&t);
}

static void expect_quoted(const char *text, const char *quoted)
{
    char out[64];
    figure_quote(text, out, sizeof out);
    assert_string_equal(out, quoted);
}

static void test_names_are_quoted(void **state)
{
    (void)state;
    expect_quoted("pong", "'pong'");
    expect_quoted("it's", "'it''s'");
    expect_quoted("`date` \\n \"x\" @a %s ^{2}", "'`date` \\n \"x\" @a %s ^{2}'");
    expect_quoted("two\nlines\x7f", "'two?lines?'");
    expect_quoted("d\xc3\xbcn", "'d\xc3\xbcn'");
    expect_quoted("\xff\xc3(\xe2\x82\xac\xed\xa0\x80\xc0\xaf", "'?"
                                                               "?(\xe2\x82\xac?"
                                                               "?"
                                                               "?"
                                                               "?"
                                                               "?'");
    expect_quoted("cut \xe2\x82", "'cut ?"
                                  "?'");
    for (size_t size = 8; size < 20; size++) {
        char out[20];
        figure_quote("''''''''''''''\xe2\x82\xac", out, size);
        EXPECT(strlen(out) < size && strlen(out) % 2 == 0 && out[strlen(out) - 1] == '\'');
    }
}

static void test_a_typed_window(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) points[i] = (struct figure_group){i, i, i};
    EXPECT(figure_smooth(points, 100, 100, 1, smooth) == 100 && smooth[50].mean == 50 && smooth[50].high == 50);
    EXPECT(figure_smooth(points, 100, 100, 21, smooth) == 100 && smooth[50].mean == 50 && smooth[0].mean == 5);
    EXPECT(figure_smooth(points, 100, 100, 1000000000, smooth) == 100 && smooth[50].mean == 49.5);
    EXPECT(smooth[0].mean == 25); /* all: half of them on each side, as far as there are any */
}

struct made {
    double shift, lr;
    bool evals;
    int seed;
    const char *env, *algo;
};

/* 3,000 episodes that rise from -20 to 20 over 1.5 M frames and 4,500 s, with an evaluation every 100,000 frames and
 * one row of /train half way, so that updates (one in 20 frames) must be found before and behind it. */
static int make_run(const char *dir, const struct made *made)
{
    struct option_set set;
    struct provenance prov = {0};
    options_init(&set);
    set.values.frames = 1500000;
    if (made->lr > 0) set.values.lr = made->lr;
    if (made->seed) set.values.seed = made->seed;
    if (made->env) snprintf(set.values.env, sizeof set.values.env, "%s", made->env);
    if (made->algo) snprintf(set.values.algo, sizeof set.values.algo, "%s", made->algo);
    const bool two = !strcmp(set.values.env, "corridor");
    mkdir(dir, 0777);
    struct runfile *f = runfile_create(dir, &set, &prov, 2);
    for (int i = 1; f && i <= 3000; i++) {
        const int64_t frames = i * 500;
        const double seconds = (double)frames / 1000 * 3,
                     mean = 40 / (1 + exp(-((double)frames - 5e5 - made->shift) / 1e5)) - 20;
        runfile_episode(f,
                        &(struct run_episode){frames, seconds, 1, two ? i % 2 * 2 - 1 : mean + 3 * sin(i * 1.7), 500});
        if (made->evals && i % 200 == 0)
            runfile_eval(f, &(struct run_eval){frames, seconds, 10, mean + 1, mean, 1, mean - 2, mean + 2});
        if (i == 1500)
            runfile_train(f, &(struct run_train){.seconds = seconds,
                                                 .frames = frames,
                                                 .updates = frames / 20,
                                                 .return_mean = mean,
                                                 .lr = set.values.lr,
                                                 .entropy = 0.5});
    }
    if (f && !runfile_close(&f)) return 0;
    fprintf(stderr, "%s\n", error_text());
    return 1;
}

/* The last evaluations of make_run()'s runs are 40/(1 + exp(-10)) - 19 and, shifted, 40/(1 + exp(-0.5)) - 19. */
static void test_scores_of_runs(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_plot-XXXXXX", path[3][64], *text = NULL;
    const char *runs[3];
    double x, y;
    size_t size;
    EXPECT(mkdtemp(dir));
    for (int r = 0; r < 3; r++) {
        runs[r] = path[r];
        snprintf(path[r], sizeof path[r], "%s/%d", dir, r);
        EXPECT(!make_run(path[r], &(struct made){r == 1 ? 950000 : 0, r == 1 ? 1e-4 : 1e-3, r < 2, 1, NULL, NULL}));
    }
    FILE *file = open_memstream(&text, &size);
    EXPECT(!scatter_write(file, runs, 2, &(struct curves_how){.curve.axis = FIGURE_LR}));
    fclose(file);
    EXPECT(sscanf(strstr(text, "$s0_0 << END\n"), "$s0_0 << END\n%lf %lf", &x, &y) == 2);
    EXPECT_NEAR(x, 1e-4, 1e-9);
    EXPECT_NEAR(y, 40 / (1 + exp(-0.5)) - 19, 1e-6);
    EXPECT(sscanf(strstr(text, "\n0.001 "), "\n%lf %lf", &x, &y) == 2);
    EXPECT_NEAR(y, 40 / (1 + exp(-10)) - 19, 1e-6);
    EXPECT(!strstr(text, "$s0_1"));
    free(text);
    file = open_memstream(&text, &size); /* one has no evaluation: the last 300 of 3000 episodes of each */
    EXPECT(!scatter_write(file, runs, 3, &(struct curves_how){.curve.axis = FIGURE_RANK}));
    fclose(file);
    double mean = 0;
    for (int i = 2701; i <= 3000; i++) mean += (40 / (1 + exp(5 - i / 200.0)) - 20 + 3 * sin(i * 1.7)) / 300;
    EXPECT(sscanf(strstr(text, "$s0_0 << END\n"), "$s0_0 << END\n%lf %lf", &x, &y) == 2);
    EXPECT(x == 1);
    EXPECT_NEAR(y, mean, 1e-6);
    EXPECT(strstr(text, "last tenth of the episodes") && strstr(text, "\n3 "));
    free(text);
    for (int r = 0; r < 3; r++) {
        char name[256];
        snprintf(name, sizeof name, "%s/run.h5", path[r]);
        EXPECT(!unlink(name) && !rmdir(path[r]));
    }
    EXPECT(!rmdir(dir));
}

/* A run that was resumed is marked there; runs that differ in the seed alone are a group, the same again is not. */
static void test_groups_and_resumes(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_plot-XXXXXX", path[5][64], name[400];
    static const int seeds[] = {1, 2, 1, 3, 3};
    static struct curve curves[5];
    const struct settings *all[5];
    struct option_set set;
    struct provenance prov = {0};
    int group[5];
    EXPECT(mkdtemp(dir));
    for (int r = 0; r < 5; r++) {
        snprintf(path[r], sizeof path[r], "%s/%d", dir, r);
        EXPECT(!make_run(path[r], &(struct made){.seed = seeds[r], .lr = r == 3 ? 1e-3 : 0, .evals = r != 3}));
    }
    options_init(&set);
    set.values.frames = 1500000;
    struct runfile *f = runfile_resume(path[0], &set, &prov, 2, 750000, 1);
    EXPECT(f);
    for (int i = 1501; i < 2000; i++) runfile_episode(f, &(struct run_episode){i * 500, i * 1.5, 1, i, 500});
    EXPECT(!runfile_close(&f));
    for (int r = 0; r < 5; r++) {
        EXPECT(!curve_load(&curves[r], path[r], &(struct curve_how){.axis = FIGURE_SECONDS}));
        all[r] = &curves[r].settings;
    }
    EXPECT(settings_group(all, 5, group) == 3);
    EXPECT(group[0] == 0 && group[1] == 0 && group[2] == 1 && group[3] == 2 && group[4] == 0);
    struct settings more = *all[1];
    more.actors++; /* that is a setting, too */
    EXPECT(settings_group((const struct settings *const[]){all[0], &more}, 2, group) == 2);
    EXPECT(curves[0].resume_count == 1 && curves[1].resume_count == 0);
    EXPECT_NEAR(curves[0].resume[0].x, 750000 * 3 / 1000, 1);
    EXPECT(curves[1].eval_count == 15 && curves[3].eval_count == 0 && curves[1].band);
    for (int r = 0; r < 5; r++) {
        curve_free(&curves[r]);
        snprintf(name, sizeof name, "%s/run.h5", path[r]);
        EXPECT(!unlink(name) && !rmdir(path[r]));
    }
    EXPECT(!rmdir(dir));
}

/* make_run()'s evaluations end at 40 / (1 + exp(-10)) - 19, the best of them. */
static void test_normalised_scores(void **state)
{
    (void)state;
    static const char *const envs[] = {"atari:pong", "catch"};
    struct normalised scores;
    for (int e = 0; e < 2; e++) {
        char dir[] = "/tmp/test_plot-XXXXXX", name[64];
        EXPECT(mkdtemp(dir));
        EXPECT(!make_run(dir, &(struct made){.evals = true, .env = envs[e]}));
        snprintf(name, sizeof name, "%s/run.h5", dir);
        EXPECT(!normalised_read(&scores, name) && !scores.of == (e == 1));
        if (!e) EXPECT_NEAR(scores.last, (40 / (1 + exp(-10)) - 19 + 20.7) / 35.3, 1e-9);
        if (!e) EXPECT(scores.best == scores.last);
        EXPECT(!unlink(name) && !rmdir(dir));
    }
    normalised_of_checkpoint(&scores, "atari:breakout", (double)NAN);
    EXPECT(scores.of && isnan(scores.best));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "make"))
        return make_run(argv[2], &(struct made){argc > 3 ? atof(argv[3]) : 0, argc > 4 ? atof(argv[4]) : 0,
                                                argc < 6 || atoi(argv[5]), argc > 6 ? atoi(argv[6]) : 0,
                                                argc > 7 ? argv[7] : NULL, argc > 8 ? argv[8] : NULL});
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_curves_take_bounded_memory),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_running_mean_by_hand),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_long_runs_are_thinned_evenly),
        cmocka_unit_test(test_names_are_quoted),
        cmocka_unit_test(test_a_typed_window),
        cmocka_unit_test(test_scores_of_runs),
        cmocka_unit_test(test_groups_and_resumes),
        cmocka_unit_test(test_normalised_scores),
    };
    return testing_main(tests);
}
