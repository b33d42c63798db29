/* test_doctor.c -- what doctor makes of facts: clusters that are not at hand, written down. */
#include "heap.h"
#include "testing.h"

#include "doctor/judge.h"
#include "doctor/judge_mpi.h"
#include "doctor/want.h"
#include "setup/setup.h"
#include "share/messages.h"

enum { MOST = 8 };
static struct doctor_facts facts[MOST];
static struct doctor_want want[MOST];
static struct doctor doctor;
static char *text;
static size_t size;

/* `n` ranks, `per_host` on each of the hosts node0, node1 ..., with nothing wrong. */
static struct doctor_plan healthy(int n, int per_host)
{
    memset(facts, 0, sizeof facts);
    for (int r = 0; r < n; r++) {
        struct doctor_facts *f = &facts[r];
        f->rank = r;
        snprintf(f->host, sizeof f->host, "node%d", r / per_host);
        strcpy(f->build, "0.1.0 abc 123");
        strcpy(f->blas, "OpenBLAS 0.3.21 core Zen");
        strcpy(f->kernels, "avx512");
        strcpy(f->yield, "true");
        strcpy(f->tmp, "/tmp");
        f->online = 4;
        f->mask[0] = 0xf;
        f->shm_free = f->memory = f->tmp_free = INT64_C(8000000000);
        f->files = f->files_hard = 4096;
        f->locked = 65536;
        f->tmp_writable = f->ale = f->gnuplot = true;
        f->roms = 106;
        strcpy(f->mujoco, "MuJoCo 3.3.7");
        f->copy_error = 0;
        f->nets = 1;
        f->net[0] =
            (struct doctor_net){.name = "eth0", .address = 0x0a000001 + (uint32_t)(r / per_host), .mask = 0xffffff00};
    }
    for (int r = 0; r < n; r++)
        want[r] = (struct doctor_want){
            .window = 35e6, .least = 30e6, .bytes = 500e6, .most = 300e6, .what = "weights", .lower = "--actors"};
    return (struct doctor_plan){.facts = facts, .n = n, .actors = n - 1, .want = want};
}

/* All judgements of a plan; the lines are in text until the next call. */
static void judge_env(const struct doctor_plan *p, const char *env)
{
    free(text);
    text = NULL;
    doctor = (struct doctor){.out = open_memstream(&text, &size)};
    doctor_judge_start(&doctor, p);
    doctor_judge_cores(&doctor, p);
    doctor_judge_memory(&doctor, p);
    doctor_judge_mpi(&doctor, p);
    doctor_judge_network(&doctor, p);
    doctor_judge_pieces(&doctor, p, env);
    fclose(doctor.out);
}

static void judge(const struct doctor_plan *p, bool atari)
{
    judge_env(p, atari ? "atari:pong" : "cartpole");
}

/* Exactly one finding that is not ok: of this level and name, with these words in it. */
static void expect_one(enum doctor_level level, const char *start, const char *what, const char *mend)
{
    if (doctor.count[DOCTOR_WARN] + doctor.count[DOCTOR_FAIL] != 1 || doctor.count[level] != 1)
        fail_msg("one finding was awaited: %s\n%s", start, text);
    const char *line = strstr(text, start);
    if (!line) fail_msg("no line begins with \"%s\":\n%s", start, text);
    char *end = strchr(line, '\n'), *tail = strstr(line, "; mend: ");
    EXPECT(end && tail && tail < end && (line == text || line[-1] == '\n'));
    *end = 0;
    if (!strstr(line, what) || !strstr(tail, mend)) fail_msg("\"%s\" and \"%s\" were awaited in: %s", what, mend, line);
}

static void test_nothing_wrong(void **state)
{
    (void)state;
    for (int hosts = 1; hosts <= 2; hosts++) {
        const struct doctor_plan p = healthy(4, 4 / hosts);
        judge(&p, true);
        if (doctor.count[DOCTOR_WARN] || doctor.count[DOCTOR_FAIL]) fail_msg("%s", text);
        EXPECT(!strstr(text, "mend"));
        EXPECT(strstr(text, "ok cores: node0: 4 of 4 cores for ranks 0") != NULL);
        EXPECT((strstr(text, "ok network: 2 hosts share the network of node0's eth0") != NULL) == (hosts == 2));
    }
    struct doctor_plan p = healthy(1, 1); /* alone: as many actors as it would start */
    p.alone = true;
    p.actors = 4;
    judge(&p, false);
    EXPECT(!doctor.count[DOCTOR_WARN] && !doctor.count[DOCTOR_FAIL] && strstr(text, "for this process"));
}

