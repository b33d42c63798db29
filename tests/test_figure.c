/* test_figure.c -- curves and scores as gnuplot scripts, and the mean of several runs. */
#include <math.h>
#include <stdbool.h>

#include "testing.h"
#include "view/curve.h"
#include "view/figure.h"

/* The text that figure_write_curves() writes, malloc'd. */
static char *script_of(const struct figure_look *look, const struct figure_panel *panels, int count,
                       const char *const *entries, int entry_count)
{
    static char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    EXPECT(file);
    figure_write_curves(file, look, panels, count, entries, entry_count);
    fclose(file);
    return text;
}

/* A band between percentiles of two or three values is a barcode. */
static void test_few_values(void **state)
{
    (void)state;
    static struct figure_group points[1000];
    for (int i = 0; i < 1000; i++) points[i] = (struct figure_group){i, 0, i % 3 - 1};
    EXPECT(figure_few_values(points, 1000) && figure_few_values(points, 0));
    points[500].one = 7, points[501].one = 8;
    EXPECT(figure_few_values(points, 1000));
    points[999].one = 9;
    EXPECT(!figure_few_values(points, 1000) && figure_few_values(points, 999));
}

static void test_points_between(void **state)
{
    (void)state;
    const struct figure_smooth c[] = {{1, 10, 0, 0}, {2, 20, 0, 0}, {4, 0, 0, 0}};
    EXPECT(figure_at(c, 3, 1) == 10 && figure_at(c, 3, 1.5) == 15 && figure_at(c, 3, 3) == 10);
    EXPECT(figure_at(c, 3, 4) == 0 && isnan(figure_at(c, 3, 4.1)) && isnan(figure_at(c, 3, 0.9)));
    EXPECT(figure_at(c, 1, 1) == 10 && isnan(figure_at(c, 3, (double)NAN)));
}

static void test_script(void **state)
{
    (void)state;
    const struct figure_smooth curve[] = {{0, -1, -2, 1}, {9000, 0, -1, 1}, {18000, 1, -1, 2}};
    const struct figure_point evals[] = {{7200, 0.5}, {21600, 1}}, resume[] = {{9000, 0}};
    const struct figure_curve curves[] = {{0, curve, 3, true, false, evals, resume, 2, 1},
                                          {1, NULL, 0, false, false, evals, NULL, 2, 0}};
    const char *const names[] = {"first", "it's"};
    struct figure_panel panels[] = {{"one", curves, 1}, {"two", curves + 1, 1}};
    struct figure_look look = {
        .format = FIGURE_SVG, .axis = FIGURE_FRAMES, .title = "that's it", .y = "the y", .band = {"a band", NULL}};
    char *text = script_of(&look, panels, 1, names, 1);
    EXPECT(strstr(text, "terminal svg") && strstr(text, "noenhanced") && strstr(text, "set xrange [0:21600]"));
    EXPECT(strstr(text, "set yrange [-2.16:2.16]")); /* the data and a margin */
    EXPECT(strstr(text, "'5k' 5000") && strstr(text, "'20k' 20000") && strstr(text, "'0' 0") && !strstr(text, "'25k'"));
    EXPECT(strstr(text, "\n9000 0 -1 1\n") && strstr(text, "\n7200 0.5\n21600 1\n"));
    EXPECT(strstr(text, "set xlabel 'emulated frames'") && strstr(text, "set ylabel 'the y'"));
    EXPECT(strstr(text, "'that''s it'") && strstr(text, "title 'first'") && !strstr(text, "set output"));
    EXPECT(strstr(text, "title 'a band'") && strstr(text, "title 'resumed'") && strstr(text, "$s0_0 << END\n9000 0\n"));
    free(text);
    look.format = FIGURE_PNG, look.axis = FIGURE_SECONDS, look.title = NULL;
    text = script_of(&look, panels, 2, names, 2);
    EXPECT(strstr(text, "terminal pngcairo") && strstr(text, "(hours)") && strstr(text, "set xrange [0:6]"));
    EXPECT(strstr(text, "\n2.5 0 -1 1\n") && strstr(text, "\n2 0.5\n"));
    EXPECT(strstr(text, "title 'first'") && strstr(text, "title 'it''s'"));
    EXPECT(strstr(text, "set title 'one'") && strstr(text, "set title 'two'") && strstr(text, "unset multiplot"));
    free(text);
    look.format = FIGURE_PDF;
    text = script_of(&look, panels, 1, names, 1);
    EXPECT(strstr(text, "terminal pdfcairo"));
    free(text);
    look.format = FIGURE_TEXT, look.axis = FIGURE_UPDATES, look.columns = 120, look.title = "a title";
    text = script_of(&look, panels, 1, names, 1);
    EXPECT(strstr(text, "terminal dumb") && strstr(text, "size 118,21") && strstr(text, "updates"));
    EXPECT(!strstr(text, "filledcurves") && strstr(text, "title ' first'") && strstr(text, "set title 'a title'"));
    free(text);
}

