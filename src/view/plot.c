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
#include "view/scatter.h"

enum { RUNS_MOST = 4096, USAGE = 2, FAILED = 1 };

static const char usage[] = "dunlin plot RUN... --out FILE.png|.svg [--x frames|seconds|updates|lr|rank]\n"
                            "dunlin plot RUN... --text [--x frames|seconds|updates|lr|rank]\n"
                            "  learning curves of run folders (or their run.h5), drawn by gnuplot\n"
                            "  --text: draws them here\n"
                            "  --x lr: one point per run, its score against its learning rate\n"
                            "  --x rank: the same scores, best first\n";

struct request {
    const char *runs[RUNS_MOST], *out;
    int count;
    enum figure_axis axis;
    enum figure_format format;
    bool text;
};

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    int axis = FIGURE_FRAMES;
    *w = (struct request){0};
    const struct word rows[] = {
        {"--text", .flag = &w->text},
        {"--x", .choice = &axis, .choices = "frames|seconds|updates|lr|rank"},
        {"--out", .text = &w->out, .missing = "; allowed: --out FILE.png or --out FILE.svg"},
    };
    const struct words words = {
        .usage = usage,
        .rows = rows,
        .row_count = sizeof rows / sizeof rows[0],
        .what = w->runs,
        .most = RUNS_MOST,
        .count = &w->count,
        .noun = "runs",
        .question = "plot needs a run; allowed: dunlin plot RUN... --out FILE.png|.svg, or --text",
        .unknown = {"plot knows no option ",
                    "; allowed: --out FILE.png|.svg, --text, --x frames|seconds|updates|lr|rank"},
    };
    const int rc = words_read(&words, argc, argv);
    if (rc) return rc;
    w->axis = (enum figure_axis)axis;
    if (w->axis < FIGURE_LR && w->count > CURVES_MOST)
        return error_set("%d runs are too many curves; allowed: %d (--x lr draws one point per run)", w->count,
                         CURVES_MOST);
    if (w->text && w->out) return error_set("both --text and --out %.200s were given; allowed: one of them", w->out);
    if (!w->text && !w->out)
        return error_set("plot needs --out FILE.png or FILE.svg, or --text to draw in the terminal");
    w->format = w->text ? FIGURE_TEXT : text_ends_with(w->out, ".svg") ? FIGURE_SVG : FIGURE_PNG;
    if (w->out && w->format == FIGURE_PNG && !text_ends_with(w->out, ".png"))
        return error_set("--out is '%.400s'; allowed: a name that ends in .png or .svg", w->out);
    return 0;
}

static int plot(const struct request *w)
{
    FILE *script = tmpfile();
    if (!script) return error_set("no temporary file can be made: %s", strerror(errno));
    int status = w->axis < FIGURE_LR ? curves_write(script, w->runs, w->count, w->axis, w->format)
                                     : scatter_write(script, w->runs, w->count, w->axis, w->format);
    if (!status) status = gnuplot_draw(script, w->out);
    fclose(script);
    return status;
}

int plot_main(int argc, char **argv)
{
    struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    const int status = rc ? USAGE : plot(&w) ? FAILED : 0;
    if (status) log_error("%s", error_text());
    return status;
}