static void test_start(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(4, 2);
    strcpy(facts[3].build, "0.1.0 abc 999");
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail build:", "rank 3 on node1", "one and the same file");
    p = healthy(4, 2);
    facts[2].tmp_writable = false;
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail tmp:", "node1: /tmp", "TMPDIR");
    p = healthy(1, 1);
    p.alone = facts[0].root = true;
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail root:", "refuses root", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
}

static void test_cores(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(6, 6); /* one more than cores is the master's */
    for (int r = 0; r < 6; r++) facts[r].mask[0] = 0x7;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn cores:", "6 ranks share 3 cores", "-n");
    p = healthy(5, 5);
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN]);
    for (int r = 0; r < 5; r++) strcpy(facts[r].yield, "false");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn yield:", "outnumber", "mpi_yield_when_idle=1");
    p = healthy(3, 3);
    for (int r = 0; r < 3; r++) facts[r].mask[0] = r == 0 ? 1 : 2;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn binding:", "ranks 1 and 2 are bound to one and the same core, 2 of 4", "--bind-to");
    p = healthy(4, 4);
    facts[0].quota_percent = 150;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn quota:", "1.5 cores", "CPU limit");
    p = healthy(4, 4);
    facts[0].load_percent = 1200;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn load:", "12.0 processes want its 4 cores", "node");
    p = healthy(4, 2);
    strcpy(facts[2].core_type, "Haswell");
    strcpy(facts[3].core_type, "Haswell");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn blas:", "node1: OPENBLAS_CORETYPE=Haswell", "unset OPENBLAS_CORETYPE");
    p = healthy(4, 2);
    strcpy(facts[2].blas, "OpenBLAS 0.3.21 core Haswell");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn blas:", "node1 computes with OpenBLAS 0.3.21 core Haswell, node0 with",
               "nodes of one kind");
    p = healthy(4, 2);
    strcpy(facts[2].kernels, "avx2");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn kernels:", "node1 runs avx2", "DUNLIN_ISA");
}

static void test_limits(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(4, 4);
    facts[0].shm_free = 20000000; /* of a container's 64 MB */
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn shm:", "20 MB free", "--shm-size");
    EXPECT(strstr(text, "through the MPI library") != NULL);
    facts[0].shm_free = 32000000;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn shm:", "each actor would copy", "--shm-size");
    p = healthy(4, 2);
    facts[2].memory = 499000000;
    judge(&p, true);
    expect_one(DOCTOR_FAIL,
               "fail memory:", "node1: 499 MB are free, and 2 ranks take 500 at least, 300 of it for weights",
               "lower --actors, or ask for more memory");
    EXPECT(doctor_lacks(&p));
    facts[2].memory = 501000000; /* enough for what is counted, little for what is not */
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn memory:", "node1: 501 MB", "lower --actors");
    EXPECT(!doctor_lacks(&p));
    p = healthy(4, 4);
    strcpy(want[0].refused, "an actor would need more than ulimit -v");
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail memory:", "ulimit -v", "a larger limit");
    EXPECT(doctor_lacks(&p));
    p = healthy(8, 8);
    for (int r = 0; r < 8; r++) facts[r].mask[0] = 0xff, facts[r].online = 8;
    facts[0].files = 100;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn files:", "100 open files", "ulimit -n");
    facts[0].files = facts[0].files_hard = 20;
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail files:", "20 open files", "hard limit");
    p = healthy(4, 4);
    facts[0].infiniband = true;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn locked:", "64 kB", "ulimit -l");
    facts[0].locked = -1;
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN]);
}

