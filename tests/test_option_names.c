/* test_option_names.c -- what an error line says was meant: the nearest name, what other tools call it, or nothing. */
#include "base/option_names.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/home.h"
#include "base/options.h"
#include "options_said.h"
#include "testing.h"

static void test_typos(void **state)
{
    (void)state;
    static const char *const typed[][2] = {{"fames", "frames"},
                                           {"lr_anneal", "lr-anneal"},
                                           {"gama", "gamma"},
                                           {"eps", "eps-final"},
                                           {"sede", "seed"},
                                           {"evn", "env"},
                                           {"t_max", "t-max"},
                                           {"T-Max", "t-max"},
                                           {"checkpoint", "checkpoint-every"},
                                           {"forc", "force"},
                                           {"LR", "lr"},
                                           {"checkpont", "checkpoint-every"},
                                           {"actor", "actors"},
                                           {"optimzer", "optimizer"},
                                           {"entrpy", "entropy"}};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        char meant[64];
        snprintf(meant, sizeof meant, "; the nearest is '%s' (", typed[i][1]);
        EXPECT(option_find(typed[i][0]) == -1);
        expect_error("no option is called", typed[i][0], meant, NULL);
    }
    struct option_set set;
    options_init(&set);
    EXPECT(options_set(&set, "fames", "3", ORIGIN_FILE, "a.ini:2") == -1);
    expect_error("a.ini:2: ", "'fames'", "'frames'", NULL);
}

static void test_names_of_other_tools(void **state)
{
    (void)state;
    static const char *const typed[][2] = {{"learning-rate", "'lr'"},   {"learning_rate", "'lr'"},
                                           {"leaning-rate", "'lr'"},    {"total-timesteps", "'frames'"},
                                           {"num-workers", "'actors'"}, {"num_envs", "'envs-per-actor'"},
                                           {"n-steps", "'t-max'"},      {"ent_coef", "'entropy'"},
                                           {"max_grad_norm", "'clip'"}, {"no-anneal-lr", "'lr-anneal'"},
                                           {"Env-ID", "'env'"},         {"gae-lambda", "'gae'"},
                                           {"device", "cores"},         {"no-cuda", "cores"},
                                           {"buffer-size", "'memory'"}, {"ALPHA", "'lr'"}};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        EXPECT(option_find(typed[i][0]) == -1);
        expect_error(typed[i][0], typed[i][1], NULL);
        EXPECT(!strstr(error_text(), "nearest"));
    }
}

/* Neither near nor known: no guess. */
static void test_nothing_is_meant(void **state)
{
    (void)state;
    static const char *const typed[] = {"",      "x",   "xy",     "score",     "sleep",
                                        "trace", "num", "banana", "precision", "zzzzzzzz"};
    char text[200];
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        if (*option_names_advice(typed[i], text, sizeof text)) fail_msg("%s%s", typed[i], text);
    char endless[400];
    memset(endless, 'k', sizeof endless);
    endless[399] = 0;
    EXPECT(option_find(endless) == -1);
    expect_error("kkk...' (", NULL);
    strcpy(text, "seen");
    for (int i = 0; i < option_count(); i++) /* each is its own nearest */
        EXPECT(strstr(option_names_advice(option_key(i), text, sizeof text), option_key(i)));
}

static const char *command(int i)
{
    static const char *const names[] = {"train", "resume", "eval", "top", NULL};
    return names[i];
}

static void test_commands_and_environments(void **state)
{
    (void)state;
    assert_string_equal(option_names_command("trian", command), "train");
    assert_string_equal(option_names_command("evaluate", command), "eval");
    assert_string_equal(option_names_command("evalute", command), "eval");
    EXPECT(!option_names_command("fly", command) && !option_names_command("", command));
    assert_string_equal(option_names_env("CartPole-v1"), "cartpole");
    assert_string_equal(option_names_env("MountainCarContinuous-v0"), "mountaincar-continuous");
    EXPECT(!option_names_env("CartPole-v") && !option_names_env("-v1") && !option_names_env("LunarLander-v3"));
}

static void test_home(void **state)
{
    (void)state;
    char text[64], tight[8];
    setenv("HOME", "/home/me", 1);
    assert_string_equal(home_path("~/runs/a", text, sizeof text), "/home/me/runs/a");
    assert_string_equal(home_path("~", text, sizeof text), "/home/me");
    assert_string_equal(home_path("lib:~/x.so:arg", text, sizeof text), "lib:/home/me/x.so:arg");
    assert_string_equal(home_path("gym:~/x.py:make", text, sizeof text), "gym:/home/me/x.py:make");
    assert_string_equal(home_path("~root/x", text, sizeof text), "/root/x");
    static const char *const as_typed[] = {"runs/~", "a~", "~nobody-of-this-name/x", "", "./~/x", "gym:CartPole-v1"};
    for (size_t i = 0; i < sizeof as_typed / sizeof as_typed[0]; i++)
        EXPECT(home_path(as_typed[i], text, sizeof text) == as_typed[i]);
    const char *longer = "~/runs/a";
    EXPECT(home_path(longer, tight, sizeof tight) == longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typos),
        cmocka_unit_test(test_names_of_other_tools),
        cmocka_unit_test(test_nothing_is_meant),
        cmocka_unit_test(test_commands_and_environments),
        cmocka_unit_test(test_home),
    };
    return testing_main(tests);
}
