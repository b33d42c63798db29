/* bench.c -- `dunlin bench`: its words, and which WHAT they ask for. Those with actors start
 * themselves under mpirun. */
#include "bench/bench.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/left.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/words.h"
#include "bench/figures.h"
#include "bench/scale_words.h"
#include "job/launch.h"
#include "job/mpirun.h"
#include "measure/made.h"
#include "measure/probe.h"
#include "setup/setup.h"

static const struct what {
    const char *name, *help;
    int (*run)(const struct bench *b);
    double seconds; /* to measure for, where nothing is said; starts and ends come on top */
    bool ranks;     /* runs under mpirun */
    bool trains;    /* takes the options of training */
    bool nodes;     /* wants two nodes: runs only where mpirun has started it */
} whats[] = {
    {"net", "act and learn of networks over the floating-point and memory bounds", bench_net, 12, false, false, false},
    {"actor", "training frames/s of one actor on one core over raw emulation", bench_actor, 10, true, true, false},
    {"server", "gradients/s (whole, and with factors), push, fetch, waking up and idling of rank 0", bench_server, 12,
     true, false, false},
    {"link", "push and fetch between two nodes over plain messages", bench_link, 6, true, false, true},
    {"whole", "frames/s of master and N actors over N times one actor", bench_whole, 20, false, true, false},
    {"scale", "how many actors pay: a simulation from measured costs, held against real runs", bench_scale, 16, false,
     true, false},
};
enum { WHATS = sizeof whats / sizeof whats[0] };

static void print_usage(void)
{
    char line[256];
    text_help(stdout,
              "dunlin bench [WHAT] [--json] [options]\n"
              "  one line a figure: NAME value V UNIT limit V UNIT ratio R, where R is V / limit: of rates 1 is "
              "the most, of times the least; without WHAT all but link, which wants two nodes, of\n");
    for (int i = 0; i < WHATS; i++) {
        snprintf(line, sizeof line, "    %-8s%s", whats[i].name, whats[i].help);
        text_help(stdout, line);
    }
    snprintf(line, sizeof line,
             "  --params N    server, link, scale: so many parameters (default %d; 2400000 spills the usual caches)",
             MADE_PARAMS);
    text_help(stdout,
              "  --json        the figures as JSON, when all are there\n"
              "  --seconds S   measure for S seconds each\n"
              "  --net N       net: only this network; server: with as many parameters; actor, whole: as in training\n"
              "  --lstm N      net, server: with an LSTM of N cells; actor, whole: as in training\n"
              "  --norm layer  net: with normalised layers (none: each network has rows of both); actor, whole: as in "
              "training\n");
    text_help(stdout, line);
    text_help(
        stdout,
        "  --threads 1,2 server: so many threads apply, in turn (train: --master-threads)\n"
        "  actor and whole take the options of `dunlin train` (default --env catch):\n"
        "    dunlin bench actor --env atari:pong --envs-per-actor 8\n"
        "  whole: --actors N is the most that are tried at a time (16)\n"
        "  scale takes them too, and --csv FILE, --out FILE.png|.svg (a picture), --most N (4096 actors), "
        "--per-node N (16), --check NEAR,FAR (32,8: most sleeping actors of the runs beside the model, by shared "
        "memory and over TCP), --link GBIT/S (10), --lag N (64: more is too much), --significant SHARE (0.06 of a "
        "gradient is sent), and costs in microseconds that are then not measured: --step, --fetch, --push, "
        "--apply, --latency, --message (1: of rank 0's link, each); with the first four nothing is measured. Every "
        "--wire and --combine is simulated; --combine-most N (64) and --master-threads N (1) hold in all of them\n");
}

struct trial {
    struct bench words;
    const struct what *what;
};

/* 0, or 1 after error_set(). */
static int try_setup(void *arg)
{
    static struct option_set set;
    const struct trial *t = arg;
    struct setup setup = {0};
    if (t->what->run == bench_scale) return bench_scale_check(&t->words) != 0;
    const int rc = bench_options(&t->words, &set) || setup_open(&setup, &set.values, true);
    setup_close(&setup);
    return rc;
}

static int check(const struct bench *b, const struct what *w)
{
    const struct watched how = {.what = "the environment's trial", .tell = 10};
    struct trial trial = {*b, w};
    return w->trains ? left_run(&how, try_setup, &trial, sizeof trial) : 0;
}

