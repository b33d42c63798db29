/* test_world.c -- environments by name: what is found, what is refused and with which words, and a shared library that
 * this test writes and builds with the compiler `cc` (or what CC names). */
#include "testing.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/world.h"
#include "setup/setup.h"

/* Counts to three; ARG "long" makes it ten. -D switches break one promise each. */
static const char plugin_source[] =
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "#include \"dunlin/env.h\"\n"
    "#ifndef API\n"
    "#define API DUNLIN_ENV_API\n"
    "#endif\n"
    "#ifndef SPEC\n"
    "#define SPEC\n"
    "#endif\n"
    "#ifndef SYMBOL\n"
    "#define SYMBOL dunlin_env\n"
    "#endif\n"
    "#ifndef STEP\n"
    "#define STEP step\n"
    "#endif\n"
    "static int last;\n"
    "static const float low[] = {-1, 3}, high[] = {1, 3};\n"
    "static const int none[] = {2, 0}, vast[] = {2147483647, 2147483647, 66};\n"
    "static int open(struct env_spec *spec, const struct env_args *args, char *err, size_t err_size)\n"
    "{\n"
    "    last = !strcmp(args->arg, \"long\") ? 10 : 3;\n"
    "    *spec = (struct env_spec){.obs_dim = 2, .stack = 1, .num_actions = 2, .action_repeat = 1,\n"
    "                              .state_size = sizeof(int), SPEC};\n"
    "    if (strcmp(args->arg, \"bad\")) return 0;\n"
    "    snprintf(err, err_size, \"no variant \\\"bad\\\"\");\n"
    "    return -1;\n"
    "}\n"
    "static void reset(void *state, struct rng *rng, void *obs)\n"
    "{\n"
    "    (void)rng;\n"
    "    *(int *)state = 0;\n"
    "    ((float *)obs)[0] = 0, ((float *)obs)[1] = 1;\n"
    "}\n"
    "static struct env_step step(void *state, struct rng *rng, struct env_action action, void *obs)\n"
    "{\n"
    "    (void)rng;\n"
    "    const int n = ++*(int *)state;\n"
    "    ((float *)obs)[0] = (float)n, ((float *)obs)[1] = 1;\n"
    "    return (struct env_step){.reward = action.index, .terminated = n == last};\n"
    "}\n"
    "extern const struct env_ops SYMBOL;\n"
    "const struct env_ops SYMBOL = {.api = API, .name = \"counter\", .help = \"counts\", .plain_state = true,\n"
    "                              .open = open, .reset = reset, .step = STEP};\n";

static char folder[] = "/tmp/dunlin-test-world-XXXXXX";

/* Builds the plug-in with the given -D flags as folder/name.so. */
static void build(const char *name, const char *flags)
{
    const char *source = getenv("DUNLIN_SOURCE"), *cc = getenv("CC");
    char command[1024];
    snprintf(command, sizeof command, "%s -shared -fPIC -I '%s/include' %s '%s/mine.c' -o '%s/%s.so'", cc ? cc : "cc",
             source ? source : ".", flags, folder, folder, name);
    if (system(command) != 0) fail_msg("cannot build: %s", command);
}

