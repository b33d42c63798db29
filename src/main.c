/* main.c -- the subcommands. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/log.h"
#include "base/manual.h"
#include "base/option_names.h"
#include "base/options.h"
#include "base/text.h"
#include "base/watched.h"
#include "base/words.h"
#include "bench/bench.h"
#include "check/check.h"
#include "doctor/doctor.h"
#include "dunlin/version.h"
#include "export/export.h"
#include "job/blas.h"
#include "job/family.h"
#include "learn/world.h"
#include "play/eval.h"
#include "play/record.h"
#include "setup/list.h"
#include "setup/setup.h"
#include "train/train.h"
#include "view/compare.h"
#include "view/info.h"
#include "view/plot.h"
#include "view/top.h"

static int argc_all;
static char **argv_all;

static int train_command(int argc, char **argv)
{
    return train_main(argc, argv, false, argc_all, argv_all);
}
static int resume_command(int argc, char **argv)
{
    return train_main(argc, argv, true, argc_all, argv_all);
}

static const struct command {
    const char *name, *words, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"train", "[FILE.ini|PRESET] [--KEY VALUE ...]", "train; under mpirun or srun, or alone (launches itself)",
     train_command},
    {"resume", "RUN [--KEY VALUE ...]", "go on from the newest whole checkpoint", resume_command},
    {"eval", "RUN|CHECKPOINT [--episodes N] [--seed S] [--greedy] [--best] [--render]", "play without learning",
     eval_main},
    {"record", "RUN|CHECKPOINT --out FILE.gif|.mp4 [--episodes N] [--seed S] [--greedy] [--best]", "watch the agent",
     record_main},
    {"export", "RUN|CHECKPOINT [--best] --out FILE.safetensors|.onnx|.weights.h5|.csv | FOLDER/",
     "weights for PyTorch, ONNX or Keras; curves for TensorBoard", export_main},
    {"top", "RUN [--once] [--interval S]", "a live text view of a running job", top_main},
    {"plot", "RUN...|DIR --out FILE.png|.svg|.pdf [--x frames|seconds|updates|lr|rank] [--y entropy|lr|...]",
     "learning curves, seeds as their mean; scores against the learning rate", plot_main},
    {"compare", "RUN...|DIR [--each] [--by last|best] [--csv|--json]",
     "a table of runs, the best settings first, seeds as mean and range", compare_main},
    {"info", "RUN|CHECKPOINT [--csv TABLE] [--json]", "settings, progress, provenance; a table as CSV", info_main},
    {"bench", "[WHAT] [--json] [options]", "speed figures, as ratios to limits measured in the same run", bench_main},
    {"doctor", "[FILE.ini|PRESET] [--KEY VALUE ...]",
     "what this machine or allocation would trip over, and what mends it", doctor_main},
    {"check", "ENV [--episodes N] [--seconds S] [--seed S]", "plays an environment and names what is wrong with it",
     check_main},
    {"list", "[--json]", "environments, algorithms, networks, optimizers", list_main},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out)
{
    fprintf(out, "dunlin %s -- asynchronous deep reinforcement learning on CPU clusters\n\n", DUNLIN_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char line[256];
        snprintf(line, sizeof line, "  dunlin %s %s", commands[i].name, commands[i].words);
        text_wrapped(out, line, 9 + (int)strlen(commands[i].name) + 1, TEXT_WIDTH);
        fprintf(out, "        %s\n", commands[i].help);
    }
    fprintf(out, "\nMore of a command: dunlin help COMMAND; all of training: dunlin help train all\n");
}

static const char *command_name(int i)
{
    return i < COMMAND_COUNT ? commands[i].name : NULL;
}
static const char *env_name(int i)
{
    return world_env(i) ? world_env(i)->name : NULL;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, commands[i].name)) return &commands[i];
    const char *meant = option_names_command(name, command_name);
    log_error("unknown command %.80s%s%s%s: `dunlin --help` lists what there is", name, meant ? "; here it is '" : "",
              meant ? meant : "", meant ? "'" : "");
    return NULL;
}

/* What the command's --help prints, malloc'd; NULL where there is no room for it. */
static char *usage_of(const struct command *c)
{
    char *words[] = {"--help", NULL};
    FILE *file = tmpfile();
    fflush(stdout);
    const int out = dup(STDOUT_FILENO);
    if (!file || out < 0 || dup2(fileno(file), STDOUT_FILENO) < 0) return NULL;
    c->run(1, words);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    const long n = ftell(file);
    char *text = calloc(1, n > 0 ? (size_t)n + 1 : 1);
    rewind(file);
    if (text && n > 0 && fread(text, 1, (size_t)n, file) != (size_t)n) text[0] = '\0';
    fclose(file);
    return text;
}

