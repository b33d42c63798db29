/* test_memory.c -- what memory is left, by files of the system as this test writes them; and what a run needs: the
 * least with which it is not refused. */
#include "testing.h"

#include <dlfcn.h>
#include <math.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/memory_left.h"
#include "setup/need.h"
#include "share/share.h"

/* The system's files, by path; "" where there is none. */
static struct {
    char available[64], groups[128], status[128];
    struct {
        const char *path, *text;
    } group[8];
    rlim_t limit[2]; /* of addresses, of data */
} fake;

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*const real)(const char *, const char *) =
        (FILE * (*)(const char *, const char *))(uintptr_t)dlsym(RTLD_NEXT, "fopen");
    const char *text = !strcmp(path, "/proc/meminfo")       ? fake.available
                       : !strcmp(path, "/proc/self/cgroup") ? fake.groups
                       : !strcmp(path, "/proc/self/status") ? fake.status
                                                            : NULL;
    for (size_t i = 0; i < sizeof fake.group / sizeof *fake.group; i++)
        if (fake.group[i].path && !strcmp(path, fake.group[i].path)) text = fake.group[i].text;
    if (!text && strncmp(path, "/sys/fs/cgroup", 14)) return real(path, mode);
    return text && *text ? fmemopen((void *)(uintptr_t)text, strlen(text), "r") : NULL;
}

int getrlimit(__rlimit_resource_t what, struct rlimit *r)
{
    r->rlim_cur = r->rlim_max = what == RLIMIT_AS ? fake.limit[0] : what == RLIMIT_DATA ? fake.limit[1] : RLIM_INFINITY;
    return 0;
}

static void clear(double available)
{
    memset(&fake, 0, sizeof fake);
    snprintf(fake.available, sizeof fake.available, "MemTotal: 9 kB\nMemAvailable: %.17g kB\n", available / 1024);
    snprintf(fake.status, sizeof fake.status, "Name: x\nVmSize:\t 300 kB\nVmRSS:\t 40 kB\nVmData:\t 100 kB\n");
    fake.limit[0] = fake.limit[1] = RLIM_INFINITY;
}

static void group(int i, const char *path, const char *text)
{
    fake.group[i].path = path;
    fake.group[i].text = text;
}

