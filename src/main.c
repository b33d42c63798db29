/* main.c -- the subcommands. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "base/watched.h"
#include "bench/bench.h"
#include "check/check.h"
#include "doctor/doctor.h"
#include "dunlin/version.h"
#include "export/export.h"
#include "job/blas.h"
#include "play/eval.h"
#include "play/record.h"
#include "setup/list.h"
#include "setup/setup.h"
#include "train/train.h"
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
    {"train", "[FILE.ini] [--KEY VALUE ...]", "train; under mpirun or srun, or alone (launches itself)", train_command},
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
    {"info", "RUN|CHECKPOINT [--csv TABLE]", "settings, progress, provenance; a table as CSV", info_main},
    {"bench", "[WHAT] [options]", "speed figures, as ratios to limits measured in the same run", bench_main},
    {"doctor", "[FILE.ini] [--KEY VALUE ...]", "what this machine or allocation would trip over, and what mends it",
     doctor_main},
    {"check", "ENV [--episodes N] [--seconds S] [--seed S]", "plays an environment and names what is wrong with it",
     check_main},
    {"list", "", "environments, algorithms, networks, optimizers", list_main},
};

static void print_usage(FILE *out)
{
    fprintf(out, "dunlin %s -- asynchronous deep reinforcement learning on CPU clusters\n\n", DUNLIN_VERSION);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char line[256];
        snprintf(line, sizeof line, "  dunlin %s %s", commands[i].name, commands[i].words);
        text_wrapped(out, line, 9 + (int)strlen(commands[i].name) + 1, TEXT_WIDTH);
        fprintf(out, "        %s\n", commands[i].help);
    }
    fprintf(out, "\nOptions of training: dunlin train --help\n");
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_usage(stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("dunlin %s\n", DUNLIN_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (!strcmp(argv[1], commands[i].name)) return commands[i].run(argc - 2, argv + 2);
    log_error("unknown command %s: `dunlin --help` lists what there is", argv[1]);
    return 2;
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
 * ignored SIGCHLD, with which no child can be waited for. */
static void settle(void)
{
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
    signal(SIGCHLD, SIG_DFL);
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
    return status;
}
