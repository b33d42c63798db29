/* test_words.c -- base/words.h and base/text.h: what a table of words takes, and the line on what it does not. */
#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/number.h"
#include "base/resume_words.h"
#include "base/text.h"
#include "base/words.h"

enum { RUNS = 2, ROOM = 16 };

static struct {
    bool greedy;
    int64_t episodes;
    double fps, seconds;
    const char *out, *runs[RUNS], *own;
    int axis, count, rest_count;
    char *rest[ROOM];
} got;

static int read_own(const char *key, const char *value, void *to)
{
    if (!value || *value != 'x') return error_set("%s %s: no x", key, value ? value : "(nothing)");
    *(const char **)to = value;
    return 0;
}

static const struct word rows[] = {
    {"--greedy", .flag = &got.greedy},
    {"--episodes", .integer = &got.episodes, .low = 1, .high = 1e6},
    {"--fps", .real = &got.fps, .low = 0.5, .high = 100},
    {"--micro", .real = &got.seconds, .low = 1, .high = 10, .unit = 1e-6},
    {"--out", .text = &got.out, .missing = "; allowed: --out FILE"},
    {"--axis", .choice = &got.axis, .choices = "frames|seconds|lr"},
    {"--own", .read = read_own, .to = &got.own},
};
static const struct words words = {.usage = "use it so\n",
                                   .rows = rows,
                                   .row_count = sizeof rows / sizeof rows[0],
                                   .what = got.runs,
                                   .most = RUNS,
                                   .count = &got.count,
                                   .noun = "runs",
                                   .question = "which run?"};

