/* test_plot.c -- curves as numbers and as scripts. "test_plot make DIR [SHIFT [LR [EVALS]]]" instead writes a run with
 * known curves to DIR, for test_plot.sh, without evaluations where EVALS is 0. */
#include <math.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/runfile.h"
#include "testing.h"
#include "view/figure.h"
#include "view/scatter.h"
#include "view/thin.h"

static struct figure_group points[60000];
static struct figure_smooth smooth[FIGURE_POINTS];

/* The text that figure_write() writes, malloc'd. */
static char *script_of(enum figure_format format, enum figure_axis axis, const struct figure_run *runs, int count)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    EXPECT(file);
    figure_write(file, format, axis, runs, count);
    fclose(file);
    return text;
}

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
    EXPECT(figure_smooth(points, 0, 0, smooth) == 0);
    static const double y[] = {1, 2, 3, 4, 10, 20}; /* windows of five, cut at the ends */
    static const double mean[] = {2, 2.5, 4, 7.8, 9.25, 34.0 / 3};
    for (int i = 0; i < 6; i++) points[i] = (struct figure_group){10 * i, y[i], y[i]};
    EXPECT(figure_smooth(points, 6, 6, smooth) == 6);
    for (int i = 0; i < 6; i++) {
        EXPECT(smooth[i].x == 10 * i);
        EXPECT_NEAR(smooth[i].mean, mean[i], 1e-12);
    }
    EXPECT(smooth[2].low == 1 && smooth[2].high == 10);
    EXPECT(figure_smooth(points, 1, 1, smooth) == 1 && smooth[0].mean == 1 && smooth[0].low == 1 &&
           smooth[0].high == 1);
}

