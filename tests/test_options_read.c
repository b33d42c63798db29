/* test_options_read.c -- options from files and command lines. */
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "options_said.h"
#include "testing.h"

static char *write_file(const char *bytes, size_t n)
{
    static char path[64];
    strcpy(path, "/tmp/test_options_read_XXXXXX.ini");
    const int fd = mkstemps(path, 4);
    EXPECT(fd >= 0);
    EXPECT(write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    return path;
}

static int read_ini_bytes(struct option_set *set, const char *bytes, size_t n)
{
    const char *path = write_file(bytes, n);
    options_init(set);
    const int status = options_read_file(set, path);
    if (status) expect_error(path, NULL);
    unlink(path);
    return status;
}

static int read_ini(struct option_set *set, const char *text)
{
    return read_ini_bytes(set, text, strlen(text));
}

#define ARGS(set, positional, ...)                                                                                     \
    options_read_args(set, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__}, positional)

static void test_file(void **state)
{
    (void)state;
    struct option_set set;
    EXPECT(!read_ini(&set,
                     "\xef\xbb\xbf# a comment\r\n; another\n\n[train]\nenv = atari:pong ; why\n  lr=1e-3   # how\r\n"
                     "frames : 2e6\n\t\nlr-anneal = no\n[Running]\nout = runs/a#b\neval-eps = 0.5"));
    assert_string_equal(set.values.env, "atari:pong");
    assert_string_equal(set.values.out, "runs/a#b");
    EXPECT(set.values.lr == 1e-3 && set.values.frames == 2000000 && !set.values.lr_anneal &&
           set.values.eval_eps == 0.5);
    EXPECT(set.origin[option_find("lr")] == ORIGIN_FILE && set.origin[option_find("seed")] == ORIGIN_DEFAULT);
    EXPECT(!read_ini(&set, ""));
}

static void test_file_quotes(void **state)
{
    (void)state;
    struct option_set set;
    setenv("HOME", "/home/me", 1);
    EXPECT(!read_ini(&set, "env = \"atari:pong\"  # why\nout='~/a b #1 ; x'\nnet = 'mlp:64,64' ; how\nlr = \"1e-3\"\n"
                           "python = ~/venv/bin/python\n"));
    assert_string_equal(set.values.env, "atari:pong");
    assert_string_equal(set.values.out, "/home/me/a b #1 ; x");
    assert_string_equal(set.values.net, "mlp:64,64");
    assert_string_equal(set.values.python, "/home/me/venv/bin/python");
    EXPECT(set.values.lr == 1e-3);
    EXPECT(!read_ini(&set, "env = lib:~/x.so\nout = it's\nnet = ''"));
    assert_string_equal(set.values.env, "lib:/home/me/x.so");
    assert_string_equal(set.values.out, "it's");
    assert_string_equal(set.values.net, "");
    static const char *const bad[] = {"out = \"runs/a", "out = 'a\"", "out = 'a' b", "out = \"", "out = 'a'b'"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT(read_ini(&set, bad[i]) == -1);
        expect_error(".ini:1: ", "out", "quotes", NULL);
    }
}

static void test_file_sections_and_repeats(void **state)
{
    (void)state;
    struct option_set set;
    char whole[256] = "[train]\n";
    for (int g = 0; option_group_name(g); g++)
        snprintf(whole + strlen(whole), sizeof whole - strlen(whole), "[%s]\n", option_group_name(g));
    EXPECT(!read_ini(&set, whole));
    EXPECT(read_ini(&set, "[task]\nenv = catch\n[ppo] # whose\nlr = 1\n") == -1);
    expect_error(".ini:3: ", "[ppo]", "[train], [task], [learning]", NULL);
    EXPECT(read_ini(&set, "[]\nlr = fast\n") == -1); /* the first fault is told */
    expect_error(".ini:1: ", "[]", NULL);
    EXPECT(read_ini(&set, "\xef\xbb\xbf[ppo]\n") == -1);
    expect_error(".ini:1: ", "'[ppo]'", NULL);
    EXPECT(read_ini(&set, "lr = fast\n[ppo]\n") == -1);
    expect_error(".ini:1: ", "fast", NULL);
    EXPECT(read_ini(&set, "what\n[ppo]\n") == -1);
    expect_error(".ini:1: ", "what", NULL);
    EXPECT(read_ini(&set, "lr = 1e-3\n\nseed = 1\nlr = 1e-3\n") == -1);
    expect_error(".ini:4: ", "lr", "line 1", NULL);
    EXPECT(read_ini(&set, "[task]\nseed = 1\n[learning]\nseed = 2\n") == -1);
    expect_error(".ini:4: ", "seed", "line 2", NULL);
}