static int setup(void **unused)
{
    (void)unused;
    char path[256];
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/mine.c", folder);
    FILE *f = fopen(path, "w");
    if (!f || fputs(plugin_source, f) < 0 || fclose(f)) return -1;
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int open_named(struct world *w, const char *name)
{
    return world_open(w, name, &(struct env_args){.arg = NULL});
}

/* lib:FOLDER/name.so is refused with a line that says all of the words. */
static void expect_refusal(const char *name, const char *word1, const char *word2)
{
    struct world w;
    error_set("-");
    if (open_named(&w, name) != -1) fail_msg("%s was opened", name);
    if (!strstr(error_text(), word1) || !strstr(error_text(), word2) || strchr(error_text(), '\n'))
        fail_msg("%s: the line is \"%s\"", name, error_text());
}

static const char *library(const char *file)
{
    static char name[256];
    snprintf(name, sizeof name, "lib:%s/%s", folder, file);
    return name;
}

static void test_unknown_name_lists_the_known(void **unused)
{
    (void)unused;
    const char *arg;
    EXPECT(world_find("katch", &arg) == NULL);
    EXPECT(strstr(error_text(), "\"katch\"") && strstr(error_text(), "lib:PATH.so"));
    for (int i = 0; world_env(i); i++) EXPECT(strstr(error_text(), world_env(i)->name));
    /* the beginning of a name, or more than a name, is not the name */
    EXPECT(world_find("cat", &arg) == NULL && world_find("catches", &arg) == NULL && world_find("", &arg) == NULL);
}

/* Ids of Gymnasium and of the Arcade Learning Environment. */
static void test_names_elsewhere(void **unused)
{
    (void)unused;
    static const char *const typed[][2] = {{"CartPole-v1", "; here it is cartpole, or gym:CartPole-v1 as"},
                                           {"Pendulum", "; here it is pendulum;"},
                                           {"HumanoidStandup-v5", "; here it is mujoco:humanoid-standup, or gym:"},
                                           {"ALE/Pong-v5", "; here it is atari:pong;"},
                                           {"PongNoFrameskip-v4", "; here it is atari:pong;"},
                                           {"Breakout-ramDeterministic-v0", "; here it is atari:breakout;"},
                                           {"SpaceInvaders-v0", "; here it is atari:space_invaders;"},
                                           {"pong", "; here it is atari:pong;"},
                                           {"LunarLander-v3", "; as Gymnasium has it: gym:LunarLander-v3;"},
                                           {"katch", "; the nearest is catch;"},
                                           {"chess", "\"chess\"; known are"},
                                           {"-v1", "\"; known are"}};
    const char *arg;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        EXPECT(!world_find(typed[i][0], &arg));
        if (!strstr(error_text(), typed[i][1])) fail_msg("%s", error_text());
    }
}

static void test_name_and_variant(void **unused)
{
    (void)unused;
    const char *arg = NULL;
    EXPECT(world_find("catch:a:b", &arg) == world_find("catch", &(const char *){NULL}));
    EXPECT(!strcmp(arg, "a:b"));
    expect_refusal("corridor:fast", "corridor:fast", "no variants");
    expect_refusal("catch:fast", ":fast", "catch:plain");
    char longer[600] = "catch:";
    memset(longer + 6, 'x', 580);
    expect_refusal(longer, "580 bytes", "at most 511");
}

static void test_sizes(void **unused)
{
    (void)unused;
    struct world w;
    EXPECT(open_named(&w, "catch") == 0);
    struct net_input input = world_input(&w);
    EXPECT(input.C == 4 && input.height == 84 && input.width == 84 && input.dim == 0 && input.parts == 4);
    EXPECT(world_obs_bytes(&w) == 84 * 84);
    EXPECT(open_named(&w, "acrobot") == 0);
    input = world_input(&w);
    EXPECT(input.C == 0 && input.dim == 6 && world_obs_bytes(&w) == 24);
    /* another one with the arguments of this one, in the same place */
    w.args.training = true;
    EXPECT(world_open(&w, "cartpole", &w.args) == 0 && w.args.training && w.args.arg == w.arg);
}