/* Axes end at the data: rates that lie close together have tics of their own, long figures room at the left. */
static void test_axes_fit(void **state)
{
    (void)state;
    const struct figure_point close[] = {{1e-3, 1}, {1.2e-3, 1.0005}};
    const struct figure_series series = {0, close, 2};
    const char *const names[] = {"a3c"};
    char *text = NULL;
    size_t size;
    double low, high, margin;
    const struct figure_look look = {.format = FIGURE_PNG, .axis = FIGURE_LR, .y = "y"};
    FILE *file = open_memstream(&text, &size);
    figure_write_scores(file, &look, &(struct figure_scores){"", &series, 1}, 1, names, 1);
    fclose(file);
    EXPECT(sscanf(strstr(text, "set xrange ["), "set xrange [%lf:%lf]", &low, &high) == 2);
    EXPECT(low > 0.9e-3 && low <= 1e-3 && high >= 1.2e-3 && high < 1.3e-3);
    EXPECT(strstr(text, "'0.0011' 0.0011") && strstr(text, "'1.0002' 1.0002"));
    char *last = text;
    for (char *at; (at = strstr(last + 1, "set lmargin at screen "));) last = at;
    EXPECT(sscanf(last, "set lmargin at screen %lf", &margin) == 1 && margin > 98.0 / 900 + 0.005);
    free(text);
}

/* Height of the picture in pixels, and the rows of its legend. */
static int height_of(enum figure_format format, const char *const *names, int count, int *rows)
{
    const struct figure_smooth curve[] = {{0, 0, 0, 0}, {1, 1, 1, 1}};
    struct figure_curve curves[64];
    for (int i = 0; i < count; i++) curves[i] = (struct figure_curve){.entry = i, .points = curve, .count = 2};
    const struct figure_look look = {.format = format, .y = "y"};
    char *text = script_of(&look, &(struct figure_panel){"", curves, count}, 1, names, count);
    int height = 0;
    EXPECT(sscanf(strstr(text, "size 900,"), "size 900,%d", &height) == 1);
    EXPECT(sscanf(strstr(text, "maxrows "), "maxrows %d", rows) == 1);
    free(text);
    return height;
}

/* A legend makes the picture higher, not the curves lower; and what does not fit beside each other stands below. */
static void test_legends_fit(void **state)
{
    (void)state;
    char text[64][FIGURE_NAME];
    const char *names[64];
    int rows, one, short_names, long_names;
    for (int i = 0; i < 64; i++) snprintf(text[i], sizeof text[i], "run %d", i), names[i] = text[i];
    const int least = height_of(FIGURE_PNG, names, 1, &one);
    EXPECT(one == 1 && least > 400 && least < 600);
    EXPECT(height_of(FIGURE_PNG, names, 64, &short_names) == least + 22 * (short_names - 1) && short_names > 5 &&
           short_names < 64);
    int svg; /* whose letters are larger */
    const int lower = height_of(FIGURE_SVG, names, 1, &svg);
    EXPECT(height_of(FIGURE_SVG, names, 64, &svg) == lower + 26 * (svg - 1) && svg >= short_names);
    for (int i = 0; i < 14; i++) memset(text[i], 'x', 200), text[i][200] = 0;
    EXPECT(height_of(FIGURE_PNG, names, 14, &long_names) == least + 22 * 13 && long_names == 14);
    char *script = script_of(&(struct figure_look){.y = "y"}, &(struct figure_panel){"", &(struct figure_curve){0}, 1},
                             1, names, 1);
    EXPECT(strstr(script, "xxx...xxx") && !strstr(script, text[0])); /* too long for any row */
    free(script);
    height_of(FIGURE_PNG, names + 14, 2, &rows);
    EXPECT(rows == 1);
}

