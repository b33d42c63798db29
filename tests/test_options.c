/* test_options.c -- the table of options, its texts, checks and origins. */
#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "options_said.h"
#include "setup/setup.h"
#include "testing.h"

static void refused(const char *key, const char *value, const char *range)
{
    struct option_set set, before;
    char where[80];
    options_init(&set);
    before = set;
    snprintf(where, sizeof where, "--%s", key);
    if (options_set(&set, key, value, ORIGIN_COMMAND, where) != -1) fail_msg("%s = '%s' was taken", key, value);
    expect_error(where, value, "allowed: ", range, NULL);
    EXPECT(!memcmp(&set, &before, sizeof set));
    if (options_set(&set, key, value, ORIGIN_FILE, "a.ini:7") != -1) fail_msg("%s = '%s' was taken", key, value);
    expect_error("a.ini:7: ", key, value, "allowed: ", range, NULL);
}

static struct options taken(const char *key, const char *value)
{
    struct option_set set;
    options_init(&set);
    if (options_set(&set, key, value, ORIGIN_FILE, "here")) fail_msg("%s", error_text());
    EXPECT(set.origin[option_find(key)] == ORIGIN_FILE);
    return set.values;
}

static void test_every_default_reads_back(void **state)
{
    (void)state;
    struct option_set set, again;
    options_init(&set);
    EXPECT(option_count() <= OPTIONS_MOST);
    for (int i = 0; i < option_count(); i++) {
        char text[OPTION_TEXT];
        EXPECT(option_find(option_key(i)) == i);
        EXPECT(strlen(option_help(i)) > 5);
        EXPECT(set.origin[i] == ORIGIN_DEFAULT);
        options_format(&set.values, i, text, sizeof text);
        again = set;
        if (options_set(&again, option_key(i), text, ORIGIN_STORED, "here")) fail_msg("%s", error_text());
        EXPECT(!memcmp(&again.values, &set.values, sizeof set.values));
        EXPECT(again.origin[i] == ORIGIN_STORED);
    }
    EXPECT(set.values.lr == 7e-4 && set.values.lr_anneal && set.values.t_max == 5 && set.values.seed == 1);
    assert_string_equal(set.values.algo, "a3c");
}

/* A library is the same wherever it lies, another library or another argument is another. */
static void test_libraries_lie_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } pairs[] = {
        {"lib:/a/b/mine.so", "lib:/c/mine.so", true},         {"lib:/a/b/mine.so", "lib:mine.so", true},
        {"lib:/a/mine.so:x/y", "lib:/b/c/mine.so:x/y", true}, {"lib:/a/mine.so:x/y", "lib:/a/mine.so:y", false},
        {"lib:/a/mine.so", "lib:/a/yours.so", false},         {"lib:/a/mine.so", "catch", false},
        {"lib:/a/mine.so:x/lib.so", "lib:/a/lib.so", false}};
    const int env = option_find("env");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct options a = taken("env", pairs[i].one), b = taken("env", pairs[i].other);
        EXPECT(options_same(env, &a, &b) == pairs[i].same && options_same(env, &b, &a) == pairs[i].same);
    }
}

static void test_formatted_values_keep_their_bits(void **state)
{
    (void)state;
    static const double values[] = {0.1, 1.0 / 3, 7e-4,   1e-9, 0.29999999999999999, 2.2250738585072014e-308,
                                    1e3, 0,       123.456};
    struct option_set set;
    char text[OPTION_TEXT];
    const int lr = option_find("lr"), frames = option_find("frames");
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        options_init(&set);
        set.values.lr = values[k];
        options_format(&set.values, lr, text, sizeof text);
        EXPECT(taken("lr", text).lr == values[k]);
    }
    set.values.lr = 7e-4;
    options_format(&set.values, lr, text, sizeof text);
    assert_string_equal(text, "0.0007"); /* the shortest that reads back, not 0.00069999999999999999 */
    set.values.lr = 40;
    options_format(&set.values, lr, text, sizeof text);
    assert_string_equal(text, "40");
    set.values.frames = INT64_MAX;
    options_format(&set.values, frames, text, sizeof text);
    assert_string_equal(text, "9223372036854775807");
    EXPECT(taken("frames", text).frames == INT64_MAX);
}

