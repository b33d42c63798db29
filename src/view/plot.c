/* plot.c -- `dunlin plot`: reads runs, lets gnuplot draw them.
 *
 * gnuplot gets the script on its standard input and writes the picture to its standard output, which is a file of ours:
 * no shell, and no name of the user's stands in the script where gnuplot would open it ('|command'
 * would run one). */
#include "view/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/runfile.h"
#include "view/figure.h"
#include "view/scatter.h"

enum { CURVES_MOST = 64, RUNS_MOST = 4096, USAGE = 2, FAILED = 1 };

static const char usage[] =
    "dunlin plot RUN... --out FILE.png|.svg [--x frames|seconds|updates|lr|rank]\n"
    "dunlin plot RUN... --text [--x frames|seconds|updates|lr|rank]\n"
    "  learning curves of run folders (or their run.h5), drawn by gnuplot; --text draws them here\n"
    "  --x lr: one point per run, its score against its learning rate; --x rank: the same scores, best first\n";

struct words {
    const char *runs[RUNS_MOST], *out;
    int count;
    enum figure_axis axis;
    enum figure_format format;
    bool text, help;
};

struct loaded {
    char name[NAME_MAX + 1];
    struct figure_point *episodes, *evals; /* owner: main, free() */
    int64_t episode_count, eval_count;
};

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

static int read_axis(const char *value, enum figure_axis *axis)
{
    static const char *const names[] = {"frames", "seconds", "updates", "lr", "rank"};
    for (int i = 0; value && i < (int)(sizeof names / sizeof names[0]); i++)
        if (!strcmp(value, names[i])) {
            *axis = (enum figure_axis)i;
            return 0;
        }
    return error_set("--x is '%.80s'; allowed: frames, seconds, updates, lr, rank", value ? value : "");
}

static int read_words(struct words *w, int argc, char **argv)
{
    *w = (struct words){.axis = FIGURE_FRAMES};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(word, "--help")) {
            w->help = true;
            return 0;
        } else if (!strcmp(word, "--text")) {
            w->text = true;
        } else if (!strncmp(word, "--x=", 4)) {
            if (read_axis(word + 4, &w->axis)) return -1;
        } else if (!strcmp(word, "--x")) {
            if (read_axis(next, &w->axis)) return -1;
            i++;
        } else if (!strncmp(word, "--out=", 6)) {
            w->out = word + 6;
        } else if (!strcmp(word, "--out")) {
            if (!next) return error_set("--out: its value is missing; allowed: --out FILE.png or --out FILE.svg");
            w->out = argv[++i];
        } else if (word[0] == '-') {
            return error_set(
                "plot knows no option %.80s; allowed: --out FILE.png|.svg, --text, --x frames|seconds|updates|lr|rank",
                word);
        } else if (w->count == RUNS_MOST) {
            return error_set("more than %d runs; allowed: at most so many in a figure", RUNS_MOST);
        } else {
            w->runs[w->count++] = word;
        }
    }
    if (!w->count) return error_set("plot needs a run; allowed: dunlin plot RUN... --out FILE.png|.svg, or --text");
    if (w->axis < FIGURE_LR && w->count > CURVES_MOST)
        return error_set("%d runs are too many curves; allowed: %d (--x lr draws one point per run)", w->count,
                         CURVES_MOST);
    if (w->text && w->out) return error_set("both --text and --out %.200s were given; allowed: one of them", w->out);
    if (!w->text && !w->out)
        return error_set("plot needs --out FILE.png or FILE.svg, or --text to draw in the terminal");
    w->format = w->text ? FIGURE_TEXT : ends_with(w->out, ".svg") ? FIGURE_SVG : FIGURE_PNG;
    if (w->out && w->format == FIGURE_PNG && !ends_with(w->out, ".png"))
        return error_set("--out is '%.400s'; allowed: a name that ends in .png or .svg", w->out);
    return 0;
}

/* The folder's own name of a run given as a folder or as its run.h5. */
static void run_name(const char *run, bool folder, char *name, size_t size)
{
    char path[PATH_MAX], whole[PATH_MAX];
    snprintf(path, sizeof path, "%s", run);
    if (!folder) {
        char *slash = strrchr(path, '/');
        if (slash && slash != path) *slash = 0;
        if (!slash) memcpy(path, ".", 2);
    }
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) path[n - 1] = 0;
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    if (!strcmp(last, ".") || !strcmp(last, "..")) { /* these name no run */
        slash = realpath(path, whole) ? strrchr(whole, '/') : NULL;
        last = slash && slash[1] ? slash + 1 : path;
    }
    snprintf(name, size, "%.*s", (int)size - 1, last);
}