/* Under mpirun: a master and the actors that the WHAT wants. */
static int launch(const struct bench *b, const struct what *w)
{
    enum { SERVER_RANKS = 17, ACTOR_RANKS = 2, WORDS = 14 };
    char seconds[32], params[32], lstm[32];
    int n = 0;
    const char **words = memory_new((size_t)b->argc + WORDS + 1, sizeof *words);
    snprintf(seconds, sizeof seconds, "%g", b->seconds);
    snprintf(params, sizeof params, "%ld", b->params);
    snprintf(lstm, sizeof lstm, "%d", b->lstm);
    words[n++] = "bench";
    words[n++] = w->name;
    words[n++] = "--seconds";
    words[n++] = seconds;
    if (!w->trains && b->params) {
        words[n++] = "--params";
        words[n++] = params;
    }
    if (!w->trains && b->threads_text) {
        words[n++] = "--threads";
        words[n++] = b->threads_text;
    }
    if (!w->trains && b->factors_text) {
        words[n++] = "--factors";
        words[n++] = b->factors_text;
    }
    if (!w->trains && b->net) {
        words[n++] = "--net";
        words[n++] = b->net;
    }
    if (!w->trains && b->lstm) {
        words[n++] = "--lstm";
        words[n++] = lstm;
    }
    for (int i = 0; w->trains && i < b->argc; i++) words[n++] = b->argv[i];
    const struct mpirun start = mpirun_attached(w->trains ? ACTOR_RANKS : SERVER_RANKS, words);
    const pid_t pid = mpirun_start(&start, NULL);
    free(words);
    if (pid > 0) return mpirun_wait(pid);
    log_error("%s", error_text());
    return 1;
}

/* The figures of text, lines of probe_print(), as a list; other lines are left out. Of one without figures only where
 * `always`: under mpirun one rank has them. */
static void print_json(FILE *text, bool always)
{
    struct json j = {.out = stdout};
    char line[512];
    rewind(text);
    if (!always && !fgets(line, sizeof line, text)) return;
    rewind(text);
    json_array(&j, NULL);
    while (fgets(line, sizeof line, text)) {
        char name[128], unit[64];
        double value, limit, ratio;
        if (sscanf(line, "%127s value %lf %63s limit %lf %*s ratio %lf", name, &value, unit, &limit, &ratio) != 5)
            continue;
        json_object(&j, NULL);
        json_text(&j, "name", name);
        json_real(&j, "value", value);
        json_real(&j, "limit", limit);
        json_text(&j, "unit", unit);
        json_real(&j, "ratio", ratio);
        json_end(&j);
    }
    json_end(&j);
}

/* What is printed meanwhile, by this process and those that it starts, goes to a file; NULL after error_set(). */
struct kept_output {
    FILE *text;
    int before; /* the standard output that was */
};
static int keep_output(struct kept_output *k)
{
    fflush(stdout);
    k->text = tmpfile();
    k->before = k->text ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
    if (k->before < 0 || dup2(fileno(k->text), STDOUT_FILENO) < 0)
        return error_set("no temporary file for --json: %s", strerror(errno));
    return 0;
}
static void give_output_back(struct kept_output *k, bool always)
{
    fflush(stdout);
    if (dup2(k->before, STDOUT_FILENO) >= 0) print_json(k->text, always);
    close(k->before);
    fclose(k->text);
}

static int run_what(const struct bench *given, const struct what *w, enum launch_kind kind)
{
    struct bench b = *given;
    if (b.seconds <= 0) b.seconds = w->seconds;
    if (kind == LAUNCH_ALONE) log_root("bench %s: %g s and the start", w->name, b.seconds);
    if (w->ranks && kind == LAUNCH_ALONE) return launch(&b, w);
    return w->run(&b);
}

/* Those of bench and those of scale. */
static int tell_words(struct bench *b)
{
    struct scale_words scale;
    bench_words(b, 0, NULL);
    scale_words(b, &scale);
    free(b->argv);
    return 0;
}

int bench_main(int argc, char **argv)
{
    struct bench b = {0};
    const struct what *only = NULL;
    const bool named = argc > 0 && argv[0][0] != '-';
    if (words_telling()) return tell_words(&b);
    if (words_find_help(argc, argv) >= 0) {
        print_usage();
        return 0;
    }
    for (int i = 0; named && i < WHATS; i++)
        if (!strcmp(argv[0], whats[i].name)) only = &whats[i];
    const enum launch_kind kind = launch_kind();
    int bad = 0;
    if (named && !only)
        bad = error_set("bench knows net, actor, server, link, whole and scale, not \"%s\"", argv[0]);
    else if (kind == LAUNCH_WRONG)
        bad = -1;
    else if (kind == LAUNCH_RANK && !(only && (only->ranks || only->run == bench_scale)))
        bad = error_set(
            "under mpirun only `bench actor`, `server`, `link` and `scale` make sense; start the others without it");
    else if (kind == LAUNCH_ALONE && only && only->nodes)
        bad = error_set("bench link measures between two nodes: mpirun --host A:1,B:3 -n 4 dunlin bench link");
    else
        bad = bench_words(&b, argc - named, argv + named) || (only && bench_check_own(&b, only->name));
    for (int i = 0; i < WHATS && !bad && kind == LAUNCH_ALONE; i++) {
        if (only == &whats[i])
            bad = check(&b, only);
        else if (!only && whats[i].trains)
            bad = check(&b, &whats[i]);
    }
    struct kept_output kept = {0};
    int status = 0;
    if (!bad && b.json) bad = keep_output(&kept);
    if (bad) {
        log_error("%s", error_text());
        status = 2;
    }
    for (int i = 0; i < WHATS && !bad; i++)
        if (only ? only == &whats[i] : !whats[i].nodes) {
            const int rc = run_what(&b, &whats[i], kind);
            if (rc) status = status ? status : rc;
        }
    if (!bad && b.json) give_output_back(&kept, kind == LAUNCH_ALONE);
    free(b.argv);
    return status;
}