/* What counts as 1 where it is 0; planes of stacked pictures and stacked vectors. */
static void test_stacks(void **unused)
{
    (void)unused;
    struct world w;
    build("plain", "-w '-DSPEC=.stack = 0, .action_repeat = 0'");
    if (open_named(&w, library("plain.so"))) fail_msg("%s", error_text());
    EXPECT(w.spec.planes == 1 && w.spec.stack == 1 && w.spec.action_repeat == 1);
    build("vectors", "-w '-DSPEC=.stack = 3'");
    if (open_named(&w, library("vectors.so"))) fail_msg("%s", error_text());
    struct net_input input = world_input(&w);
    EXPECT(input.dim == 6 && input.parts == 3 && world_pointers(&w) == 3 && world_obs_bytes(&w) == 8);
    build("colour", "-w '-DSPEC=.obs_kind = ENV_OBS_PICTURE, .height = 32, .width = 40, .planes = 3, .stack = 4'");
    if (open_named(&w, library("colour.so"))) fail_msg("%s", error_text());
    input = world_input(&w);
    EXPECT(input.C == 12 && input.height == 32 && input.width == 40 && world_pointers(&w) == 12);
    EXPECT(world_obs_bytes(&w) == 32 * 40 * 3 && world_obs_floats(&w) == 32 * 40 * 3);
}

/* Every choice comes, and nothing beyond. */
static void test_random_actions(void **unused)
{
    (void)unused;
    static const int of[] = {2, 5};
    static const float low[] = {-1, 10}, high[] = {1, 30};
    struct world one = {.spec = {.num_actions = 3}}, two = {.spec = {.num_components = 2, .component_actions = of}},
                 many = {.spec = {.action_dim = 2, .action_low = low, .action_high = high}};
    int seen[3] = {0}, indices[2];
    float vector[2], least = 99, most = 0;
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    for (int i = 0; i < 500; i++) {
        seen[0] |= 1 << world_random_action(&one, &rng, NULL).index;
        const struct env_action a = world_random_action(&two, &rng, indices);
        for (int c = 0; c < 2; c++) seen[1 + c] |= 1 << a.indices[c];
        const struct env_action v = world_random_action(&many, &rng, vector);
        EXPECT(v.vector == vector && fabsf(vector[0]) <= 1);
        if (vector[1] < least) least = vector[1];
        if (vector[1] > most) most = vector[1];
    }
    EXPECT(seen[0] == 7 && seen[1] == 3 && seen[2] == 31);
    EXPECT(least >= 10 && least < 11 && most > 29 && most <= 30);
}

static int play_to_end(const struct world *w)
{
    void *state = memory_new(1, w->spec.state_size);
    float obs[2];
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    int n = 0;
    w->ops->reset(state, &rng, obs);
    while (!w->ops->step(state, &rng, (struct env_action){.index = 1}, obs).terminated) n++;
    free(state);
    return n + 1;
}

static void test_library_plays(void **unused)
{
    (void)unused;
    struct world w;
    char name[300];
    build("good", "");
    if (open_named(&w, library("good.so"))) fail_msg("%s", error_text());
    EXPECT(!strcmp(w.ops->name, "counter") && w.arg[0] == '\0');
    EXPECT(world_input(&w).dim == 2 && world_obs_bytes(&w) == 8);
    EXPECT(play_to_end(&w) == 3);
    snprintf(name, sizeof name, "%s:long", library("good.so"));
    EXPECT(open_named(&w, name) == 0 && !strcmp(w.arg, "long"));
    EXPECT(play_to_end(&w) == 10);
    snprintf(name, sizeof name, "%s:bad", library("good.so"));
    expect_refusal(name, "good.so:bad", "no variant \"bad\"");
    /* a bare name is a file of the present folder, not of the system's library path */
    char *back = getcwd(NULL, 0);
    EXPECT(back && chdir(folder) == 0);
    EXPECT(open_named(&w, "lib:good.so") == 0);
    expect_refusal("lib:libm.so.6", "./libm.so.6", "cannot be loaded");
    EXPECT(chdir(back) == 0);
    free(back);
}

static void test_library_refused(void **unused)
{
    (void)unused;
    expect_refusal("lib:", "lib:PATH.so", "path");
    expect_refusal(library("none.so"), "none.so", "cannot be loaded");
    expect_refusal(library("mine.c"), "mine.c", "cannot be loaded");
    build("api", "-DAPI=999");
    expect_refusal(library("api.so"), "version 999", "build it again");
    build("old", "-DAPI=1");
    expect_refusal(library("old.so"), "version 1 ", "ENV_OBS_PICTURE for ENV_OBS_PLANE");
    build("symbol", "-DSYMBOL=other");
    expect_refusal(library("symbol.so"), "exports no `dunlin_env`", "`nm -D`");
    build("step", "-DSTEP=0");
    expect_refusal(library("step.so"), "step.so", "`step`");
}

