/* top.c -- `dunlin top`: RUN/status every second, the history in RUN/run.h5 when the status has changed. */
#include "view/top.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/process.h"
#include "base/resume_words.h"
#include "base/text.h"
#include "base/words.h"
#include "store/options_file.h"
#include "store/run_folders.h"
#include "store/runfile.h"
#include "view/top_text.h"

static const char usage[] = "dunlin top RUN [--once] [--interval S]\n"
                            "  what a run is doing, every S seconds (1); q or Ctrl-C leaves\n"
                            "  --once: one view, for scripts\n";

/* Clear what is there; from its upper left corner each line ends with "clear the rest". */
#define ANSI_CLEAR "\033[2J"
#define ANSI_HOME "\033[H"
#define ANSI_LINE_END "\033[K\n"
#define ANSI_CLEAR_BELOW "\033[J"

enum { HISTORY_MOST = 1 << 16 };       /* rows: many to a column of any terminal */
static const double HISTORY_EASE = 20; /* reading the history may take this part of the time */

struct request {
    const char *run;
    double interval;
    bool once;
};

/* What was read last. */
struct reading {
    struct status status;
    struct run_actor *actors;
    struct run_train *rows;
    int64_t row_count;
    struct timespec written; /* the status that the history belongs to */
    double next_history;     /* on the monotonic clock */
    char fault[512];
    char resume[RESUME_WORDS]; /* the words that it goes on with, where its master is gone; "": not looked for yet */
};

static volatile sig_atomic_t leave;

static void on_signal(int signal)
{
    (void)signal;
    leave = 1;
}

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    *w = (struct request){.interval = 1};
    const struct word rows[] = {{"--once", .flag = &w->once},
                                {"--interval", .real = &w->interval, .low = 0.1, .high = 3600}};
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = &w->run,
                                .most = 1,
                                .noun = "run",
                                .question = "which run? dunlin top RUN [--once] [--interval S]"};
    return words_read(&words, argc, argv);
}

/* Rows of /train, evenly thinned, and the last two as they are: by these an interval is known. */
struct history {
    struct run_train *rows;
    int64_t count, at, each;
};

static int add_history(void *arg, const void *rows, int64_t n, int64_t total)
{
    struct history *h = arg;
    const struct run_train *r = rows;
    if (!h->rows) {
        h->each = total / HISTORY_MOST + 1;
        h->rows = memory_new((size_t)(total / h->each) + 4, sizeof *h->rows);
    }
    for (int64_t i = 0; i < n; i++, h->at++)
        if (h->at % h->each == 0 || h->at >= total - 2) h->rows[h->count++] = r[i];
    return 0;
}

/* The history where it is due; what cannot be read is told in the view. */
static void read_history(struct reading *r, const char *run, const struct timespec *written)
{
    char path[PATH_MAX];
    const double start = clock_seconds();
    if (start < r->next_history || (r->rows && !memcmp(written, &r->written, sizeof *written))) return;
    snprintf(path, sizeof path, "%.*s/run.h5", PATH_MAX - 8, run);
    struct history new = {0};
    if (runfile_each(path, RUN_TABLE_TRAIN, add_history, &new) < 0) {
        snprintf(r->fault, sizeof r->fault, "%s", error_text());
        free(new.rows);
    } else {
        free(r->rows); /* NOLINT(clang-analyzer-unix.Malloc): it takes these rows for those of the reading before */
        r->rows = new.rows, r->row_count = new.count, r->written = *written, r->fault[0] = '\0';
    }
    r->next_history = clock_seconds() + HISTORY_EASE * (clock_seconds() - start);
}

/* Seconds since the status was written, by this machine's clock. 0, or after error_set() the status to exit with. */
static int read_run(struct reading *r, const char *run, double *age)
{
    char path[PATH_MAX];
    struct stat st;
    struct timespec now;
    struct status status;
    struct run_actor *actors;
    char runs[512];
    if (stat(run, &st)) return error_set("%.400s: %s; give a run's folder", run, strerror(errno)), 2;
    if (!S_ISDIR(st.st_mode))
        return error_set("%.400s is no folder; give a run's folder%s", run, run_folders_advice(run, runs, sizeof runs)),
               2;
    snprintf(path, sizeof path, "%.*s/status", PATH_MAX - 8, run);
    if (stat(path, &st))
        return error_set("%.400s: no status in this folder; give a run's folder%s", run,
                         run_folders_advice(run, runs, sizeof runs)),
               2;
    if (status_read(run, &status, &actors)) return 1;
    free(r->actors);
    r->actors = actors;
    r->status = status;
    read_history(r, run, &st.st_mtim);
    clock_gettime(CLOCK_REALTIME, &now);
    *age = (double)(now.tv_sec - st.st_mtim.tv_sec) + 1e-9 * (double)(now.tv_nsec - st.st_mtim.tv_nsec);
    if (*age < 0) *age = 0; /* clocks of two machines */
    return 0;
}

