/* test_mutate.c -- damaged files, by the hundred: a run's newest checkpoint, or its run.h5, is changed in one way, and
 * the run is resumed as far as its files go. No crash, no hang, no silent wrong load: what is refused is named in a
 * line, and the checkpoint before is taken. `test_mutate N [PART]` makes N mutations of a quarter each (default 240;
 * tests/soak/mutate.sh: 10,000):
 *   raw       bits, bytes, lengths; the seal no longer fits
 *   sealed    bits and bytes behind the seal, which is made anew: HDF5 sees the damage
 *   strange   other types, shapes, sizes, links, numbers, texts, files, made with HDF5, under a good seal
 *   no number NaN or Inf among the weights, under a good seal
 *   run file  bits and bytes of run.h5, and strange ones
 * Values that were changed under a new seal, and rows of run.h5 (which has no checksum of its data), nobody can tell:
 * there the test asks for the structure alone.
 */
#include "strange.h"
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "dunlin/rng.h"
#include "store/h5.h"
#include "store/runfile.h"
#include "store/seal.h"
#include "train/restore.h"

enum { BEFORE = 100, NEWEST = 200, SECONDS = 200 };
enum outcome { TAKEN = 0, REFUSED = 1, WRONG = 2, NAMELESS = 3, NOTHING = 4 };

static char dir[64], newest[128], runfile[128], said[128];
static struct option_set options;
static struct provenance prov;
static struct setup opened;
static struct restore_parts kept; /* what the newest holds */
static unsigned char *good, *good_run, *foreign, *foreign_run;
static size_t good_n, good_run_n, foreign_n, foreign_run_n;
static int mutations = 240;

static void seal(unsigned char *bytes, size_t n)
{
    EXPECT(n >= SEAL_BYTES && !seal_make(bytes, bytes + SEAL_BYTES, n - SEAL_BYTES));
}

static void write_checkpoint(int frames)
{
    char name[64];
    uint8_t state[300];
    memset(state, 7, sizeof state);
    const struct checkpoint_actor actors[] = {
        {0, kept.totals, kept.totals_bytes}, {1, state, sizeof state}, {2, NULL, 0}};
    const struct checkpoint c = {.options = &options,
                                 .net = opened.net,
                                 .counters = {.frames = frames, .steps = frames, .updates = 20, .ranks = 3},
                                 .theta = kept.theta,
                                 .target = kept.target,
                                 .optim = {1, 1, NULL, (const float *const[]){optim_state(kept.optim, 0, 0)}, -1},
                                 .actors = actors,
                                 .actor_count = 3};
    snprintf(name, sizeof name, "checkpoint-%012d.h5", frames);
    if (checkpoint_write(dir, name, &c)) fail_msg("%s", error_text());
}

static void write_run(int rows)
{
    unlink(runfile);
    struct runfile *f = runfile_create(dir, &options, &prov, 3);
    if (!f) fail_msg("%s", error_text());
    for (int i = 0; i < rows; i++) {
        runfile_train(f, &(struct run_train){.seconds = i, .frames = i, .updates = i});
        for (int k = 0; k < 9; k++) runfile_episode(f, &(struct run_episode){i, i, 1, -1, 7});
        if (i % 20 == 0) runfile_event(f, &(struct run_event){.frames = i, .kind = "test", .text = "text"});
    }
    EXPECT(!runfile_close(&f));
}

static void set(const char *key, const char *value)
{
    if (options_set(&options, key, value, ORIGIN_COMMAND, key)) fail_msg("%s", error_text());
}