static void test_numbers(void **state)
{
    (void)state;
    EXPECT(taken("frames", "2e6").frames == 2000000);
    EXPECT(taken("frames", "1.5e3").frames == 1500);
    EXPECT(taken("frames", "9007199254740993").frames == 9007199254740993); /* no double holds it */
    EXPECT(taken("t-max", "0").t_max == 0);
    EXPECT(taken("lr", "1000").lr == 1000);
    EXPECT(taken("lr", "+.5").lr == 0.5);
    EXPECT(taken("gamma", "1").gamma == 1);
    static const char *const bad_int[] = {"",     "abc", "1.5", "2M",  "1e",  "0x10",  " 5",   "5 ",
                                          "1e19", "0",   "-3",  "nan", "inf", "1e999", "1e-3", "9223372036854775808"};
    for (size_t i = 0; i < sizeof bad_int / sizeof bad_int[0]; i++)
        refused("frames", bad_int[i], "a whole number, 1 or more");
    static const char *const bad_real[] = {"",     "abc",   "-1",    "1001", "nan",   "inf",
                                           "-inf", "0x1p3", "1e999", "1,5",  "1e-3x", "."};
    for (size_t i = 0; i < sizeof bad_real / sizeof bad_real[0]; i++)
        refused("lr", bad_real[i], "a number from 0 to 1000");
    refused("envs-per-actor", "1025", "a whole number from 1 to 1024");
    refused("gamma", "1.0000001", "a number from 0 to 1");
}

static void test_flags(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "yes", "on", "1", "True"}, *const no[] = {"false", "no", "off", "0",
                                                                                        "OFF"};
    for (int i = 0; i < 5; i++) {
        EXPECT(taken("lr-anneal", yes[i]).lr_anneal == true);
        EXPECT(taken("lr-anneal", no[i]).lr_anneal == false);
    }
    refused("lr-anneal", "2", "true, false, yes, no");
    refused("lr-anneal", "", "true, false, yes, no");
}

static void test_texts(void **state)
{
    (void)state;
    char longest[OPTION_TEXT + 1];
    assert_string_equal(taken("algo", "one-step-sarsa").algo, "one-step-sarsa");
    assert_string_equal(taken("algo", "one-step-q").algo, "one-step-q");
    assert_string_equal(taken("out", "").out, "");
    refused("algo", "one-step", "one-step-q, one-step-sarsa, n-step-q, a3c");
    refused("algo", "a3c|", "a3c");
    refused("algo", "A3C", "a3c");
    refused("algo", "", "a3c");
    memset(longest, 'x', sizeof longest);
    longest[OPTION_TEXT - 1] = 0;
    EXPECT(strlen(taken("out", longest).out) == OPTION_TEXT - 1);
    longest[OPTION_TEXT - 1] = 'x';
    longest[OPTION_TEXT] = 0;
    struct option_set set;
    options_init(&set);
    EXPECT(options_set(&set, "out", longest, ORIGIN_COMMAND, "--out") == -1);
    expect_error("--out", "xxx...", "at most 511 bytes", NULL);
    EXPECT(options_set(&set, "out", "two\nlines", ORIGIN_COMMAND, "--out") == -1);
    expect_error("--out", "two?lines", "control characters", NULL);
}