/* What a relay takes by itself is counted, to the byte of what it then asks for. */
static double taken_by_messages(const struct share_config *c, int lanes)
{
    struct share here = {.config = *c, .map = map_draw(c, (size_t)lanes, lanes, 0)};
    struct messages m;
    const int actors[] = {0, 1, 2};
    const double before = heap_bytes();
    messages_open(&m, &here, &here, actors, lanes);
    const double taken = heap_bytes() - before;
    messages_close(&m);
    return taken;
}

static void test_relays(void **state)
{
    (void)state;
    if (!heap_tells()) skip();
    static const int most[] = {0, 0, 8}; /* --combine none, sum, sum with --combine-most */
    for (int combine = 0; combine < 3; combine++)
        for (int wire = SHARE_WIRE_FLOAT32; wire <= SHARE_WIRE_SIGNIFICANT; wire++) {
            const struct share_config c = {.params = 1 << 20,
                                           .state_bytes = 9000,
                                           .episodes = 1024,
                                           .combine = combine ? SHARE_COMBINE_SUM : SHARE_COMBINE_NONE,
                                           .combine_most = most[combine],
                                           .wire = (enum share_wire)wire};
            const double counted = share_room(&c, 5, 3, 2, false).relay, taken = taken_by_messages(&c, 3);
            EXPECT(counted <= taken && taken < counted + 16 * 4096);
            EXPECT(share_room(&c, 5, 3, 2, true).relay == 0);
        }
}

/* Of a cluster's two nodes, by the sums that training itself makes. */
static void test_want(void **state)
{
    (void)state;
    static struct doctor_setup s;
    struct doctor_want plain[MOST];
    const char *words[] = {"--env", "cartpole", "--net", "mlp:512,512"};
    options_init(&s.set);
    setup_names();
    EXPECT(!options_read_args(&s.set, 4, (char **)words, NULL) && !setup_complete(&s.set));
    EXPECT(!doctor_open(&doctor, &s));
    const struct doctor_plan p = healthy(7, 4); /* rank 0 and three actors; three more */
    const double theta = (double)s.setup.facts->params * sizeof(float);
    doctor_want(&s, &p, plain);
    EXPECT(plain[0].bytes == plain[3].bytes && plain[4].bytes == plain[6].bytes && plain[0].bytes > plain[4].bytes);
    EXPECT(plain[4].window > 7 * theta && plain[0].window > plain[4].window && !plain[0].refused[0]);
    s.set.values.ema = 0.99; /* rank 0's average of the weights, and twice more of a checkpoint on its way */
    doctor_want(&s, &p, want);
    EXPECT(want[0].bytes == plain[0].bytes + 3 * theta && want[4].bytes == plain[4].bytes);
    s.set.values.ema = 0;
    s.set.values.wire = WIRE_BF16; /* what is kept back of each gradient, and its packed form */
    doctor_want(&s, &p, want);
    EXPECT(want[0].bytes == plain[0].bytes && want[4].bytes >= plain[4].bytes + 3 * 1.5 * theta);
    s.set.values.wire = WIRE_FLOAT32;
    s.set.values.relay = RELAY_OFF; /* a gradient under way in each, no window */
    doctor_want(&s, &p, want);
    EXPECT(want[4].window == 0 && want[4].bytes < plain[4].bytes && want[4].bytes > 3 * 2 * theta);
    setup_close(&s.setup);
}

static void test_messages(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(4, 4);
    facts[2].copy_error = 1; /* EPERM */
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN]); /* nobody wants to do it */
    strcpy(facts[2].single_copy, "cma");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn copies:", "another's memory", "single_copy_mechanism=none");
    p = healthy(4, 2);
    facts[0].no_relays = true;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn threads:", "no relays", "threads");
    p = healthy(4, 4);
    facts[3].mangled = 1;
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail messages:", "rank 3", "single_copy_mechanism=none");
}