/* By what the last session used; without that as a run is gone on with that needs nothing named. */
static void read_resume(struct reading *r, const char *run)
{
    static struct option_set set;
    char path[PATH_MAX];
    options_init(&set);
    snprintf(path, sizeof path, "%.*s/" OPTIONS_FILE, PATH_MAX - 16, run);
    const bool told = !options_read_file(&set, path);
    resume_words(run, told ? set.values.env : "", told ? set.values.python : "", r->resume, sizeof r->resume);
}

/* Shows the view of r on the terminal (live) or as plain text, which fits a terminal too, and elsewhere is whole. */
static void show(struct reading *r, const struct request *w, double age, bool live)
{
    enum { WIDE = 120 };
    struct winsize size = {0};
    const bool fits = isatty(STDOUT_FILENO) || getenv("COLUMNS");
    const bool known = live && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0;
    const bool gone = r->status.state == RUN_RUNNING && process_ended(&r->status.master);
    if (gone && !*r->resume) read_resume(r, w->run);
    const struct top_text v = {.run = w->run,
                               .status = &r->status,
                               .age = age,
                               .gone = gone,
                               .resume = r->resume,
                               .rows = r->rows,
                               .row_count = r->row_count,
                               .fault = *r->fault ? r->fault : NULL,
                               .width = known  ? size.ws_col
                                        : live ? 80
                                        : fits ? text_columns()
                                               : WIDE,
                               .height = known ? size.ws_row - 1 : 0,
                               .unicode = !strcmp(nl_langinfo(CODESET), "UTF-8"),
                               .line_end = live ? ANSI_LINE_END : "\n"};
    if (live) fputs(ANSI_HOME, stdout);
    top_text_write(stdout, &v);
    if (live) fputs(ANSI_CLEAR_BELOW, stdout);
    fflush(stdout);
}

/* Waits; true where the user wants to leave. */
static bool wait_for_key(double seconds)
{
    struct pollfd in = {.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN};
    const double end = clock_seconds() + seconds;
    while (!leave) {
        char key;
        const double left = end - clock_seconds();
        if (left <= 0) return false;
        if (poll(&in, 1, (int)(1000 * left) + 1) <= 0) continue;
        if (in.revents & (POLLHUP | POLLERR | POLLNVAL)) return true;
        if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') return true;
    }
    return true;
}

/* Views until the user leaves; the first reading is done. Where the run cannot be read any more, why
 * takes the view's place. */
static void watch(struct reading *r, const struct request *w, double age)
{
    struct termios before, now;
    struct sigaction end = {.sa_handler = on_signal};
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGHUP, &end, NULL);
    const bool keys = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &before);
    if (keys) {
        now = before;
        now.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* a key counts at once */
        tcsetattr(STDIN_FILENO, TCSANOW, &now);
    }
    fputs(ANSI_CLEAR, stdout);
    for (show(r, w, age, true); !wait_for_key(w->interval);) {
        if (!read_run(r, w->run, &age)) {
            show(r, w, age, true);
        } else {
            char line[1024];
            printf(ANSI_HOME "%s" ANSI_LINE_END ANSI_CLEAR_BELOW, text_shown(error_text(), line, sizeof line));
            fflush(stdout);
        }
    }
    if (keys) tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

int top_main(int argc, char **argv)
{
    static struct reading r;
    struct request w;
    double age = 0;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    int status = rc ? 2 : 0;
    setlocale(LC_CTYPE, "");
    if (!status) status = read_run(&r, w.run, &age);
    if (status) {
        log_error("%s", error_text());
        return status;
    }
    if (w.once || !isatty(STDOUT_FILENO))
        show(&r, &w, age, false);
    else
        watch(&r, &w, age);
    free(r.actors);
    free(r.rows); /* NOLINT(clang-analyzer-unix.Malloc): as above */
    return 0;
}