static void test_interval(void **state)
{
    (void)state;
    const double x[] = {1, 2, 6};
    struct figure_smooth s = curve_interval(x, 3, CURVE_RANGE);
    EXPECT(s.mean == 3 && s.low == 1 && s.high == 6);
    s = curve_interval(x, 3, CURVE_CI95); /* deviation sqrt(7), over sqrt(3), times 4.303 */
    EXPECT_NEAR(s.high - s.mean, 4.303 * sqrt(7.0 / 3), 1e-3);
    EXPECT_NEAR(s.mean - s.low, 4.303 * sqrt(7.0 / 3), 1e-3);
    s = curve_interval(x, 1, CURVE_CI95);
    EXPECT(s.mean == 1 && s.low == 1 && s.high == 1);
}

static void test_mean_of_runs(void **state)
{
    (void)state;
    struct figure_smooth a[] = {{0, 0, 0, 0}, {100, 100, 0, 0}}, b[] = {{0, 10, 0, 0}, {100, 110, 0, 0}},
                         c[] = {{0, 5, 0, 0}, {50, 55, 0, 0}};
    struct figure_point evals[] = {{50, 1}, {100, 2}}, later[] = {{51, 3}, {101, 4}};
    struct curve runs[] = {
        {.points = a, .count = 2, .window = 5, .evals = evals, .eval_count = 2},
        {.points = b, .count = 2, .window = 5, .evals = later, .eval_count = 2},
        {.points = c, .count = 2, .window = 7, .resume = {{20, 25}}, .resume_count = 1}}; /* ends half way */
    const struct curve *const all[] = {&runs[0], &runs[1], &runs[2]};
    struct curve mean;
    curve_mean(&mean, all, 3, &(struct curve_how){0});
    EXPECT(mean.runs == 3 && mean.window == 0 && mean.count > 400);
    EXPECT_NEAR(figure_at(mean.points, mean.count, 40), 45, 1e-9);
    EXPECT_NEAR(figure_at(mean.points, mean.count, 80), 85, 1e-9); /* of the two that are left */
    EXPECT(mean.points[0].low == 0 && mean.points[0].high == 10 && mean.points[mean.count - 1].x == 100);
    EXPECT(mean.eval_count == 2 && mean.evals[0].x == 50 && mean.evals[1].x == 100);
    EXPECT_NEAR(mean.evals[0].y, 2, 1e-9); /* the later run's evaluation counts where it nearly was */
    EXPECT(mean.resume_count == 1 && mean.resume[0].x == 20);
    EXPECT_NEAR(mean.resume[0].y, 25, 1e-9);
    curve_free(&mean);
    curve_mean(&mean, all + 1, 2, &(struct curve_how){0}); /* one alone is no mean */
    EXPECT_NEAR(mean.points[mean.count - 1].x, 50, 0.3);
    curve_free(&mean);
}

/* Runs of a point each, at different places, have a mean that is seen; an empty panel is drawn, too. */
static void test_single_points(void **state)
{
    (void)state;
    struct figure_smooth a = {10, 1, 1, 1}, b = {20, 4, 4, 4};
    const struct curve runs[] = {{.points = &a, .count = 1}, {.points = &b, .count = 1}};
    const struct curve *const all[] = {&runs[0], &runs[1]};
    struct curve mean;
    curve_mean(&mean, all, 2, &(struct curve_how){0});
    EXPECT(mean.count == 1 && mean.points[0].x == 15 && mean.points[0].mean == 2.5 && mean.points[0].high == 4);
    const struct figure_curve curves[] = {{.points = mean.points, .count = 1}, {.entry = 0}};
    const struct figure_panel panels[] = {{"one", curves, 1}, {"none", curves + 1, 1}};
    const char *const names[] = {"name"};
    for (int format = FIGURE_PNG; format <= FIGURE_TEXT; format++) {
        char *text = script_of(&(struct figure_look){.format = (enum figure_format)format, .y = "y", .columns = 80},
                               panels, 2, names, 1);
        EXPECT(!strstr(text, "inf") && !strstr(text, "nan") && strstr(text, "$r0_0 using 1:2 with points"));
        free(text);
    }
    curve_free(&mean);
}

/* An axis mixes 500 and 1k nowhere, and no exponent has a zero before it. */
static void test_labels(void **state)
{
    (void)state;
    const struct figure_point small[] = {{1e-5, -1500}, {0.1, -150}}, large[] = {{1e-5, 0}, {0.1, 25000}};
    const struct figure_series series[] = {{0, small, 2}, {0, large, 2}};
    const char *const names[] = {"a3c"};
    const struct figure_look look = {.format = FIGURE_PNG, .axis = FIGURE_LR, .y = "y"};
    for (int i = 0; i < 2; i++) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        figure_write_scores(file, &look, &(struct figure_scores){"", &series[i], 1}, 1, names, 1);
        fclose(file);
        EXPECT(strstr(text, "'1e-5' 1e-05, '3e-5' 3e-05, '0.0001' 0.0001"));
        EXPECT(i ? strstr(text, "'10k' 10000") && strstr(text, "'5k' 5000")
                 : strstr(text, "'-1000' -1000") && strstr(text, "'-500' -500") && !strstr(text, "k' "));
        free(text);
    }
}