/* A run's folder, and a checkpoint and a run file of another run. */
static int make_run(void **unused)
{
    (void)unused;
    h5_init();
    provenance_fill(&prov, 0, NULL);
    snprintf(dir, sizeof dir, "/tmp/test_mutate.XXXXXX");
    if (!mkdtemp(dir)) return -1;
    snprintf(newest, sizeof newest, "%s/checkpoint-%012d.h5", dir, NEWEST);
    snprintf(runfile, sizeof runfile, "%s/run.h5", dir);
    snprintf(said, sizeof said, "%s.said", dir);
    for (int other = 1; other >= 0; other--) {
        options_init(&options);
        set("env", "cartpole"), set("algo", "n-step-q"), set("net", "mlp:8"), set("seed", other ? "2" : "1");
        if (setup_complete(&options) || setup_open(&opened, &options.values, true)) fail_msg("%s", error_text());
        const struct optim_config config = setup_optim_config(&opened);
        const size_t params = opened.facts->params;
        struct rng rng = rng_make(5, 0, RNG_TEST, other);
        kept = (struct restore_parts){
            .theta = memory_floats(params), .target = memory_floats(params), .optim = optim_new(&config, params, 2)};
        net_init(opened.net, NET_INIT_UNIFORM, kept.theta, &rng),
            net_init(opened.net, NET_INIT_UNIFORM, kept.target, &rng);
        net_init(opened.net, NET_INIT_UNIFORM, optim_state(kept.optim, 0, 0), &rng);
        kept.totals_bytes = 700;
        kept.totals = memory_new(kept.totals_bytes, 1);
        for (size_t i = 0; i < kept.totals_bytes; i++) ((unsigned char *)kept.totals)[i] = (unsigned char)i;
        write_checkpoint(NEWEST), write_run(100);
        if (other) {
            foreign = testing_slurp(newest, &foreign_n), foreign_run = testing_slurp(runfile, &foreign_run_n);
            free(kept.theta), free(kept.target), free(kept.totals), optim_free(&kept.optim), setup_close(&opened);
        }
    }
    write_checkpoint(BEFORE);
    good = testing_slurp(newest, &good_n), good_run = testing_slurp(runfile, &good_run_n);
    return 0;
}

static int remove_run(void **unused)
{
    (void)unused;
    free(good), free(good_run), free(foreign), free(foreign_run), free(kept.theta), free(kept.target),
        free(kept.totals);
    optim_free(&kept.optim), setup_close(&opened), unlink(said);
    return testing_remove(dir);
}

/* Does what the log says hold a line with the name and more behind it? */
static bool named(const char *name)
{
    size_t n;
    char *text = (char *)testing_slurp(said, &n);
    text[n] = '\0';
    const char *at = strstr(text, name);
    const bool is = at && strchr(at, ':') && strlen(strchr(at, ':')) > 8;
    free(text);
    return is;
}

/* In a process of its own: the checkpoint that a resume would take, and is it what was written? */
static int choose(bool values)
{
    struct option_set stored;
    const size_t bytes = opened.facts->params * sizeof(float);
    const struct optim_config config = setup_optim_config(&opened);
    struct setup again;
    struct restore from = {0};
    struct restore_parts r = {.theta = memory_floats(opened.facts->params),
                              .target = memory_floats(opened.facts->params)};
    r.optim = optim_new(&config, opened.facts->params, 2);
    if (restore_choose(dir, NULL, "", &from, &again, &stored) || restore_load(&from, &again, &r)) return NOTHING;
    const bool taken = !strcmp(checkpoint_path(from.file), newest);
    if (!taken && !named("000000000200.h5: ")) return NAMELESS;
    if (from.counters.frames != (taken ? NEWEST : BEFORE) || options_other_run(&stored, &options) >= 0) return WRONG;
    if ((values || !taken) &&
        (memcmp(r.theta, kept.theta, bytes) || memcmp(r.target, kept.target, bytes) || from.counters.updates != 20 ||
         memcmp(optim_state(r.optim, 0, 0), optim_state(kept.optim, 0, 0), bytes) ||
         r.totals_bytes != kept.totals_bytes || memcmp(r.totals, kept.totals, kept.totals_bytes)))
        return WRONG;
    return taken ? TAKEN : REFUSED;
}