/* Reads the words of one line, which ends the array. */
static int read_line(const struct words *w, const char *line)
{
    static char bytes[400];
    char *argv[ROOM];
    int argc = 0;
    memset(&got, 0, sizeof got);
    snprintf(bytes, sizeof bytes, "%s", line);
    for (char *word = strtok(bytes, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    return words_read(w, argc, argv);
}

static void expect_line(const struct words *w, const char *line, const char *error)
{
    assert_int_equal(read_line(w, line), -1);
    assert_string_equal(error_text(), error);
}

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(read_line(&words, "a --greedy --episodes 7 --fps=2.5 b --micro 3 --out=o=1 --axis lr --own xy"),
                     0);
    assert_true(got.greedy);
    assert_int_equal(got.episodes, 7);
    assert_true(got.fps == 2.5);
    assert_true(fabs(got.seconds - 3e-6) < 1e-18);
    assert_string_equal(got.out, "o=1");
    assert_int_equal(got.axis, 2);
    assert_string_equal(got.own, "xy");
    assert_int_equal(got.count, 2);
    assert_string_equal(got.runs[1], "b");
    assert_int_equal(read_line(&words, "a --episodes 1 --fps 100"), 0);
    assert_true(got.episodes == 1 && got.fps == 100);
}

static void test_refused(void **state)
{
    (void)state;
    expect_line(&words, "", "which run?");
    expect_line(&words, "a b c", "more than 2 runs; allowed: at most so many");
    expect_line(&words, "a --episodes 0", "--episodes 0: a number from 1 to 1e+06 is wanted");
    expect_line(&words, "a --episodes", "--episodes (nothing): a number from 1 to 1e+06 is wanted");
    expect_line(&words, "a --episodes 1.5", "--episodes 1.5: a whole number from 1 to 1e+06 is wanted");
    expect_line(&words, "a --fps nan", "--fps nan: a number from 0.5 to 100 is wanted");
    expect_line(&words, "a --fps 3x", "--fps 3x: a number from 0.5 to 100 is wanted");
    expect_line(&words, "a --out", "--out: its value is missing; allowed: --out FILE");
    expect_line(&words, "a --axis second", "--axis is 'second'; allowed: frames, seconds, lr");
    expect_line(&words, "a --axis", "--axis is ''; allowed: frames, seconds, lr");
    expect_line(&words, "a --own", "--own (nothing): no x");
    expect_line(&words, "a --greedy=1",
                "unknown option --greedy=1; allowed: --greedy --episodes --fps --micro --out --axis --own");
}

static void test_help_ends_reading(void **state)
{
    (void)state;
    assert_int_equal(read_line(&words, "--help --nonsense"), 1);
    assert_int_equal(read_line(&words, "-h --nonsense"), 1);
    char *argv[] = {"a", "-h"};
    assert_int_equal(words_find_help(2, argv), 1);
    assert_int_equal(words_find_help(1, argv), -1);
}

/* The command that goes on with a run is one that can be typed. */
static void test_resume(void **state)
{
    (void)state;
    char text[200];
    assert_string_equal(resume_words("a b", "catch", "", text, sizeof text), "dunlin resume 'a b'");
    assert_string_equal(resume_words("-x", "lib:./e.so", "py", text, sizeof text),
                        "dunlin resume ./-x --env lib:./e.so --python py");
}

static void test_one_thing(void **state)
{
    (void)state;
    struct words one = words;
    one.most = 1, one.count = NULL, one.noun = "run";
    assert_int_equal(read_line(&one, "a"), 0);
    expect_line(&one, "a b", "one run at a time: a and b were given");
    one.noun = NULL, one.unknown[0] = "bad ", one.unknown[1] = "!";
    expect_line(&one, "a b", "bad b!");
    expect_line(&one, "--so a", "bad --so!");
}

static void test_rest(void **state)
{
    (void)state;
    static const struct word kept[] = {{"--out", .text = &got.out, .keep = true},
                                       {"--fps", .real = &got.fps, .low = 0, .high = 9}};
    const struct words some = {.rows = kept, .row_count = 2, .rest = got.rest, .rest_count = &got.rest_count};
    assert_int_equal(read_line(&some, "--lr 3 --fps 2 --out=q --out w --help"), 0);
    assert_string_equal(got.out, "w");
    static const char *const rest[] = {"--lr", "3", "--out=q", "--out", "w", "--help"};
    assert_int_equal(got.rest_count, 6);
    for (int i = 0; i < 6; i++) assert_string_equal(got.rest[i], rest[i]);
    assert_int_equal(read_line(&some, "--out"), 0);
    assert_null(got.out);
    assert_int_equal(got.rest_count, 1);
}

static void test_text(void **state)
{
    (void)state;
    char text[TEXT_FIGURE];
    assert_string_equal(text_span(7, text), "0m07s");
    assert_string_equal(text_span(62.9, text), "1m02s");
    assert_string_equal(text_span(59.9, text), "0m59s");
    assert_string_equal(text_span(60, text), "1m00s");
    assert_string_equal(text_span(3600, text), "1h00m");
    assert_string_equal(text_span(3725, text), "1h02m");
    assert_string_equal(text_span(INFINITY, text), "?");
    assert_string_equal(text_figure(NAN, "%.3g", text), "-");
    assert_string_equal(text_figure(1234, "%.3g", text), "1.23e+03");
    assert_string_equal(text_grouped(-1234567, text), "-1,234,567");
    assert_string_equal(text_grouped(999, text), "999");
    assert_true(text_ends_with("a.png", ".png"));
    assert_false(text_ends_with(".png", ".png"));
    assert_false(text_ends_with("a.pn", ".png"));
}

static void test_shown(void **unused)
{
    (void)unused;
    char text[40];
    assert_string_equal(text_shown("a \"b\" \\ \xc3\xa9 \xe2\x96\x81 \xf0\x9f\x8e\xae", text, sizeof text),
                        "a \"b\" \\ \xc3\xa9 \xe2\x96\x81 \xf0\x9f\x8e\xae");
    assert_string_equal(text_shown("\033[2J\n\t\r\177", text, sizeof text), "\\x1b[2J\\x0a\\x09\\x0d\\x7f");
    assert_string_equal(text_shown("\xc2\x9b \x9b \xc3", text, sizeof text), "\\xc2\\x9b \\x9b \\xc3");
    assert_string_equal(text_shown("\xed\xa0\x80", text, sizeof text), "\\xed\\xa0\\x80"); /* half a character */
    static const char *const none[] = {
        "\xc0\xaf",         "\xe0\x80\xaf", "\xe0\x9f\xbf",    "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xc1\xbf",     "\xf5\x80\x80\x80"}; /* longer than needed, or beyond the last */
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) EXPECT(text_character(none[i]) == 0);
    EXPECT(text_character("\xe0\xa0\x80") == 3 && text_character("\xf4\x8f\xbf\xbf") == 4);
    EXPECT(text_character("\xc2\xa0") == 2 && text_character("\xed\x9f\xbf") == 3);
    assert_string_equal(text_typed("a-b/c.d", text, sizeof text), "a-b/c.d");
    assert_string_equal(text_typed("it's mine", text, sizeof text), "'it'\\''s mine'");
    assert_string_equal(text_typed("", text, sizeof text), "''");
    assert_string_equal(text_shown("abc\033", text, 8), "abc\\x1b");
    assert_string_equal(text_shown("abc\033", text, 7), "abc"); /* nothing is cut in two */
    assert_string_equal(text_shown("ab\xc3\xa9", text, 4), "ab");
}

/* What others say by a variable is a number as a whole, or not heeded. */
static void test_variables(void **state)
{
    (void)state;
    static const char *const none[] = {
        "", " 7", "7 ", "-7", "+7", "7.5", "7x", "0x7", "1e3", "1000001", "99999999999999999999"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) EXPECT(number_whole(none[i]) == -1);
    EXPECT(number_whole("0") == 0 && number_whole("07") == 7 && number_whole("1000000") == 1000000);
    if (isatty(STDERR_FILENO) || isatty(STDOUT_FILENO)) return; /* a terminal's own width stands */
    setenv("DUNLIN_COLUMNS", "60", 1);
    setenv("COLUMNS", "60", 1);
    EXPECT(log_columns() == 60 && text_columns() == 60);
    setenv("DUNLIN_COLUMNS", "60x", 1);
    setenv("COLUMNS", "60x", 1);
    EXPECT(log_columns() == 0 && text_columns() == TEXT_WIDTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_refused),   cmocka_unit_test(test_help_ends_reading),
        cmocka_unit_test(test_one_thing), cmocka_unit_test(test_rest),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_shown),     cmocka_unit_test(test_variables), cmocka_unit_test(test_resume),
    };
    return testing_main(tests);
}