/* Frames and updates of /train's rows, for points between them. */
struct ticks {
    struct run_train *rows;
    int64_t count;
};

/* Updates done when `frames` frames were: straight between rows of /train, from (0, 0), and on behind the last row. */
static double updates_at(const struct ticks *t, double frames)
{
    int64_t low = 0, high = t->count - 1;
    while (low < high) { /* the first row at or behind frames, or the last */
        const int64_t middle = (low + high) / 2;
        if ((double)t->rows[middle].frames < frames)
            low = middle + 1;
        else
            high = middle;
    }
    const struct run_train zero = {0}, *b = &t->rows[low], *a = low ? b - 1 : &zero;
    const double df = (double)(b->frames - a->frames), du = (double)(b->updates - a->updates);
    return df > 0 ? (double)a->updates + du * (frames - (double)a->frames) / df : (double)b->updates;
}

static int by_x(const void *a, const void *b)
{
    const double x = ((const struct figure_point *)a)->x, y = ((const struct figure_point *)b)->x;
    return (x > y) - (x < y);
}

/* Rows that are no numbers are left out: figures of a run with a fault in it can still be drawn. */
static void add_point(struct figure_point *points, int64_t *n, double x, double y)
{
    if (isfinite(x) && isfinite(y)) points[(*n)++] = (struct figure_point){x, y};
}

static double x_of(enum figure_axis axis, const struct ticks *ticks, int64_t frames, double seconds)
{
    return axis == FIGURE_FRAMES    ? (double)frames
           : axis == FIGURE_SECONDS ? seconds
                                    : updates_at(ticks, (double)frames);
}

/* The points of a run file; 0, or -1 after error_set(). */
static int load_points(struct loaded *run, const char *path, enum figure_axis axis)
{
    void *episodes = NULL, *evals = NULL, *train = NULL;
    struct ticks ticks = {0};
    int64_t n = runfile_read(path, RUN_TABLE_EPISODES, &episodes),
            m = n < 0 ? n : runfile_read(path, RUN_TABLE_EVAL, &evals);
    int status = m < 0 ? -1 : 0;
    if (!status && axis == FIGURE_UPDATES) {
        ticks.count = runfile_read(path, RUN_TABLE_TRAIN, &train);
        ticks.rows = train;
        if (ticks.count < 0) status = -1;
        if (ticks.count == 0) n = m = 0; /* nothing says yet how many updates were made */
    }
    if (!status) {
        run->episodes = memory_new((size_t)n + 1, sizeof *run->episodes);
        run->evals = memory_new((size_t)m + 1, sizeof *run->evals);
        const struct run_episode *e = episodes;
        const struct run_eval *v = evals;
        for (int64_t i = 0; i < n; i++)
            add_point(run->episodes, &run->episode_count, x_of(axis, &ticks, e[i].frames, e[i].seconds), e[i].ret);
        for (int64_t i = 0; i < m; i++)
            add_point(run->evals, &run->eval_count, x_of(axis, &ticks, v[i].frames, v[i].seconds), v[i].mean);
        qsort(run->episodes, (size_t)run->episode_count, sizeof *run->episodes, by_x);
        qsort(run->evals, (size_t)run->eval_count, sizeof *run->evals, by_x);
    }
    free(episodes);
    free(evals);
    free(train);
    return status;
}

int plot_find_run(const char *what, char *path, size_t size, bool *folder)
{
    struct stat st;
    if (stat(what, &st)) return error_set("%.400s: %s; give a run's folder or its run.h5", what, strerror(errno));
    *folder = S_ISDIR(st.st_mode);
    snprintf(path, size, "%s%s", what, *folder ? "/run.h5" : "");
    if (*folder && stat(path, &st)) return error_set("%.400s: no run.h5 in this folder; give a run's folder", what);
    return 0;
}

static int load_run(struct loaded *run, const char *what, enum figure_axis axis)
{
    char path[PATH_MAX];
    bool folder;
    if (plot_find_run(what, path, sizeof path, &folder)) return -1;
    run_name(what, folder, run->name, sizeof run->name);
    return load_points(run, path, axis);
}