static void test_words(void **state)
{
    (void)state;
    EXPECT(taken("consistency", "hogwild").consistency == CONSISTENCY_HOGWILD);
    EXPECT(taken("wire", "significant").wire == WIRE_SIGNIFICANT && taken("wire", "float32").wire == WIRE_FLOAT32);
    EXPECT(taken("on-nan", "stop").on_nan == ON_NAN_STOP && taken("combine", "sum").combine == COMBINE_SUM);
    EXPECT(taken("relay", "off").relay == RELAY_OFF && taken("init", "he").init == INIT_HE);
    refused("wire", "float", "float32, bf16, significant");
    refused("wire", "bf16 ", "float32, bf16, significant");
    refused("wire", "", "float32, bf16, significant");
    refused("optimizer", "sgd", "shared-rmsprop, rmsprop, momentum-sgd");
    char text[OPTION_TEXT];
    const struct options values = taken("wire", "bf16");
    options_format(&values, option_find("wire"), text, sizeof text);
    assert_string_equal(text, "bf16");
    EXPECT(!option_word(option_find("out"), 0) && !option_word(option_find("lr"), 0));
    EXPECT(!strcmp(option_word(option_find("relay"), 1), "off") && !option_word(option_find("relay"), 2));
}

static void test_origins(void **state)
{
    (void)state;
    struct option_set set;
    options_init(&set);
    const int lr = option_find("lr");
    EXPECT(!options_set(&set, "lr", "0.2", ORIGIN_FILE, "a.ini:1"));
    EXPECT(!options_set(&set, "lr", "0.1", ORIGIN_STORED, "stored"));
    EXPECT(set.values.lr == 0.2 && set.origin[lr] == ORIGIN_FILE);
    EXPECT(!options_set(&set, "lr", "0.3", ORIGIN_FILE, "a.ini:2"));
    EXPECT(set.values.lr == 0.3);
    EXPECT(!options_set(&set, "lr", "0.4", ORIGIN_COMMAND, "--lr"));
    EXPECT(!options_set(&set, "lr", "0.5", ORIGIN_FILE, "a.ini:3"));
    EXPECT(set.values.lr == 0.4 && set.origin[lr] == ORIGIN_COMMAND);
    EXPECT(options_set(&set, "lr", "-5", ORIGIN_FILE, "a.ini:4") == -1); /* weaker, yet checked */
    static const char *const names[] = {"default", "environment", "stored", "file", "command"};
    for (int i = 0; i < 5; i++) assert_string_equal(option_origin_name((enum option_origin)i), names[i]);
}

static void test_environment_defaults(void **state)
{
    (void)state;
    static const struct env_default defaults[] = {
        {NULL, "lr", "3e-3"},    {"one-step-q", "lr", "1e-3"}, {"a3c", "reward-scale", "0.05"},
        {NULL, "frames", "2e5"}, {"a3c", "frames", "3e5"},     {NULL, NULL, NULL}};
    static const struct env_ops ops = {.name = "pond", .defaults = defaults}, none = {.name = "bare"};
    struct option_set set;
    options_init(&set);
    EXPECT(!options_apply_env(&set, &none, ""));
    EXPECT(!options_set(&set, "frames", "77", ORIGIN_COMMAND, "--frames"));
    EXPECT(!options_apply_env(&set, &ops, ""));
    EXPECT(set.values.lr == 3e-3 && set.origin[option_find("lr")] == ORIGIN_ENVIRONMENT);
    EXPECT(set.values.reward_scale == 0.05 && set.values.frames == 77);
    options_init(&set);
    EXPECT(!options_set(&set, "algo", "one-step-q", ORIGIN_FILE, "x"));
    EXPECT(!options_apply_env(&set, &ops, ""));
    EXPECT(set.values.lr == 1e-3 && set.values.reward_scale == 1 && set.values.frames == 200000);
    static const struct env_default wrong[] = {{NULL, "lr", "fast"}, {NULL, NULL, NULL}},
                                    mine[] = {{NULL, "algo", "a3c"}, {NULL, NULL, NULL}};
    static const struct env_ops wrong_ops = {.name = "pond", .defaults = wrong},
                                mine_ops = {.name = "pond", .defaults = mine};
    EXPECT(options_apply_env(&set, &wrong_ops, "") == -1);
    expect_error("pond", "lr", "'fast'", "allowed", NULL);
    EXPECT(options_apply_env(&set, &mine_ops, "") == -1);
    expect_error("pond", "algo", "allowed", NULL);
}