static void test_presets(void **state)
{
    (void)state;
    static const char *const presets[][2] = {{"catch", "catch"},
                                             {"cartpole", "cartpole"},
                                             {"pong", "atari:pong"},
                                             {"pong-q", "atari:pong"},
                                             {"breakout", "atari:breakout"}};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        struct option_set set;
        char path[64];
        snprintf(path, sizeof path, "../../run/%s.ini", presets[i][0]);
        options_init(&set);
        if (options_read_file(&set, testing_data(path)) || options_check(&set)) fail_msg("%s", error_text());
        EXPECT(!strcmp(set.values.env, presets[i][1]) && set.origin[option_find("frames")] == ORIGIN_FILE);
    }
}

static void test_damaged_file(void **state)
{
    (void)state;
    struct option_set set;
    char line[400] = "# ";
    EXPECT(read_ini(&set, "env = catch\n\nlr = fast\nseed = x\n") == -1);
    expect_error(".ini:3: ", "lr", "'fast'", "a number from 0 to 1000", NULL);
    EXPECT(read_ini(&set, "env = catch\nlr 3\nseed = x\n") == -1);
    expect_error(".ini:2: ", "'lr 3'", "allowed: 'key = value'", NULL);
    EXPECT(read_ini(&set, "[train\n") == -1);
    expect_error(".ini:1: ", "'[train'", NULL);
    EXPECT(read_ini(&set, "env = catch\n  lrr = 3\n") == -1); /* indented, yet a line of its own */
    expect_error(".ini:2: ", "'lrr'", "'lr'", NULL);
    EXPECT(read_ini_bytes(&set, "env = catch\nseed = 1\0\n", 22) == -1);
    expect_error(".ini:2: ", "0x00", "allowed", NULL);
    EXPECT(read_ini_bytes(&set,
                          "\x7f"
                          "ELF\x02\x01\x01\0\0",
                          9) == -1);
    expect_error(".ini:1: ", "0x7f", "allowed", NULL);
    memset(line + 2, 'x', 195); /* 197 bytes, the most */
    EXPECT(!read_ini(&set, line));
    line[197] = 'x';
    EXPECT(read_ini(&set, line) == -1);
    expect_error(".ini:1: ", "197 bytes", NULL);
    memset(line, 0, sizeof line);
    memcpy(line, "net = ", 6);
    memset(line + 6, 'y', 191);
    EXPECT(!read_ini(&set, line));
    EXPECT(strlen(set.values.net) == 191); /* whole, not cut */
}

static void test_unreadable_file(void **state)
{
    (void)state;
    struct option_set set;
    options_init(&set);
    EXPECT(options_read_file(&set, "/nowhere/to/be.ini") == -1);
    expect_error("/nowhere/to/be.ini", "No such file", NULL);
    EXPECT(options_read_file(&set, "/tmp") == -1);
    expect_error("/tmp", "directory", NULL);
    char *big = malloc(1 << 21);
    memset(big, '\n', 1 << 21);
    EXPECT(read_ini_bytes(&set, big, 1 << 21) == -1);
    expect_error("1 MiB", NULL);
    free(big);
}

static void test_command_line(void **state)
{
    (void)state;
    struct option_set set;
    const char *positional = "unset";
    options_init(&set);
    EXPECT(!ARGS(&set, &positional, "--frames", "1000", "--lr=2e-3", "--no-lr-anneal", "--force", "--seed=7", "--seed",
                 "8"));
    EXPECT(set.values.frames == 1000 && set.values.lr == 2e-3 && !set.values.lr_anneal && set.values.force);
    EXPECT(set.values.seed == 8 && !positional);
    EXPECT(set.origin[option_find("force")] == ORIGIN_COMMAND);
    char *path = write_file("frames = 5\nlr = 0.25\nlr-anneal = no\n", 36);
    options_init(&set);
    EXPECT(!ARGS(&set, &positional, path, "--frames", "1000", "--lr-anneal", "runs/a"));
    EXPECT(set.values.frames == 1000 && set.values.lr == 0.25 &&
           set.values.lr_anneal); /* the command line is stronger */
    assert_string_equal(positional, "runs/a");
    options_init(&set);
    EXPECT(!ARGS(&set, &positional, "--lr-anneal", path)); /* a bare flag does not eat the file */
    EXPECT(set.values.lr == 0.25 && set.values.lr_anneal);
    EXPECT(!ARGS(&set, &positional, "--lr-anneal", "off", "--reward-clip", "1", "--life-loss=no", "--no-op-max", "3"));
    EXPECT(!set.values.lr_anneal && set.values.reward_clip && !set.values.life_loss && set.values.no_op_max == 3);
    EXPECT(!ARGS(&set, &positional, "--out", "a=b", "--net=mlp:64,64"));
    assert_string_equal(set.values.out, "a=b");
    EXPECT(ARGS(&set, &positional, path, path) == -1);
    expect_error("allowed: one", NULL);
    unlink(path);
}