static void test_networks(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(4, 2);
    for (int r = 0; r < 4; r++) /* a bridge of containers, the same on each host, and first in the list */
        facts[r].net[1] = facts[r].net[0], facts[r].nets = 2,
        facts[r].net[0] = (struct doctor_net){.name = "docker0", .address = 0xac110001, .mask = 0xffff0000};
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn interfaces:", "172.17.0.1 (docker0)", "btl_tcp_if_include=10.0.0.0/24");
    for (int r = 0; r < 4; r++) strcpy(facts[r].if_exclude, "lo,docker0");
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN]);
    p = healthy(4, 2);
    for (int r = 2; r < 4; r++) facts[r].net[0].address = 0x0a000502;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn network:", "all 2 hosts", "route");
    p = healthy(4, 2);
    strcpy(facts[2].unresolved, "node0");
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn names:", "node1 does not know the name node0", "/etc/hosts");
    p = healthy(4, 4);
    strcpy(facts[0].unresolved, "node0"); /* nobody has to find it */
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN]);
}

static void test_pieces(void **state)
{
    (void)state;
    struct doctor_plan p = healthy(4, 2);
    for (int r = 2; r < 4; r++) facts[r].ale = false, facts[r].roms = 0, strcpy(facts[r].ale_error, "no libale_c.so");
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail ale:", "on node0, not on node1", "run/fetch-atari.sh");
    for (int r = 0; r < 2; r++) facts[r].ale = false;
    judge(&p, true);
    expect_one(DOCTOR_FAIL, "fail ale:", "no libale_c.so", "run/fetch-atari.sh");
    judge(&p, false);
    EXPECT(!doctor.count[DOCTOR_WARN] && !doctor.count[DOCTOR_FAIL] && strstr(text, "ok ale: not found"));
    p = healthy(4, 2);
    for (int r = 2; r < 4; r++) facts[r].mujoco[0] = 0, strcpy(facts[r].mujoco_error, "no mujoco.so");
    judge_env(&p, "mujoco:hopper");
    expect_one(DOCTOR_FAIL, "fail mujoco:", "MuJoCo 3.3.7: on node0, not on node1: no mujoco.so", "fetch-mujoco.sh");
    judge_env(&p, "mujoco_of_mine");
    expect_one(DOCTOR_WARN, "warn mujoco:", "on node0, not on node1", "run/fetch-mujoco.sh");
    for (int r = 0; r < 2; r++) facts[r].mujoco[0] = 0;
    judge_env(&p, "mujoco:hopper");
    expect_one(DOCTOR_FAIL, "fail mujoco:", "no mujoco.so", "run/fetch-mujoco.sh build/mujoco");
    judge(&p, true);
    EXPECT(!doctor.count[DOCTOR_WARN] && !doctor.count[DOCTOR_FAIL] && strstr(text, "ok mujoco: not found"));
    p = healthy(4, 2);
    for (int r = 2; r < 4; r++) strcpy(facts[r].mujoco, "MuJoCo 4.0.0");
    judge_env(&p, "mujoco:hopper");
    expect_one(DOCTOR_WARN, "warn mujoco:", "node0 has MuJoCo 3.3.7, node1 MuJoCo 4.0.0", "DUNLIN_MUJOCO_DIR");
    p = healthy(4, 2);
    facts[0].gnuplot = false;
    judge(&p, true);
    expect_one(DOCTOR_WARN, "warn gnuplot:", "plot", "gnuplot-nox");
}

static void test_lines(void **state)
{
    (void)state;
    char *line = NULL;
    struct doctor d = {.out = open_memstream(&line, &size)};
    doctor_say(&d, DOCTOR_WARN, "name", "do %s", "two\nlines; %s", "mend: this");
    EXPECT(doctor_verdict(&d) == 0);
    doctor_say(&d, DOCTOR_FAIL, "other", "that", "%d", 7);
    EXPECT(doctor_verdict(&d) == 1);
    fclose(d.out);
    assert_string_equal(line, "warn name: two lines, mend: this; mend: do %s\n"
                              "ok verdict: nothing would fail, 1 warning\n"
                              "fail other: 7; mend: that\n"
                              "fail verdict: 1 of 3 findings would fail; mend: the lines above that begin with fail\n");
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_wrong), cmocka_unit_test(test_start),    cmocka_unit_test(test_cores),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_messages), cmocka_unit_test(test_relays),
        cmocka_unit_test(test_want),          cmocka_unit_test(test_networks), cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_lines),
    };
    const int failed = testing_main(tests);
    free(text);
    return failed;
}
