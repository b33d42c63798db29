/* test_unread.c -- which options are named as said and not read, by algorithm, optimiser and environment. */
#include "testing.h"

#include "base/error.h"
#include "setup/unread.h"

/* What is unread of these words. */
static const char *unread(int count, char **words, int *many)
{
    static struct option_set set;
    static struct setup opened;
    static char text[512];
    const char *positional = NULL;
    options_init(&set);
    assert_false(options_read_args(&set, count, words, &positional) || setup_complete(&set));
    assert_false(setup_open(&opened, &set.values, true));
    *many = setup_unread(&opened, &set, text, sizeof text);
    setup_close(&opened);
    return text;
}

#define UNREAD(many, ...) unread((int)(sizeof(char *[]){__VA_ARGS__} / sizeof(char *)), (char *[]){__VA_ARGS__}, many)

static void test_what_an_algorithm_does_not_read(void **unused)
{
    (void)unused;
    int many;
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--algo", "n-step-q", "--gae", "0.9", "--value-coef", "1",
                               "--entropy", "0", "--batch", "8", "--norm-adv"),
                        "gae (of a3c), value-coef (of a3c), entropy (of a3c), norm-adv (of a3c), batch (of dqn)");
    assert_int_equal(many, 5);
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--eps-final", "0.1", "--eval-eps", "0.1", "--eps-frames",
                               "9", "--target-every", "7", "--ppo-clip", "0.2"),
                        "ppo-clip (of epochs above 1), eps-final (of Q methods), eps-frames (of Q methods), "
                        "eval-eps (of Q methods), target-every (of Q methods)");
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--algo", "dqn", "--batch", "8", "--memory", "9000",
                               "--replay-start", "100", "--target-every", "70", "--eval-eps", "0.1", "--frames",
                               "9000"),
                        "");
    assert_int_equal(many, 0);
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--eps-final", "0.2", "--target-every", "1000"), "");
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--eps-share", "0.5"), "eps-share (of Q methods)");
    assert_string_equal(
        UNREAD(&many, "--env", "cartpole", "--forget-bias", "1", "--eval-every", "0", "--eval-episodes", "3",
               "--eval-seconds", "9"),
        "forget-bias (of lstm without init-from), eval-episodes (of eval-every above 0), eval-seconds (of eval-every "
        "above 0)");
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--forget-bias", "1", "--lstm", "4", "--eval-episodes", "3",
                               "--eval-seconds", "9"),
                        "");
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--epochs", "2", "--ppo-clip", "0.2", "--gae", "0.9"), "");
}

/* A preset's frames of epsilon, where the command line has a share. */
static void test_what_a_share_leaves_unread(void **unused)
{
    (void)unused;
    static struct option_set set;
    static struct setup opened;
    char text[512] = "", *words[] = {"--env", "cartpole", "--algo", "n-step-q", "--eps-frames", "9"},
         *share[] = {"--eps-share", "0.5"};
    const char *positional = NULL;
    for (int k = 0; k < 2; k++) {
        options_init(&set);
        assert_false(options_read_args(&set, 6, words, &positional));
        set.origin[option_find("eps-frames")] = ORIGIN_FILE;
        assert_false(k && options_read_args(&set, 2, share, &positional));
        assert_false(setup_complete(&set) || setup_open(&opened, &set.values, true));
        assert_int_equal(setup_unread(&opened, &set, text, sizeof text), k);
        assert_string_equal(text, k ? "eps-frames (of eps-share 0)" : "");
        setup_close(&opened);
    }
}

static void test_what_an_optimiser_does_not_read(void **unused)
{
    (void)unused;
    int many;
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--optimizer", "adam", "--rms-decay", "0.9", "--rms-eps",
                               "0.3", "--momentum", "0.3", "--adam-eps", "1e-5", "--lag-unit", "3"),
                        "rms-decay (of RMSProp), rms-eps (of RMSProp), momentum (of momentum-sgd), lag-unit (of "
                        "lag-scale count)");
    assert_string_equal(UNREAD(&many, "--env", "cartpole", "--optimizer", "momentum-sgd", "--momentum", "0.3",
                               "--adam-beta1", "0.3", "--adam-beta2", "0.3", "--lag-scale", "count", "--lag-unit", "3"),
                        "adam-beta1 (of adam), adam-beta2 (of adam)");
}