static void test_command_line_errors(void **state)
{
    (void)state;
    struct option_set set;
    const char *positional;
    options_init(&set);
    EXPECT(ARGS(&set, &positional, "--lr", "-1") == -1);
    expect_error("--lr", "'-1'", "a number from 0 to 1000", NULL);
    EXPECT(ARGS(&set, &positional, "--lr") == -1);
    expect_error("--lr", "missing", NULL);
    EXPECT(ARGS(&set, &positional, "--lr", "--seed", "3") == -1);
    expect_error("--lr", "missing", NULL);
    EXPECT(ARGS(&set, &positional, "--fames", "3") == -1);
    expect_error("--fames", "'frames'", NULL);
    EXPECT(ARGS(&set, &positional, "--no-lr") == -1); /* lr is no flag */
    expect_error("--no-lr", "no option", NULL);
    EXPECT(ARGS(&set, &positional, "--no-force=1") == -1);
    expect_error("--no-force", NULL);
    EXPECT(ARGS(&set, &positional, "--force=maybe") == -1);
    expect_error("--force", "'maybe'", "true, false", NULL);
    EXPECT(ARGS(&set, &positional, "-lr", "3") == -1);
    expect_error("'-lr'", "--KEY", NULL);
    EXPECT(ARGS(&set, &positional, "--") == -1);
    EXPECT(ARGS(&set, &positional, "--=3") == -1);
    EXPECT(ARGS(&set, &positional, "runs/a", "runs/b") == -1);
    expect_error("'runs/a'", "'runs/b'", NULL);
    EXPECT(ARGS(&set, NULL, "runs/a") == -1);
    expect_error("'runs/a'", NULL);
    setenv("HOME", "/home/me", 1);
    EXPECT(!ARGS(&set, NULL, "--out=~/a", "--env", "lib:~/x.so", "--python", "~/venv")); /* a shell has seen the last */
    assert_string_equal(set.values.out, "/home/me/a");
    assert_string_equal(set.values.env, "lib:/home/me/x.so");
    assert_string_equal(set.values.python, "~/venv");
}

static void test_ends_of_exploration(void **state)
{
    (void)state;
    static const struct {
        enum option_origin share, frames;
        int holds; /* 's'hare, 'f'rames, or 0: refused */
    } cases[] = {
        {ORIGIN_FILE, ORIGIN_DEFAULT, 's'},     {ORIGIN_COMMAND, ORIGIN_FILE, 's'},
        {ORIGIN_FILE, ORIGIN_COMMAND, 'f'},     {ORIGIN_STORED, ORIGIN_COMMAND, 'f'},
        {ORIGIN_STORED, ORIGIN_STORED, 's'},    {ORIGIN_COMMAND, ORIGIN_COMMAND, 0},
        {ORIGIN_ENVIRONMENT, ORIGIN_FILE, 'f'}, {ORIGIN_COMMAND, ORIGIN_STORED, 's'},
        {ORIGIN_FILE, ORIGIN_FILE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct option_set set;
        options_init(&set);
        set.values.frames = 1000;
        EXPECT(!options_set(&set, "eps-share", "0.5", cases[i].share, "share"));
        if (cases[i].frames) EXPECT(!options_set(&set, "eps-frames", "70", cases[i].frames, "frames"));
        options_settle(&set);
        const int rc = options_check(&set);
        if (!cases[i].holds) expect_error("eps-share", "eps-frames", "allowed", NULL);
        if (rc != (cases[i].holds ? 0 : -1) ||
            (cases[i].holds && options_eps_frames(&set.values) != (cases[i].holds == 's' ? 500 : 70)))
            fail_msg("case %zu: %d, %d frames", i, rc, (int)options_eps_frames(&set.values));
    }
}

static void test_what_a_resume_may_say(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        bool may_change, of_start, of_resume;
    } rows[] = {
        {"env", false, false, true},  {"seed", false, false, false}, {"frames", true, false, true},
        {"actors", true, true, true}, {"out", true, true, false},    {"init-from", true, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int o = option_find(rows[i].key);
        if (option_may_change(o) != rows[i].may_change || option_of_start(o) != rows[i].of_start ||
            option_of_resume(o) != rows[i].of_resume)
            fail_msg("%s", rows[i].key);
    }
}

static void test_first_is_kept(void **state)
{
    (void)state;
    struct option_set before, set;
    options_init(&before);
    options_init(&set);
    EXPECT(!options_set(&before, "init-from", "first.h5", ORIGIN_STORED, "first"));
    EXPECT(!options_set(&set, "init-from", "later and longer.h5", ORIGIN_COMMAND, "later"));
    EXPECT(!options_set(&set, "lr", "0.5", ORIGIN_COMMAND, "later"));
    options_keep_first(&set, &before);
    EXPECT(!memcmp(set.values.init_from, before.values.init_from, sizeof before.values.init_from));
    EXPECT(set.origin[option_find("init-from")] == ORIGIN_STORED && set.values.lr == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_damaged_file),
        cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_command_line_errors),
        cmocka_unit_test(test_file_quotes),
        cmocka_unit_test(test_file_sections_and_repeats),
        cmocka_unit_test(test_ends_of_exploration),
        cmocka_unit_test(test_what_a_resume_may_say),
        cmocka_unit_test(test_first_is_kept),
    };
    return testing_main(tests);
}