static void test_scores(void **state)
{
    (void)state;
    const struct figure_point a[] = {{1e-4, -3}, {0.02, 7}}, b[] = {{3e-3, 5}}, c[] = {{7e-4, 1}};
    const struct figure_series series[] = {{0, a, 2}, {1, b, 1}}, one[] = {{0, c, 1}};
    const struct figure_scores panels[] = {{"pong", series, 2}, {"breakout", one, 1}};
    const char *const names[] = {"a3c on pong", "it's"};
    char *text = NULL;
    size_t size;
    for (int format = FIGURE_PNG; format <= FIGURE_TEXT; format++)
        for (int axis = FIGURE_LR; axis <= FIGURE_RANK; axis++) {
            const struct figure_look look = {.format = (enum figure_format)format,
                                             .axis = (enum figure_axis)axis,
                                             .y = "mean return",
                                             .columns = 80};
            FILE *file = open_memstream(&text, &size);
            figure_write_scores(file, &look, panels, 2, names, 2);
            fclose(file);
            EXPECT(!strstr(text, "logscale") == (axis == FIGURE_RANK));
            EXPECT(strstr(text, "\n0.0001 -3\n0.02 7\nEND\n") && strstr(text, "\n0.003 5\nEND\n"));
            EXPECT(strstr(text, "a3c on pong'") && strstr(text, "it''s'") && strstr(text, "mean return"));
            EXPECT(strstr(text, "set title 'pong'") && strstr(text, "set title 'breakout'"));
            EXPECT(!strstr(text, "linespoints") == (axis == FIGURE_LR || format == FIGURE_TEXT));
            if (axis == FIGURE_LR) EXPECT(strstr(text, "'0.0001' 0.0001, '0.0003' 0.0003, '0.001' 0.001"));
            if (axis == FIGURE_LR) EXPECT(strstr(text, "'0.01' 0.01)") && !strstr(text, "3e-05"));
            if (axis == FIGURE_LR) EXPECT(strstr(text, "set xtics ('0.0007' 0.0007)")); /* a rate alone */
            free(text);
        }
}

/* Where colours run out another shape begins. */
static void test_scores_differ(void **state)
{
    (void)state;
    enum { SERIES = FIGURE_COLOURS + 1 };
    const struct figure_point at = {1e-3, 2};
    struct figure_series series[SERIES];
    const char *names[SERIES];
    for (int i = 0; i < SERIES; i++) series[i] = (struct figure_series){i, &at, 1}, names[i] = "run";
    const struct figure_scores panel = {"pong", series, SERIES};
    const struct figure_look look = {.format = FIGURE_PNG, .axis = FIGURE_LR, .y = "y", .columns = 80};
    char *text = NULL, style[SERIES][80];
    size_t size;
    FILE *file = open_memstream(&text, &size);
    figure_write_scores(file, &look, &panel, 1, names, SERIES);
    fclose(file);
    for (int i = 0; i < SERIES; i++) {
        char begin[32];
        snprintf(begin, sizeof begin, "$s0_%d using 1:2 with ", i);
        EXPECT(strstr(text, begin) && sscanf(strstr(text, begin) + strlen(begin), "%79[^\n]", style[i]) == 1);
        EXPECT(!strncmp(style[i], "points pt ", 10) && strstr(style[i], figure_colour(i)));
        EXPECT(!strncmp(style[i], style[0], 14) == (i < FIGURE_COLOURS)); /* up to its shape */
        for (int j = 0; j < i; j++) EXPECT(strcmp(style[i], style[j]));
    }
    EXPECT(!strcmp(figure_colour(0), figure_colour(FIGURE_COLOURS)));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_values),    cmocka_unit_test(test_points_between),
        cmocka_unit_test(test_interval),      cmocka_unit_test(test_mean_of_runs),
        cmocka_unit_test(test_script),        cmocka_unit_test(test_single_points),
        cmocka_unit_test(test_legends_fit),   cmocka_unit_test(test_axes_fit),
        cmocka_unit_test(test_labels),        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_scores_differ),
    };
    return testing_main(tests);
}