/* In a process of its own: all tables are read, then the run goes on. */
static int go_on(void)
{
    bool all = true;
    int readable = 0;
    for (int t = RUN_TABLE_TRAIN; t <= RUN_TABLE_ACTORS; t++) {
        void *rows;
        const int64_t n = runfile_read(runfile, (enum runfile_table)t, &rows);
        if (n < 0 && !strstr(error_text(), "run.h5: ")) return NAMELESS;
        free(rows);
        readable += n >= 0;
    }
    all = readable == RUN_TABLE_ACTORS + 1;
    const int chosen = choose(true);
    if (chosen != TAKEN) return chosen == REFUSED ? WRONG : chosen;
    struct runfile *f = runfile_resume(dir, &options, &prov, 3, NEWEST, 1);
    if (!f || runfile_close(&f)) return NOTHING;
    char aside[128];
    snprintf(aside, sizeof aside, "%s/run-damaged-1.h5", dir);
    const bool set_aside = !access(aside, F_OK);
    if (set_aside && !named("run.h5")) return NAMELESS;
    void *rows;
    const int64_t n = runfile_read(runfile, RUN_TABLE_TRAIN, &rows);
    free(rows);
    unlink(aside);
    return n < 0 || n > 100 || (set_aside && n) ? WRONG : set_aside || !all ? REFUSED : TAKEN;
}