static void left_on_the_node(void **state)
{
    (void)state;
    clear(5e6);
    EXPECT(memory_of_node().bytes == 5e6 && strstr(memory_of_node().of, "MemAvailable"));
    fake.available[0] = 0;
    EXPECT(isinf(memory_of_node().bytes));

    /* version 2: the group, and those around it; files in memory go where it is asked for */
    clear(5e6);
    snprintf(fake.groups, sizeof fake.groups, "1:name=systemd:/x\n0::/outer/inner\n");
    group(0, "/sys/fs/cgroup/outer/inner/memory.max", "4000000\n");
    group(1, "/sys/fs/cgroup/outer/inner/memory.current", "1000000\n");
    EXPECT(memory_of_node().bytes == 3e6 && strstr(memory_of_node().of, "control group"));
    group(2, "/sys/fs/cgroup/outer/inner/memory.stat", "anon 1\ninactive_file 500000\nactive_file 7\n");
    EXPECT(memory_of_node().bytes == 3.5e6);
    group(3, "/sys/fs/cgroup/outer/memory.max", "2500000\n");
    EXPECT(memory_of_node().bytes == 2.5e6);
    group(4, "/sys/fs/cgroup/memory.max", "2000000\n");
    EXPECT(memory_of_node().bytes == 2e6);
    group(5, "/sys/fs/cgroup/memory.current", "9000000\n");
    EXPECT(memory_of_node().bytes == 0);
    group(4, "/sys/fs/cgroup/memory.max", "max\n");
    EXPECT(memory_of_node().bytes == 2.5e6);
    group(3, "/sys/fs/cgroup/outer/memory.max", "8000000\n");
    group(0, "/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    EXPECT(memory_of_node().bytes == 5e6);

    /* version 1, of a container that sees its own group as the root */
    clear(5e6);
    snprintf(fake.groups, sizeof fake.groups, "4:cpu:/job\n3:memory:/job\n");
    group(0, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000\n");
    group(1, "/sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000\n");
    group(2, "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file 250000\n");
    EXPECT(memory_of_node().bytes == 2.25e6 && memory_of_machine() == 3e6);
}

static void left_to_the_process(void **state)
{
    (void)state;
    clear(5e6);
    EXPECT(isinf(memory_of_process().bytes) && memory_taken(false) == 40 * 1024);
    fake.limit[0] = 1000 * 1024;
    EXPECT(memory_of_process().bytes == 700 * 1024 && strstr(memory_of_process().of, "ulimit -v"));
    fake.limit[1] = 500 * 1024;
    EXPECT(memory_of_process().bytes == 400 * 1024 && strstr(memory_of_process().of, "ulimit -d"));
    fake.limit[0] = 200 * 1024;
    EXPECT(memory_of_process().bytes == 0);
}

static struct option_set set;
static struct setup setup;

static void open_setup(const char *algo)
{
    char *words[] = {"--env",       "catch",   "--algo",           (char *)(uintptr_t)algo,
                     "--optimizer", "rmsprop", "--envs-per-actor", "2"};
    const char *positional = NULL;
    options_init(&set);
    if (options_read_args(&set, sizeof words / sizeof *words, words, &positional) || setup_complete(&set) ||
        setup_open(&setup, &set.values, true))
        fail_msg("%s", error_text());
}

/* The least of the node's memory, or of what its processes may take, with which these are not refused: to a byte. */
static double least(struct need need, bool of_process)
{
    double low = 0, high = 0x1p50;
    while (high - low > 0.5) {
        const double middle = (low + high) / 2;
        clear(of_process ? 0x1p60 : middle);
        if (of_process) fake.limit[0] = (rlim_t)middle + 300 * 1024;
        if (need_check(&setup, &need))
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void needs(void **state)
{
    (void)state;
    static const char *const algos[] = {"a3c", "n-step-q"};
    for (int i = 0; i < 2; i++) {
        open_setup(algos[i]);
        const double theta = 4 * (double)setup.facts->params, target = i, CLOSE = 2;
        const double kept = (1 + target + 8) * theta; /* with one set of squares for each actor of the run */
        const struct need actors = {.actors = 8, .here = 3, .begun = true};
        struct need n = actors;
        const double base = least(n, false), one = least(n, true);
        EXPECT(one < base && base < 3 * one + CLOSE && base > 3 * one - CLOSE); /* one of three actors, alone */
        EXPECT(one > (1 + target) * theta);
        n.master = true; /* what it trains, once more, and as a file; of all actors' states, too */
        EXPECT_NEAR(least(n, false), base + 3 * kept, CLOSE);
        n.env.state = 100000;
        EXPECT_NEAR(least(n, false), base + 3 * kept + (3 + 3 * 8) * 1e5, CLOSE);
        EXPECT_NEAR(least(n, true), fmax(one + 1e5, 3 * kept + 3 * 8 * 1e5), CLOSE); /* each process by itself */
        n = actors, n.begun = false;
        const double rank = (least(n, false) - base) / 3;
        EXPECT(rank > 1e6);
        n.master = true;
        EXPECT_NEAR(least(n, false), base + 3 * kept + 4 * rank, CLOSE);
        n = actors, n.window = 1e6, n.env.instance = 3e4, n.env.beside = 7e5;
        EXPECT_NEAR(least(n, false), base + 1e6 + 3 * (2 * 3e4 + 7e5), CLOSE);
        n = actors, n.staging = 2e5, n.relay = 5e5;
        EXPECT_NEAR(least(n, false), base + 3 * 2e5 + 5e5, CLOSE);

        n = actors, n.env.beside = 1e9; /* the largest part is named, and what lowers it */
        clear(1e6);
        EXPECT(need_check(&setup, &n) && strstr(error_text(), "2.8 GiB of it for environments,"));
        EXPECT(strstr(error_text(), "lower --envs-per-actor or --actors") && strstr(error_text(), "3 actors on "));
        setup_close(&setup);
    }
    open_setup("n-step-q"); /* a copy of the target for each actor */
    const struct need with = {.actors = 1, .here = 1, .begun = true};
    struct need two = with;
    two.here = 2;
    const double each = least(two, false) - least(with, false), theta = 4 * (double)setup.facts->params;
    const struct agent_config config = setup_agent_config(&setup, 1);
    EXPECT_NEAR(each, 2 * theta + agent_rollout_bytes(&config, &setup.world, setup.net), 2);
    setup_close(&setup);
}

/* Q methods have one mailbox, with a target network and without; a3c's small networks several. */
static void mailboxes(void **state)
{
    (void)state;
    struct option_set words;
    options_init(&words);
    for (int q = 0; q < 2; q++)
        for (int target = 0; target <= q; target++) {
            const struct share_config c =
                share_config_of(&words.values, 100, &(struct grad_wides){0}, &(struct moments){0}, target, q, 0);
            EXPECT((c.mailboxes > 1) == !q && c.target == target);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(left_on_the_node), cmocka_unit_test(left_to_the_process),
                                       cmocka_unit_test(needs), cmocka_unit_test(mailboxes)};
    return testing_main(tests);
}
