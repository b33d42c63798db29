/* doctor.c -- `dunlin doctor`: its words; and alone, the start under mpirun as `dunlin train` would make it, watched
 * over, so that also what keeps MPI from starting or lets it hang ends in a finding. */
#include "doctor/doctor.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/words.h"
#include "doctor/facts.h"
#include "doctor/folder.h"
#include "doctor/judge.h"
#include "doctor/judge_mpi.h"
#include "doctor/ranks.h"
#include "doctor/say.h"
#include "doctor/scale.h"
#include "doctor/want.h"
#include "job/family.h"
#include "job/launch.h"
#include "job/mpirun.h"

enum { RANKS_MOST = 129, PATIENCE_MS = 100000, USAGE = 2 };

static const char usage[] =
    "dunlin doctor [FILE.ini|PRESET] [--KEY VALUE ...]\n"
    "  what this machine or allocation would trip over, in one line each: ok, warn or fail, what it is, and what mends "
    "it.\n"
    "  Alone it starts itself under mpirun, as `dunlin train` would; under mpirun or srun it looks at every rank and "
    "node.\n"
    "  Takes the options of `dunlin train`: --env, --net, --t-max, --out ... are what it tries.\n"
    "  Status 0: nothing would fail; 1: something would.\n";

/* Everything that needs no other rank; where MPI cannot be started at all. */
static int look_alone(struct doctor *d, struct option_set *set, int actors)
{
    static struct doctor_setup s;
    static struct doctor_facts facts;
    doctor_facts(&facts);
    s.set = *set;
    doctor_open(d, &s);
    struct doctor_want want;
    const struct doctor_plan plan = {.facts = &facts, .n = 1, .actors = actors, .want = &want, .alone = true};
    doctor_want(&s, &plan, &want);
    doctor_judge_start(d, &plan);
    doctor_judge_cores(d, &plan);
    doctor_judge_memory(d, &plan);
    doctor_judge_pieces(d, &plan, set->values.env);
    doctor_folder(d, set->values.out, want.checkpoints);
    if (s.ok && !doctor_lacks(&plan)) doctor_scale(d, &s, actors, NULL, NULL, 0);
    setup_close(&s.setup);
    return doctor_verdict(d);
}

/* Copies lines from the ranks to our stdout until they end. The verdict: 0 or 1; -1 where none came. *late: they did
 * not end in time. */
static int relay_lines(int from, bool *late)
{
    static char bytes[1 << 16]; /* their end, where a library that prints says more */
    size_t n = 0;
    for (struct pollfd p = {.fd = from, .events = POLLIN};;) {
        if (n == sizeof bytes - 1) {
            n = sizeof bytes / 2;
            memmove(bytes, bytes + sizeof bytes - 1 - n, n);
        }
        const int ready = poll(&p, 1, PATIENCE_MS);
        if (ready < 0 && errno == EINTR) continue;
        *late = ready == 0;
        if (ready <= 0) break;
        const ssize_t got = read(from, bytes + n, sizeof bytes - 1 - n);
        if (got <= 0) break;
        fwrite(bytes + n, 1, (size_t)got, stdout);
        fflush(stdout);
        n += (size_t)got;
        bytes[n] = 0;
    }
    bytes[n] = 0;
    return strstr(bytes, "\nfail verdict: ") ? 1 : strstr(bytes, "\nok verdict: ") ? 0 : -1;
}

/* The same words under mpirun, with a rank for each actor and one for the master. Status. */
static int launch(struct doctor *d, int actors, int argc, char **argv)
{
    int from;
    bool late = false;
    const char **words = memory_new((size_t)argc + 2, sizeof *words);
    words[0] = "doctor";
    for (int i = 0; i < argc; i++) words[i + 1] = argv[i];
    const struct mpirun start = mpirun_attached(actors + 1, words);
    const pid_t pid = mpirun_start(&start, &from);
    free(words);
    if (pid < 0) log_error("%s", error_text());
    const int verdict = pid > 0 ? relay_lines(from, &late) : -1;
    if (pid > 0) close(from);
    if (late) kill(pid, SIGTERM);
    const int status = pid > 0 ? mpirun_wait(pid) : 1;
    if (verdict >= 0) return verdict;
    if (late)
        doctor_say(d, DOCTOR_FAIL, "mpirun", "run `mpirun -n 2 hostname`; see that nothing holds its ports or TMPDIR",
                   "%d ranks did not come to an end within %d s", actors + 1, PATIENCE_MS / 1000);
    else
        doctor_say(d, DOCTOR_FAIL, "mpirun", "run `mpirun -n 2 hostname`, and look at what stands on stderr",
                   "%d ranks ended with status %d before the last finding", actors + 1, status);
    return doctor_verdict(d);
}

/* The options of training with the environment's defaults. 0, or -1 after error_set(). */
static int read_options(struct option_set *set, int argc, char **argv)
{
    options_init(set);
    if (options_read_args(set, argc, argv, NULL)) return -1;
    return setup_complete(set);
}

int doctor_main(int argc, char **argv)
{
    static struct option_set set;
    struct doctor d = {.out = stdout};
    if (words_find_help(argc, argv) >= 0) {
        text_help(stdout, usage);
        return 0;
    }
    if (read_options(&set, argc, argv)) {
        if (family_any_rank() <= 0) log_error("%s", error_text());
        return USAGE;
    }
    char mend[256];
    const enum launch_kind kind = launch_kind();
    if (kind == LAUNCH_RANK) return doctor_ranks(&set);
    int actors = launch_actors(set.values.actors, set.values.master_threads);
    if (actors > RANKS_MOST - 1) actors = RANKS_MOST - 1;
    if (kind == LAUNCH_WRONG) {
        snprintf(mend, sizeof mend, "mpirun -n 2 or more, %s, or no launcher at all", family_get()->srun);
        doctor_say(&d, DOCTOR_FAIL, "launch", mend, "%s", error_text());
        return look_alone(&d, &set, actors);
    }
    const bool root = mpirun_check_root() != 0;
    char mpirun[4096];
    snprintf(mend, sizeof mend, "install it (%s), or load the module of %s", family_get()->package, family_get()->name);
    if (!doctor_on_path(family_mpirun(mpirun, sizeof mpirun)))
        doctor_say(&d, DOCTOR_FAIL, "mpirun", mend, "not on the PATH");
    const char *tmp = getenv("TMPDIR");
    if (root || d.count[DOCTOR_FAIL] || access(tmp && *tmp ? tmp : "/tmp", W_OK | X_OK))
        return look_alone(&d, &set, actors);
    return launch(&d, actors, argc, argv);
}