/* A key ARG:KEY is that of one task; the last colon parts them, as an ARG may hold some. */
static void test_defaults_of_a_task(void **state)
{
    (void)state;
    static const struct env_default defaults[] = {
        {NULL, "lr", "3e-3"},     {NULL, "deep:lr", "1e-3"}, {"a3c", "deep:gamma", "0.9"},
        {NULL, "a:b:lr", "2e-3"}, {NULL, "deep:algo", "?"},  {NULL, "wide:lr", "x"},
        {NULL, NULL, NULL}};
    static const struct env_ops ops = {.name = "pond", .defaults = defaults};
    static const struct {
        const char *arg;
        double lr;
    } rows[] = {{"", 3e-3}, {"deeper", 3e-3}, {"dee", 3e-3}, {"b", 3e-3}, {"a:b", 2e-3}};
    struct option_set set;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        options_init(&set);
        EXPECT(!options_apply_env(&set, &ops, rows[i].arg));
        EXPECT(set.values.lr == rows[i].lr && set.values.gamma == 0.99);
    }
    options_init(&set);
    EXPECT(options_apply_env(&set, &ops, "deep") == -1); /* its later row names what is the user's */
    expect_error("pond", "algo", "allowed", NULL);
    EXPECT(set.values.lr == 1e-3 && set.values.gamma == 0.9);
    EXPECT(options_apply_env(&set, &ops, "wide") == -1);
    expect_error("pond", "lr", "'x'", "allowed", NULL);
}