/* The first line that gnuplot complained with, behind its empty ones. */
static void read_complaint(FILE *from, char *line, int size)
{
    line[0] = 0;
    rewind(from);
    while (fgets(line, size, from)) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[strspn(line, " \t^")]) return;
    }
    snprintf(line, (size_t)size, "it says nothing");
}

/* Runs gnuplot from script to the descriptor out; 0, or -1 after error_set(). */
static int run_gnuplot(FILE *script, int out)
{
    char *const argv[] = {"gnuplot", "-d", "-", NULL}; /* -d: nobody's ~/.gnuplot changes the figure */
    char complaint[300];
    FILE *err = tmpfile();
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0;
    if (!err) return error_set("no temporary file can be made: %s", strerror(errno));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fileno(err), STDERR_FILENO);
    const int failed = posix_spawnp(&child, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (!failed)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (failed == ENOENT)
        status = error_set("gnuplot is not on the PATH; install the package gnuplot-nox (Debian, Ubuntu) or gnuplot");
    else if (failed)
        status = error_set("gnuplot cannot be started: %s", strerror(failed));
    else if (status) {
        read_complaint(err, complaint, sizeof complaint);
        status = error_set("gnuplot failed: %s", complaint);
    }
    fclose(err);
    return status;
}

int plot_draw(FILE *script, const char *to)
{
    char part[PATH_MAX] = "";
    int out = STDOUT_FILENO, status;
    if (fflush(script) || ferror(script))
        return error_set("the script for gnuplot cannot be written: %s", strerror(errno));
    rewind(script);
    if (to) {
        snprintf(part, sizeof part, "%s.part-%ld", to, (long)getpid());
        out = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    }
    fflush(stdout);
    if (out < 0) {
        status = error_set("%.400s: cannot be written: %s; give a folder that exists", to, strerror(errno));
    } else {
        status = run_gnuplot(script, out);
        if (to && close(out) && !status) status = error_set("%.400s: cannot be written: %s", to, strerror(errno));
        if (to && !status && rename(part, to)) status = error_set("%.400s: cannot be written: %s", to, strerror(errno));
        if (to && status) unlink(part);
    }
    return status;
}

/* Two runs of one folder name are told apart by what was typed. */
static const char *legend_name(const struct words *w, const struct loaded *runs, int r)
{
    for (int other = 0; other < w->count; other++)
        if (other != r && !strcmp(runs[other].name, runs[r].name)) return w->runs[r];
    return runs[r].name;
}

/* The script of the curves; 0, or -1 after error_set(). */
static int write_curves(FILE *script, const struct words *w, struct loaded *loaded)
{
    struct figure_run runs[CURVES_MOST];
    int count = 0;
    for (int r = 0; r < w->count; r++)
        if (load_run(&loaded[r], w->runs[r], w->axis)) return -1;
    for (int r = 0; r < w->count; r++) {
        const struct loaded *l = &loaded[r];
        if (!l->episode_count && !l->eval_count) {
            if (w->count > 1) log_root("%s has no finished episode yet and is left out", w->runs[r]);
            continue;
        }
        runs[count++] = (struct figure_run){.name = legend_name(w, loaded, r),
                                            .episodes = l->episodes,
                                            .episode_count = l->episode_count,
                                            .evals = l->evals,
                                            .eval_count = l->eval_count};
    }
    if (!count) return error_set("%.400s: no finished episode yet; plot again when the run has gone on", w->runs[0]);
    figure_write(script, w->format, w->axis, runs, count);
    return 0;
}

static int plot(const struct words *w, struct loaded *loaded)
{
    FILE *script = tmpfile();
    if (!script) return error_set("no temporary file can be made: %s", strerror(errno));
    int status = w->axis < FIGURE_LR ? write_curves(script, w, loaded)
                                     : scatter_write(script, w->runs, w->count, w->axis, w->format);
    if (!status) status = plot_draw(script, w->out);
    fclose(script);
    return status;
}

int plot_main(int argc, char **argv)
{
    struct words w;
    if (read_words(&w, argc, argv)) {
        log_error("%s", error_text());
        return USAGE;
    }
    if (w.help) {
        fputs(usage, stdout);
        return 0;
    }
    struct loaded *loaded = memory_new((size_t)w.count, sizeof *loaded);
    const int status = plot(&w, loaded) ? FAILED : 0;
    if (status) log_error("%s", error_text());
    for (int r = 0; r < w.count; r++) {
        free(loaded[r].episodes);
        free(loaded[r].evals);
    }
    free(loaded);
    return status;
}