static void test_what_an_environment_does_not_read(void **unused)
{
    (void)unused;
    int many;
    assert_string_equal(UNREAD(&many, "--env", "catch", "--sigma", "scalar", "--no-op-max", "3", "--sticky", "0.25",
                               "--life-loss", "false", "--env-timeout", "3", "--python", "p", "--frame-skip", "4",
                               "--grey", "false", "--log-frames", "7"),
                        "sigma (of continuous actions), no-op-max (of Atari), sticky (of "
                        "Atari), life-loss (of Atari), env-timeout (of gym:), python (of gym:), frame-skip (of gym:), "
                        "grey (of gym:), log-frames (of deterministic)");
    assert_string_equal(UNREAD(&many, "--env", "pendulum", "--sigma", "scalar", "--activation", "tanh",
                               "--deterministic", "--log-frames", "7"),
                        "");
}

/* A file's weights are all there are; a sigma of the state begins with the weights that make it. */
static void test_what_a_start_does_not_read(void **unused)
{
    (void)unused;
    int many;
    assert_string_equal(UNREAD(&many, "--env", "pendulum", "--sigma", "scalar", "--log-sigma", "-1", "--init", "he"),
                        "log-sigma (of sigma free without init-from)");
    assert_string_equal(UNREAD(&many, "--env", "pendulum", "--log-sigma", "-1", "--init", "he", "--init-from", "f.h5"),
                        "log-sigma (of sigma free without init-from), init (of a start without init-from)");
    assert_string_equal(UNREAD(&many, "--env", "pendulum", "--log-sigma", "-1", "--init", "he"), "");
}

/* Defaults, ours and an environment's, are nobody's words; a text that is too long is cut. */
static void test_what_nobody_said(void **unused)
{
    (void)unused;
    int many;
    assert_string_equal(UNREAD(&many, "--env", "catch"), "");
    assert_string_equal(UNREAD(&many, "--env", "catch", "--algo", "n-step-q", "--entropy", "0.01"), "");
    struct option_set set;
    struct setup opened;
    char *words[] = {"--env", "cartpole", "--momentum", "0.5", "--lag-unit", "3"}, text[8];
    const char *positional = NULL;
    options_init(&set);
    assert_false(options_read_args(&set, 6, words, &positional) || setup_complete(&set));
    assert_false(setup_open(&opened, &set.values, true));
    assert_int_equal(setup_unread(&opened, &set, text, sizeof text), 2);
    assert_string_equal(text, "momentu");
    setup_close(&opened);
}

/* Normalised rewards in a memory: of a stored run they are no fault, of a user's word they are; of an environment's
 * defaults they are left out. */
static void test_what_a_stored_run_may_have(void **unused)
{
    (void)unused;
    struct option_set set;
    options_init(&set);
    strcpy(set.values.algo, "dqn");
    set.values.reward_norm = true;
    assert_int_equal(setup_check(&set), 0);
    set.origin[option_find("reward-norm")] = ORIGIN_STORED;
    assert_int_equal(setup_check(&set), 0);
    static const enum option_origin refused[] = {ORIGIN_FILE, ORIGIN_COMMAND};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        set.origin[option_find("reward-norm")] = refused[i];
        assert_int_equal(setup_check(&set), -1);
        assert_non_null(strstr(error_text(), "reward-norm is true and algo is dqn"));
    }
    for (int dqn = 0; dqn < 2; dqn++) {
        char *words[] = {"--env", "mujoco:hopper", "--algo", dqn ? "dqn" : "a3c"};
        const char *positional = NULL;
        options_init(&set);
        assert_false(options_read_args(&set, 4, words, &positional) || setup_complete(&set));
        assert_int_equal(set.values.reward_norm, !dqn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_algorithm_does_not_read),
        cmocka_unit_test(test_what_a_share_leaves_unread),
        cmocka_unit_test(test_what_an_optimiser_does_not_read),
        cmocka_unit_test(test_what_an_environment_does_not_read),
        cmocka_unit_test(test_what_a_start_does_not_read),
        cmocka_unit_test(test_what_nobody_said),
        cmocka_unit_test(test_what_a_stored_run_may_have),
    };
    setup_names();
    return testing_main(tests);
}