static void test_eps_final(void **state)
{
    (void)state;
    double value[8], prob[8];
    const struct options by_frames = {.frames = 1000, .eps_frames = 70},
                         by_share = {.frames = 1000, .eps_frames = 70, .eps_share = 0.5};
    EXPECT(options_eps_frames(&by_frames) == 70 && options_eps_frames(&by_share) == 500);
    EXPECT(options_eps_final("0.25", value, prob) == 1);
    EXPECT(value[0] == 0.25 && prob[0] == 1);
    EXPECT(options_eps_final("0.1:0.4,0.01:0.3,0.5:0.3", value, prob) == 3);
    EXPECT(value[0] == 0.1 && prob[0] == 0.4 && value[1] == 0.01 && prob[1] == 0.3 && value[2] == 0.5 &&
           prob[2] == 0.3);
    EXPECT(options_eps_final("0:0.3333333,1:0.6666667", value, prob) == 2);
    EXPECT(options_eps_final("0:.125,0:.125,0:.125,0:.125,0:.125,0:.125,0:.125,0:.125", value, prob) == 8);
    static const char *const bad[] = {
        "",     "2",       "-0.1",        "x",     "0.1:0.4",    "0.1:0.5,0.2:0.4",     "0.1:1,", "0.1:0.5,0.2", ":1",
        "0.1:", "0.1,0.2", "0.1:0.5:0.5", "1.5:1", "0.1:-1,0:2", "0.1:0.50001,0.2:0.5", "0.1:1 ", "0.1:1,0:0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) refused("eps-final", bad[i], "1 to 8 pairs");
    refused("eps-final", "0:.1,0:.1,0:.1,0:.1,0:.1,0:.1,0:.1,0:.1,0:.2", "more than 8");
    refused("eps-final", "0.1:0.5,0.2:0.4", "sum to 0.9");
}

static void test_check(void **state)
{
    (void)state;
    struct option_set set;
    options_init(&set);
    EXPECT(!options_check(&set));
    set.values.t_max = 0;
    EXPECT(!options_check(&set));
    set.values.envs_per_actor = 4;
    EXPECT(options_check(&set) == -1);
    expect_error("t-max", "envs-per-actor", "4", "allowed", NULL);
    options_init(&set);
    set.values.or_resume = true;
    EXPECT(options_check(&set) == -1);
    expect_error("or-resume", "out", "allowed", NULL);
    strcpy(set.values.out, "runs/a");
    EXPECT(!options_check(&set));
    set.values.force = true;
    EXPECT(options_check(&set) == -1);
    expect_error("or-resume", "force", "allowed", NULL);
    options_init(&set);
    strcpy(set.values.eps_final, "0.1:0.5");
    EXPECT(options_check(&set) == -1);
    expect_error("eps-final", "0.5", NULL);
    options_init(&set);
    set.values.combine = COMBINE_SUM;
    EXPECT(!setup_check(&set));
    set.values.relay = RELAY_OFF;
    EXPECT(options_check(&set) == -1);
    expect_error("relay is off", "combine is sum", "wire is float32", NULL);
    set.values.relay = RELAY_AUTO;
    strcpy(set.values.optimizer, "rmsprop");
    EXPECT(!options_check(&set) && setup_check(&set) == -1);
    expect_error("combine is sum", "optimizer is rmsprop", "allowed", NULL);
    options_init(&set);
    set.values.combine_most = 4;
    EXPECT(options_check(&set) == -1);
    expect_error("combine-most is 4", "combine is none", "combine sum", NULL);
    set.values.combine = COMBINE_SUM;
    set.values.combine_age = 100;
    EXPECT(!setup_check(&set));
    set.values.epochs = 2;
    EXPECT(options_check(&set) == -1);
    expect_error("combine-most is 4", "epochs is 2", "combine-most 0", NULL);
    set.values.epochs = 1;
    set.values.combine_most = 0;
    EXPECT(options_check(&set) == -1);
    expect_error("combine-age is 100", "combine-most is 0", "1 or more", NULL);
    set.values.combine_age = 0;
    set.values.deterministic = true;
    EXPECT(options_check(&set) == -1);
    expect_error("deterministic is true", "combine is sum", "combine none", NULL);
    options_init(&set);
    set.values.deterministic = true;
    set.values.consistency = CONSISTENCY_HOGWILD;
    EXPECT(options_check(&set) == -1);
    expect_error("consistency is 'hogwild'", "deterministic", NULL);
}

/* What options_print_help() prints of the general defaults, malloc'd. */
static char *help_text(void)
{
    struct option_set set;
    options_init(&set);
    char *text = calloc(1, 1 << 16);
    FILE *file = tmpfile();
    EXPECT(text && file);
    fflush(stdout);
    const int old = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    options_print_help(&set, false, true);
    fflush(stdout);
    dup2(old, STDOUT_FILENO);
    close(old);
    rewind(file);
    EXPECT(fread(text, 1, (1 << 16) - 1, file) > 1000);
    fclose(file);
    return text;
}

static void test_help(void **state)
{
    (void)state;
    char *text = help_text(), *rest = text, key[64];
    for (int i = 0; i < option_count(); i++) {
        snprintf(key, sizeof key, "\n  --%s ", option_key(i));
        const bool plain = i == 0 || strstr(text, key);
        snprintf(key, sizeof key, "\n  --[no-]%s ", option_key(i));
        EXPECT(plain || strstr(text, key));
    }
    EXPECT(strstr(text, "0.0007") && strstr(text, "one-step-sarsa") && strstr(text, "--[no-]lr-anneal") &&
           strstr(text, "(0.0007; 0 to 1000)"));
    for (char *line; (line = strsep(&rest, "\n"));)
        EXPECT(strlen(line) <= 100 && (!*line || line[strlen(line) - 1] != ' '));
    free(text);
}

int main(void)
{
    setup_names();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_default_reads_back),
        cmocka_unit_test(test_libraries_lie_anywhere),
        cmocka_unit_test(test_formatted_values_keep_their_bits),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_environment_defaults),
        cmocka_unit_test(test_defaults_of_a_task),
        cmocka_unit_test(test_eps_final),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_help),
    };
    return testing_main(tests);
}