static void test_percentiles(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        points[i] = (struct figure_group){i, (i * 37) % 100, (i * 37) % 100}; /* any 100 in a row: 0 .. 99 */
    const int n = figure_smooth(points, 1000, 1000, smooth);
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
    const int n = figure_smooth(points, N, N, smooth);
    EXPECT(n > FIGURE_POINTS * 9 / 10 && n <= FIGURE_POINTS);
    EXPECT(smooth[0].x == points[0].x && smooth[n - 1].x == points[N - 1].x);
    for (int i = 1; i < n; i++)
        EXPECT(smooth[i].x > smooth[i - 1].x && smooth[i].x - smooth[i - 1].x < 2.5 * x / FIGURE_POINTS);
    for (int i = 0; i < N; i++) points[i].x = 7; /* all at one place */
    EXPECT(figure_smooth(points, N, N, smooth) <= 2);
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
    const int n = figure_smooth(t.groups, t.count, t.total, smooth);
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

static void test_script(void **state)
{
    (void)state;
    const struct figure_group episodes[] = {{0, -1, -1}, {9000, 0, 0}, {18000, 1, 1}};
    const struct figure_group evals[] = {{7200, 0.5, 0.5}, {21600, 1, 1}};
    struct figure_run runs[2] = {{"first", episodes, 3, 3, evals, 2}, {"it's", NULL, 0, 0, evals, 1}};
    char *text = script_of(FIGURE_SVG, FIGURE_FRAMES, runs, 1);
    EXPECT(strstr(text, "terminal svg") && strstr(text, "noenhanced") && strstr(text, "set xrange [0:21600]"));
    EXPECT(strstr(text, "'5k' 5000") && strstr(text, "'20k' 20000") && strstr(text, "'0' 0") && !strstr(text, "'25k'"));
    EXPECT(strstr(text, "\n9000 0 -1 1\n") && strstr(text, "\n7200 0.5\n21600 1\n"));
    EXPECT(strstr(text, "set xlabel 'emulated frames'") && strstr(text, "set ylabel 'episode return"));
    EXPECT(strstr(text, "mean of 5 episodes") && !strstr(text, "'first'") && !strstr(text, "set output"));
    free(text);
    text = script_of(FIGURE_PNG, FIGURE_SECONDS, runs, 2);
    EXPECT(strstr(text, "terminal pngcairo") && strstr(text, "(hours)") && strstr(text, "set xrange [0:6]"));
    EXPECT(strstr(text, "\n2.5 0 -1 1\n") && strstr(text, "\n2 0.5\n"));
    EXPECT(strstr(text, "title 'first'") && strstr(text, "title 'it''s'"));
    free(text);
    text = script_of(FIGURE_TEXT, FIGURE_UPDATES, runs, 1);
    EXPECT(strstr(text, "terminal dumb") && strstr(text, "size 78,20") && strstr(text, "updates"));
    EXPECT(!strstr(text, "filledcurves") && strstr(text, "title ' mean of 5 episodes'"));
    free(text);
}

static void test_scores(void **state)
{
    (void)state;
    const struct figure_point a[] = {{1e-4, -3}, {0.02, 7}}, b[] = {{3e-3, 5}};
    const struct figure_series series[] = {{"a3c on pong", a, 2}, {"it's", b, 1}};
    char *text = NULL;
    size_t size;
    for (int format = FIGURE_PNG; format <= FIGURE_TEXT; format++)
        for (int axis = FIGURE_LR; axis <= FIGURE_RANK; axis++) {
            FILE *file = open_memstream(&text, &size);
            figure_write_scores(file, (enum figure_format)format, (enum figure_axis)axis, "mean return", series, 2);
            fclose(file);
            EXPECT(!strstr(text, "logscale") == (axis == FIGURE_RANK));
            EXPECT(strstr(text, "\n0.0001 -3\n0.02 7\nEND\n") && strstr(text, "\n0.003 5\nEND\n"));
            EXPECT(strstr(text, "title 'a3c on pong'") && strstr(text, "title 'it''s'") && strstr(text, "mean return"));
            EXPECT(!strstr(text, "linespoints") == (axis == FIGURE_LR || format == FIGURE_TEXT));
            if (axis == FIGURE_LR) EXPECT(strstr(text, "'0.0001' 0.0001, '0.0003' 0.0003, '0.001' 0.001"));
            if (axis == FIGURE_LR) EXPECT(strstr(text, "'0.03' 0.03)") && !strstr(text, "3e-05"));
            free(text);
        }
}

/* 3,000 episodes that rise from -20 to 20 over 1.5 M frames and 4,500 s, with an evaluation every 100,000 frames and
 * one row of /train half way, so that updates (one in 20 frames) must be found before and behind it. */
static int make_run(const char *dir, double shift, double lr, bool evals)
{
    struct option_set set;
    struct provenance prov = {0};
    options_init(&set);
    if (lr > 0) set.values.lr = lr;
    mkdir(dir, 0777);
    struct runfile *f = runfile_create(dir, &set, &prov, 2);
    for (int i = 1; f && i <= 3000; i++) {
        const int64_t frames = i * 500;
        const double seconds = (double)frames / 1000 * 3,
                     mean = 40 / (1 + exp(-((double)frames - 5e5 - shift) / 1e5)) - 20;
        runfile_episode(f, &(struct run_episode){frames, seconds, 1, mean + 3 * sin(i * 1.7), 500});
        if (evals && i % 200 == 0)
            runfile_eval(f, &(struct run_eval){frames, seconds, 10, mean + 1, mean, 1, mean - 2, mean + 2});
        if (i == 1500)
            runfile_train(f, &(struct run_train){
                                 .seconds = seconds, .frames = frames, .updates = frames / 20, .return_mean = mean});
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
        EXPECT(!make_run(path[r], r == 1 ? 950000 : 0, r == 1 ? 1e-4 : 1e-3, r < 2));
    }
    FILE *file = open_memstream(&text, &size);
    EXPECT(!scatter_write(file, runs, 2, FIGURE_LR, FIGURE_PNG));
    fclose(file);
    EXPECT(sscanf(strstr(text, "$s0 << END\n"), "$s0 << END\n%lf %lf", &x, &y) == 2);
    EXPECT_NEAR(x, 1e-4, 1e-9);
    EXPECT_NEAR(y, 40 / (1 + exp(-0.5)) - 19, 1e-6);
    EXPECT(sscanf(strstr(text, "\n0.001 "), "\n%lf %lf", &x, &y) == 2);
    EXPECT_NEAR(y, 40 / (1 + exp(-10)) - 19, 1e-6);
    EXPECT(!strstr(text, "$s1"));
    free(text);
    file = open_memstream(&text, &size); /* one has no evaluation: the last 300 of 3000 episodes of each */
    EXPECT(!scatter_write(file, runs, 3, FIGURE_RANK, FIGURE_PNG));
    fclose(file);
    double mean = 0;
    for (int i = 2701; i <= 3000; i++) mean += (40 / (1 + exp(5 - i / 200.0)) - 20 + 3 * sin(i * 1.7)) / 300;
    EXPECT(sscanf(strstr(text, "$s0 << END\n"), "$s0 << END\n%lf %lf", &x, &y) == 2);
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

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "make"))
        return make_run(argv[2], argc > 3 ? atof(argv[3]) : 0, argc > 4 ? atof(argv[4]) : 0, argc < 6 || atoi(argv[5]));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_curves_take_bounded_memory),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_running_mean_by_hand),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_long_runs_are_thinned_evenly),
        cmocka_unit_test(test_names_are_quoted),
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_scores_of_runs),
    };
    return testing_main(tests);
}