static int in_child(bool run_file, bool values)
{
    int status;
    const pid_t pid = fork();
    EXPECT(pid >= 0);
    if (!pid) {
        const int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        alarm(SECONDS);
        if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(99);
        _exit(run_file ? go_on() : choose(values));
    }
    EXPECT(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int count[2];

/* TAKEN is right where nothing that matters was changed. */
static void judge(const char *what, int i, int outcome)
{
    static const char *const words[] = {"", "", "a silent wrong load", "refused without its name",
                                        "nothing to go on from"};
    if (outcome > REFUSED) {
        size_t n;
        char *text = (char *)testing_slurp(said, &n);
        text[n] = '\0';
        fail_msg("%s %d: %s %d; the log says: %s", what, i, outcome < 5 ? words[outcome] : "a crash or a hang", outcome,
                 text);
    }
    count[outcome]++;
}

static void report(const char *what)
{
    printf("# %s: %d mutations, %d refused, %d without effect\n", what, count[0] + count[1], count[1], count[0]);
    fflush(stdout);
    count[0] = count[1] = 0;
}

/* Changes bytes from..n - 1 of a copy in one way; its new length. */
static size_t damage(struct rng *rng, unsigned char *bytes, size_t from, size_t n)
{
    const size_t at = from + (size_t)rng_below(rng, (int)(n - from));
    const size_t rest = n - at;
    switch (rng_below(rng, 5)) {
    case 0:
        bytes[at] ^= (unsigned char)(1 << rng_below(rng, 8));
        return n;
    case 1:
        for (size_t k = 0; k < rest && k < 8; k++) bytes[at + k] = (unsigned char)rng_bits(rng);
        return n;
    case 2:
        memset(bytes + at, rng_below(rng, 2) ? 0 : 255, rest < 16 ? rest : 16);
        return n;
    case 3: /* a piece of the file over another */
        memmove(bytes + at, bytes + from + (size_t)rng_below(rng, (int)(n - from - 64)), rest < 64 ? rest : 64);
        return n;
    default:
        return rng_below(rng, 2) ? at : n + 1 + (size_t)rng_below(rng, 60);
    }
}

static void raw(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(11, 0, RNG_TEST, 0);
    unsigned char *bad = malloc(good_n + 64);
    for (int i = 0; i < mutations / 4; i++) {
        memcpy(bad, good, good_n), memset(bad + good_n, 0, 64);
        const size_t n = damage(&rng, bad, i % 2 ? 0 : SEAL_BYTES, good_n);
        const bool same = n == good_n && !memcmp(bad, good, n);
        testing_spill(newest, bad, n);
        size_t whole;
        unsigned char *bytes = seal_read(newest, &whole);
        EXPECT((bytes != NULL) == same);
        free(bytes);
        if (!same && !strstr(error_text(), "000000000200.h5: ")) fail_msg("%s", error_text());
        if (i % 10 == 0)
            judge("raw", i, in_child(false, true));
        else
            count[!same]++;
    }
    report("raw");
    free(bad);
}

static void sealed(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(12, 0, RNG_TEST, 0);
    unsigned char *bad = malloc(good_n + 64);
    for (int i = 0; i < mutations / 4; i++) {
        size_t n = good_n;
        memcpy(bad, good, good_n), memset(bad + good_n, 0, 64);
        for (int k = 0; k <= i % 3; k++) n = damage(&rng, bad, SEAL_BYTES, n > good_n ? good_n : n < 2048 ? 2048 : n);
        seal(bad, n);
        testing_spill(newest, bad, n);
        judge("sealed", i, in_child(false, false));
    }
    report("sealed");
    free(bad);
}

static void strange(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(13, 0, RNG_TEST, 0);
    char before[128];
    size_t n;
    snprintf(before, sizeof before, "%s/checkpoint-%012d.h5", dir, BEFORE);
    for (int i = 0; i < mutations / 4; i++) {
        const int kind = i % 12;
        testing_spill(newest, kind == 10 ? foreign : good, kind == 10 ? foreign_n : good_n);
        if (kind < 10) strange_checkpoint(newest, runfile, &rng, kind);
        unsigned char *bytes = testing_slurp(kind == 11 ? before : newest, &n);
        seal(bytes, n);
        testing_spill(newest, bytes, n);
        free(bytes);
        const int outcome = in_child(false, true);
        if (outcome == TAKEN && (kind > 8 || kind < 5) && kind != 0)
            fail_msg("strange %d of kind %d was taken", i, kind);
        judge("strange", i, outcome);
    }
    report("strange");
    testing_spill(newest, good, good_n);
}

/* A weight of theta, or of the target network, is none. */
static void no_number(void **unused)
{
    (void)unused;
    float *const of[] = {kept.theta, kept.target};
    for (int i = 0; i < 4; i++) {
        float *const x = &of[i / 2][opened.facts->tensors[1].offset], was = *x;
        *x = i % 2 ? (float)NAN : (float)-INFINITY;
        write_checkpoint(NEWEST);
        *x = was;
        const int outcome = in_child(false, true);
        if (outcome != REFUSED) fail_msg("no number %d: %d", i, outcome);
        judge("no number", i, outcome);
    }
    report("no number");
    testing_spill(newest, good, good_n);
}

static void run_file(void **unused)
{
    (void)unused;
    struct rng rng = rng_make(14, 0, RNG_TEST, 0);
    unsigned char *bad = malloc(good_run_n + 64);
    testing_spill(newest, good, good_n);
    for (int i = 0; i < mutations / 4; i++) {
        size_t n = good_run_n;
        memcpy(bad, good_run, n), memset(bad + n, 0, 64);
        for (int k = 0; i % 8 > 1 && k <= i % 3; k++)
            n = damage(&rng, bad, 0, n > good_run_n ? good_run_n : n < 2048 ? 2048 : n);
        testing_spill(runfile, i % 8 == 1 ? foreign_run : bad, i % 8 == 1 ? foreign_run_n : n);
        if (i % 8 == 0) strange_run(runfile, newest, &rng);
        const int outcome = in_child(true, true);
        if (i % 8 == 1 && outcome != REFUSED) fail_msg("another run's file: %d", outcome);
        judge("run file", i, outcome);
    }
    report("run file");
    free(bad);
}

int main(int argc, char **argv)
{
    if (argc > 1) mutations = atoi(argv[1]);
    if (argc > 2) cmocka_set_test_filter(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(raw), cmocka_unit_test(sealed), cmocka_unit_test(strange),
                                       cmocka_unit_test(no_number), cmocka_unit_test(run_file)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("mutations", tests, sizeof tests / sizeof *tests, make_run, remove_run);
}