static bool any_option(int i)
{
    (void)i;
    return true;
}
static bool option_beside_env(int i) /* `check ENV` */
{
    return strcmp(option_key(i), "env") != 0;
}

/* Which options of training the command takes. */
static bool (*taken_options(const struct command *c))(int option)
{
    const bool all = c->run == train_command || c->run == doctor_main || c->run == bench_main;
    return all                        ? any_option
           : c->run == resume_command ? option_of_resume
           : c->run == check_main     ? option_beside_env
                                      : NULL;
}

static void take_own(void *to, const char *key)
{
    struct manual_command *c = to;
    int n = 0;
    while (c->own[n]) {
        if (!strcmp(c->own[n], key)) return;
        n++;
    }
    if (n < MANUAL_OWN - 1) c->own[n] = key;
}

/* What is told of a command; the options' names are constants. */
static struct manual_command manual_of(const struct command *c, const char *usage)
{
    struct manual_command m = {c->name, c->words, c->help, usage, {NULL}, taken_options(c)};
    char *words[] = {"--help", NULL};
    if (c->run == train_command || c->run == resume_command || c->run == doctor_main) return m; /* none of their own */
    words_tell(take_own, &m);
    c->run(1, words);
    words_tell(NULL, NULL);
    return m;
}

/* `help --man`, `help --completion SHELL`: what `make install` installs. Exit status. */
static int print_manual(const char *shell)
{
    struct manual_command all[COMMAND_COUNT];
    char *usages[COMMAND_COUNT] = {0};
    const struct manual m = {.commands = all, .count = COMMAND_COUNT, .version = DUNLIN_VERSION, .env = env_name};
    bool failed = false;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        failed |= !(usages[i] = usage_of(c));
        all[i] = manual_of(c, usages[i]);
    }
    if (failed)
        log_error("no temporary file can be made: %s", strerror(errno));
    else if (!shell)
        manual_page(stdout, &m);
    else if (manual_completion(stdout, &m, shell))
        log_error("%s", error_text());
    else
        shell = NULL;
    for (size_t i = 0; i < COMMAND_COUNT; i++) free(usages[i]);
    return failed ? 1 : shell ? 2 : 0;
}

static int help(int argc, char **argv)
{
    char *words[] = {"--help", argc > 1 ? argv[1] : NULL, NULL};
    if (!argc || words_find_help(1, argv) == 0 || !strcmp(argv[0], "help") || !strcmp(argv[0], "version")) {
        print_usage(stdout);
        return 0;
    }
    if (!strcmp(argv[0], "--man")) return print_manual(NULL);
    if (!strcmp(argv[0], "--completion")) return print_manual(argc > 1 ? argv[1] : "");
    const struct command *c = find_command(argv[0]);
    return c ? c->run(argc > 1 ? 2 : 1, words) : 2;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (words_find_help(1, argv + 1) == 0 || !strcmp(argv[1], "help")) return help(argc - 2, argv + 2);
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V") || !strcmp(argv[1], "version")) {
        printf("dunlin %s\n", DUNLIN_VERSION);
        return 0;
    }
    const struct command *c = find_command(argv[1]);
    const int rank = family_any_rank();
    if (c && rank <= 0 && cpu_check(rank < 0)) {
        log_error("%s", error_text());
        return 2;
    }
    return c ? c->run(argc - 2, argv + 2) : 2;
}

static bool returned; /* the command has */
static pid_t self;

/* Nothing of ours calls exit(): what does so while a command runs is a library, as an environment's may be. */
static void at_exit(int status, void *unused)
{
    (void)unused;
    if (returned || getpid() != self) return;
    watched_fail("a library has called exit(%d) in the middle of the work, the environment's if it is one: it must not "
                 "end this process",
                 status);
}

/* What was to be read has not been where standard output takes no more; a command that failed has said why. */
static int check_output(int status)
{
    if (status) return status;
    if (fflush(stdout))
        log_error("standard output cannot be written to: %s", strerror(errno));
    else if (ferror(stdout))
        log_error("standard output cannot be written to");
    else
        return 0;
    return 1;
}

/* What whoever started us may have left behind: standard streams that are closed, whose numbers pipes would get, and an
 * ignored SIGCHLD, with which no child can be waited for. A full quota (ulimit -f) is no death, but an error of
 * write(), which is told and leaves no half file. */
static void settle(void)
{
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
    argc_all = argc;
    argv_all = argv;
    settle();
    blas_choose(argv);
    self = getpid();
    on_exit(at_exit, NULL);
    setup_names();
    const int status = check_output(dispatch(argc, argv));
    returned = true;
    fflush(NULL);
    if (world_library_loaded()) _exit(status); /* what it does at exit is not waited for */
    return status;
}