/* Sizes that cannot be: each named. */
static void test_sizes_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *spec, *word;
    } cases[] = {
        {".obs_dim = 0", "obs_dim"},
        {".stack = 17", "stack"},
        {".stack = -1", "stack"},
        {".planes = 3", "planes"},
        {".obs_kind = 7", "obs_kind"},
        {".obs_kind = ENV_OBS_PICTURE, .height = 84", "84x0"},
        {".obs_kind = ENV_OBS_PICTURE, .height = 5, .width = 5", "at least 32"},
        {".obs_kind = ENV_OBS_PICTURE, .height = 32, .width = 31", "ENV_OBS_FLOATS"},
        {".obs_kind = ENV_OBS_PICTURE, .height = 84, .width = 84, .planes = 5", "planes"},
        {".obs_kind = ENV_OBS_PICTURE, .height = 84, .width = 84, .obs_scale = low", "NULL"},
        {".num_actions = 0", "exactly one"},
        {".action_dim = 1", "exactly one"},
        {".num_components = 1", "exactly one"},
        {".num_actions = 0, .num_components = 2", "component_actions"},
        {".num_actions = 0, .num_components = 2, .component_actions = none", "at least 1"},
        {".num_actions = 1000001", "too many actions"},
        {".num_actions = 0, .num_components = 3, .component_actions = vast", "1 million"}, /* as an int 64 */
        {".num_actions = 0, .action_dim = 500001, .action_low = low, .action_high = high", "too many actions"},
        {".num_actions = 0, .action_dim = 1", "action_low"},
        {".num_actions = 0, .action_dim = 2, .action_low = low, .action_high = high", "below"},
        {".action_repeat = -1", "action_repeat"},
        {".max_steps = -1", "max_steps"},
        {".state_size = 0", "state_size"},
        {".save_size = 8", "save_size"},
        {".render_height = 84", "render_height"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char file[32], flags[256];
        snprintf(file, sizeof file, "spec%zu", i);
        snprintf(flags, sizeof flags, "-Wno-override-init -w '-DSPEC=%s'", cases[i].spec);
        build(file, flags);
        strcat(file, ".so");
        expect_refusal(library(file), file, cases[i].word);
    }
}

/* Where --sigma chose another policy than the environment's own, evaluations play it, too. */
static void test_an_evaluation_plays_the_policy_of_the_run(void **unused)
{
    (void)unused;
    static struct option_set set;
    static struct setup opened;
    static struct world world;
    char *words[] = {"--env", "pendulum", "--sigma", "scalar"};
    const char *positional = NULL;
    options_init(&set);
    EXPECT(!options_read_args(&set, 4, words, &positional) && !setup_complete(&set));
    EXPECT(!setup_open(&opened, &set.values, true) && !setup_open_evaluation(&opened, &world));
    EXPECT(!strcmp(world.policy.ops->name, "gaussian-scalar") && world.policy.ops == opened.world.policy.ops);
    EXPECT(world.policy.outputs == opened.world.policy.outputs && world.policy.size == opened.world.policy.size);
    EXPECT(!world.args.training && opened.world.args.training);
    setup_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_name_lists_the_known),
        cmocka_unit_test(test_names_elsewhere),
        cmocka_unit_test(test_name_and_variant),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_random_actions),
        cmocka_unit_test(test_library_plays),
        cmocka_unit_test(test_library_refused),
        cmocka_unit_test(test_sizes_refused),
        cmocka_unit_test(test_an_evaluation_plays_the_policy_of_the_run),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("tests", tests, sizeof tests / sizeof tests[0], setup, teardown);
}
