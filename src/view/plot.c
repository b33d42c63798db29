/* plot.c -- `dunlin plot`: its words, and who writes and draws the figure. */
#include "view/plot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"
#include "view/curves.h"
#include "view/figure.h"
#include "view/gnuplot.h"
#include "view/runs.h"
#include "view/scatter.h"

enum { RUNS_MOST = 4096, USAGE = 2, FAILED = 1 };

static const char usage[] =
    "dunlin plot RUN... --out FILE.png|.svg|.pdf [options]\n"
    "dunlin plot RUN... --text [options]\n"
    "  learning curves of run folders (or their run.h5, or folders with runs in them), drawn by gnuplot; runs that "
    "differ in the seed alone as their mean, with an interval; a panel for each environment\n"
    "  --text: draws them here\n"
    "  --x frames|seconds|updates\n"
    "  --x lr: one point per run, its score against its learning rate\n"
    "  --x rank: the same scores, best first\n"
    "  --y " CURVE_Y_WORDS "\n"
    "  --smooth N: a running mean of N episodes (rows of /train, every log-every seconds); 1: none\n"
    "  --interval range|ci95: of seeds, the least to the most (default), or Student's 95 % of the mean\n"
    "  --each: a curve for every run, also where only the seed differs\n"
    "  --title TEXT: above it; else the environment and the algorithm\n";

struct request {
    const char *runs[RUNS_MOST], *out;
    int count;
    struct curves_how how;
    bool text;
};

/* What goes with what: 0, or -1 after error_set(). */
static int check(struct request *w)
{
    const bool scores = w->how.curve.axis >= FIGURE_LR;
    if (scores && (w->how.curve.y || w->how.curve.smooth || w->how.each || w->how.curve.interval))
        return error_set(
            "--x lr and --x rank draw one score per run; allowed with --y, --smooth, --interval and --each: --x "
            "frames, seconds, updates");
    if (w->text && w->out) return error_set("both --text and --out %.200s were given; allowed: one of them", w->out);
    if (!w->text && !w->out)
        return error_set("plot needs --out FILE.png, FILE.svg or FILE.pdf, or --text to draw in the terminal");
    w->how.format = w->text                          ? FIGURE_TEXT
                    : text_ends_with(w->out, ".svg") ? FIGURE_SVG
                    : text_ends_with(w->out, ".pdf") ? FIGURE_PDF
                                                     : FIGURE_PNG;
    if (w->out && w->how.format == FIGURE_PNG && !text_ends_with(w->out, ".png"))
        return error_set("--out is '%.400s'; allowed: a name that ends in .png, .svg or .pdf", w->out);
    return 0;
}

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    int axis = FIGURE_FRAMES, interval = CURVE_RANGE;
    *w = (struct request){.how.columns = text_columns()};
    const struct word rows[] = {
        {"--text", .flag = &w->text},
        {"--each", .flag = &w->how.each},
        {"--x", .choice = &axis, .choices = "frames|seconds|updates|lr|rank"},
        {"--y", .choice = &w->how.curve.y, .choices = CURVE_Y_WORDS},
        {"--interval", .choice = &interval, .choices = CURVE_INTERVAL_WORDS},
        {"--smooth", .integer = &w->how.curve.smooth, .low = 1, .high = 1e9},
        {"--title", .text = &w->how.title, .missing = "; allowed: any text"},
        {"--out", .text = &w->out, .missing = "; allowed: --out FILE.png, FILE.svg or FILE.pdf"},
    };
    const struct words words = {
        .usage = usage,
        .rows = rows,
        .row_count = sizeof rows / sizeof rows[0],
        .what = w->runs,
        .most = RUNS_MOST,
        .count = &w->count,
        .noun = "runs",
        .question = "plot needs a run; allowed: dunlin plot RUN... --out FILE.png|.svg|.pdf, or --text",
        .unknown = {"plot knows no option ", "; allowed: --out FILE.png|.svg|.pdf, --text, --x, --y, --smooth, "
                                             "--interval, --each, --title (see dunlin plot --help)"},
    };
    const int rc = words_read(&words, argc, argv);
    if (rc) return rc;
    w->how.curve.axis = (enum figure_axis)axis;
    w->how.curve.interval = (enum curve_interval)interval;
    return check(w);
}

/* The status, after error_set() where it is not 0. */
static int plot(const struct request *w)
{
    struct runs runs;
    runs_gather(&runs, w->runs, w->count);
    const char *const *what = (const char *const *)runs.what;
    const bool curves = w->how.curve.axis < FIGURE_LR;
    FILE *script = tmpfile();
    int status = script ? 0 : FAILED;
    if (!script) error_set("no temporary file can be made: %s", strerror(errno));
    if (!status && curves && runs.count > CURVES_RUNS_MOST) {
        error_set("%d runs are too many to draw; allowed: %d (--x lr draws one point per run)", runs.count,
                  CURVES_RUNS_MOST);
        status = USAGE;
    }
    if (!status) {
        const int unread = runs_any(&runs) ? FAILED : USAGE;
        const int rc =
            curves ? curves_write(script, what, runs.count, &w->how) : scatter_write(script, what, runs.count, &w->how);
        status = rc ? unread : gnuplot_draw(script, w->out) ? FAILED : 0;
    }
    if (script) fclose(script);
    runs_free(&runs);
    return status;
}

int plot_main(int argc, char **argv)
{
    static struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    const int status = rc ? USAGE : plot(&w);
    if (status) log_error("%s", error_text());
    return status;
}
