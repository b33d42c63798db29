/* figure.c -- learning curves as a gnuplot script; and a point per run, score against learning rate (Mnih et al. 2016,
 * figure 2) or against the rank by score (their figure S5), one series for each kind of run.
 *
 * Colours: Okabe and Ito 2008, "Color universal design", told apart by colour-blind eyes. Text comes from the user
 * (names of folders), so it stands in single quotes, where gnuplot expands nothing, with
 * enhanced text off. */
#include "view/figure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"};
enum { COLOURS = sizeof colours / sizeof colours[0], BANDS_MOST = 4, SORTED_MOST = 512 };

int64_t figure_window(int64_t n)
{
    if (n < 1000) return n < 50 ? 5 : n / 10;
    return n < 10000 ? 100 : n / 100;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean, and percentiles of up to SORTED_MOST values spread over the window: sorting all would cost seconds in long
 * runs. */
static struct figure_smooth smooth_at(const struct figure_group *window, int64_t n, double x)
{
    double sorted[SORTED_MOST], sum = 0;
    const int m = n < SORTED_MOST ? (int)n : SORTED_MOST;
    for (int64_t i = 0; i < n; i++) sum += window[i].mean;
    for (int i = 0; i < m; i++) sorted[i] = window[i * n / m].one;
    qsort(sorted, (size_t)m, sizeof sorted[0], by_value);
    const int low = (int)floor(0.1 * (m - 1)), high = (int)ceil(0.9 * (m - 1));
    return (struct figure_smooth){x, sum / (double)n, sorted[low], sorted[high]};
}

int figure_smooth(const struct figure_group *episodes, int64_t n, int64_t total,
                  struct figure_smooth out[FIGURE_POINTS])
{
    if (n == 0) return 0;
    const int64_t half = figure_window(total) * n / total / 2;
    const double first = episodes[0].x, span = episodes[n - 1].x - first;
    int count = 0;
    for (int64_t i = 0, p = 0; i < n && count < FIGURE_POINTS; i++) {
        const bool due = p < FIGURE_POINTS && (double)p * span <= (episodes[i].x - first) * (FIGURE_POINTS - 1);
        if (!due && i != n - 1) continue;
        while (p < FIGURE_POINTS && (double)p * span <= (episodes[i].x - first) * (FIGURE_POINTS - 1)) p++;
        const int64_t from = i > half ? i - half : 0, to = i + half < n ? i + half + 1 : n;
        out[count++] = smooth_at(episodes + from, to - from, episodes[i].x);
    }
    return count;
}

void figure_quote(const char *text, char *quoted, size_t size)
{
    size_t n = 0;
    quoted[n++] = '\'';
    for (const char *s = text; *s && n + 7 <= size;) {
        const int length = text_character(s);
        if (*s == '\'') quoted[n++] = '\'';
        if (length)
            memcpy(quoted + n, s, (size_t)length);
        else
            quoted[n] = '?';
        n += (size_t)(length ? length : 1);
        s += length ? length : 1;
    }
    quoted[n++] = '\'';
    quoted[n] = 0;
}

/* 2500000 as "2.5M". */
static void si_label(double value, char *text, size_t size)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
    int k = 0;
    for (; fabs(value) >= 999.99 && k < 5; k++) value /= 1000;
    snprintf(text, size, "%.4g%s", value, suffixes[k]);
}

/* Tics every 1, 2, 2.5 or 5 times a power of ten, about `about` of them, labelled with SI suffixes: gnuplot's own
 * format prints 2.5M either as 2M or 1M as 1.0M. */
static void write_si_tics(FILE *script, double most, int about)
{
    static const double factors[] = {1, 2, 2.5, 5, 10};
    const double least = most / about, power = pow(10, floor(log10(least)));
    int f = 0;
    while (f < 4 && factors[f] * power < least) f++;
    const double step = factors[f] * power;
    fprintf(script, "set xtics (");
    for (int i = 0; i * step <= most * 1.000001; i++) {
        char label[32];
        si_label(i * step, label, sizeof label);
        fprintf(script, "%s'%s' %.9g", i ? ", " : "", label, i * step);
    }
    fprintf(script, ")\n");
}

static double last_x(const struct figure_run *runs, int count)
{
    double most = 0;
    for (int r = 0; r < count; r++) {
        const struct figure_run *run = &runs[r];
        if (run->episode_count) most = fmax(most, run->episodes[run->episode_count - 1].x);
        if (run->eval_count) most = fmax(most, run->evals[run->eval_count - 1].x);
    }
    return most > 0 ? most : 1;
}

/* The x axis; returns what its data are divided by. */
static double write_axis(FILE *script, enum figure_axis axis, double most, bool text)
{
    static const struct {
        double from, unit;
        const char *title;
    } units[] = {{0, 1, "time (seconds)"},
                 {300, 60, "time (minutes)"},
                 {10800, 3600, "time (hours)"},
                 {345600, 86400, "time (days)"}};
    double unit = 1;
    const char *title = axis == FIGURE_FRAMES ? "emulated frames" : "updates of the weights";
    if (axis == FIGURE_SECONDS) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (most >= units[i].from) unit = units[i].unit, title = units[i].title;
    } else {
        write_si_tics(script, most, text ? 5 : 8);
    }
    /* the text terminal has no room for a turned title */
    fprintf(script, text ? "set xlabel '%s (upwards: episode return)'\n" : "set xlabel '%s'\n", title);
    if (!text) fprintf(script, "set ylabel 'episode return (raw score)'\n");
    fprintf(script, "set xrange [0:%.9g]\n", most / unit);
    return unit;
}

void figure_head(FILE *script, enum figure_format format)
{
    static const char *const terminals[] = {
        "pngcairo noenhanced size 900,540 font 'Sans,11' fontscale 1.1 linewidth 1 background '#ffffff'",
        "svg noenhanced size 900,540 dynamic font 'sans-serif,15' linewidth 1 background '#ffffff'",
        "dumb noenhanced mono size 78,20"};
    fprintf(script, "set encoding utf8\nset terminal %s\n", terminals[format]);
    if (format == FIGURE_TEXT) {
        fprintf(script,
                "set key above left reverse Left\nset tics nomirror\nset offsets 0, 0, graph 0.03, graph 0.03\n");
        return;
    }
    fprintf(script, "set border 3 lc rgb '#555555'\n"
                    "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
                    "set grid lt 1 lw 0.7 lc rgb '#e4e4e4' back\n"
                    "set key above left horizontal reverse Left samplen 2 spacing 1.15 textcolor rgb '#222222'\n"
                    "set offsets 0, 0, graph 0.03, graph 0.03\n"
                    "set rmargin 3\n"
                    "set style fill transparent solid 0.16 noborder\n");
}

/* Data blocks $r0, $r1, ... (x mean low high) and $e0, ... (x mean); tells which have rows. */
static void write_data(FILE *script, const struct figure_run *runs, int count, double unit)
{
    struct figure_smooth *smooth = memory_new(FIGURE_POINTS, sizeof *smooth);
    for (int r = 0; r < count; r++) {
        const struct figure_run *run = &runs[r];
        const int n = figure_smooth(run->episodes, run->episode_count, run->total, smooth);
        const int64_t stride = run->eval_count / FIGURE_POINTS + 1;
        fprintf(script, "$r%d << END\n", r);
        for (int i = 0; i < n; i++)
            fprintf(script, "%.9g %.9g %.9g %.9g\n", smooth[i].x / unit, smooth[i].mean, smooth[i].low, smooth[i].high);
        fprintf(script, "END\n$e%d << END\n", r);
        for (int64_t i = 0; i < run->eval_count; i += stride)
            fprintf(script, "%.9g %.9g\n", run->evals[i].x / unit, run->evals[i].mean);
        fprintf(script, "END\n");
    }
    free(smooth);
}

/* What the legend calls a run's curve, quoted: the run's name, or, for the only run, what the curve is. */
static void curve_title(const struct figure_run *run, int count, char *quoted, size_t size)
{
    char text[64];
    snprintf(text, sizeof text, "mean of %lld episodes", (long long)figure_window(run->total));
    figure_quote(count > 1 ? run->name : text, quoted, size);
}

static void write_text_plot(FILE *script, const struct figure_run *runs, int count)
{
    const char *comma = "plot ";
    for (int r = 0; r < count; r++) {
        char title[512];
        curve_title(&runs[r], count, title, sizeof title); /* with a blank before it: the key's line would touch it */
        if (runs[r].episode_count)
            fprintf(script, "%s$r%d using 1:2 with lines title ' %s", comma, r, title + 1), comma = ", ";
        if (!runs[r].episode_count && runs[r].eval_count)
            fprintf(script, "%s$e%d using 1:2 with points title ' %s", comma, r, title + 1), comma = ", ";
    }
    fprintf(script, "\n");
}

static void write_plot(FILE *script, const struct figure_run *runs, int count)
{
    const char *comma = "plot ";
    bool evals = false;
    if (count <= BANDS_MOST)
        for (int r = 0; r < count; r++) { /* all bands lie below all curves */
            if (!runs[r].episode_count) continue;
            fprintf(script, "%s$r%d using 1:3:4 with filledcurves lc rgb '%s' %s", comma, r, colours[r % COLOURS],
                    count > 1 ? "notitle" : "title '10th to 90th percentile'");
            comma = ", \\\n  ";
        }
    for (int r = 0; r < count; r++) {
        char title[512];
        curve_title(&runs[r], count, title, sizeof title);
        if (runs[r].episode_count) {
            fprintf(script, "%s$r%d using 1:2 with lines lw 2.2 dt %d lc rgb '%s' title %s", comma, r,
                    1 + r / COLOURS % 4, colours[r % COLOURS], title);
            comma = ", \\\n  ";
        }
    }
    for (int r = 0; r < count; r++) {
        char title[512] = "notitle";
        if (!runs[r].eval_count) continue;
        evals = true;
        if (count > 1 && !runs[r].episode_count) {
            snprintf(title, sizeof title, "title ");
            figure_quote(runs[r].name, title + 6, sizeof title - 6);
        }
        fprintf(script, "%s$e%d using 1:2 with points pt 7 ps 1 lc rgb '#ffffff' notitle", comma, r);
        comma = ", \\\n  ";
        fprintf(script, "%s$e%d using 1:2 with points pt 6 ps 1 lw 1.6 lc rgb '%s' %s", comma, r, colours[r % COLOURS],
                title);
    }
    if (evals)
        fprintf(script, "%sNaN with points pt 6 ps 1 lw 1.6 lc rgb '%s' title 'evaluation, mean'", comma,
                count > 1 ? "#555555" : colours[0]);
    fprintf(script, "\n");
}

void figure_write(FILE *script, enum figure_format format, enum figure_axis axis, const struct figure_run *runs,
                  int count)
{
    figure_head(script, format);
    const double unit = write_axis(script, axis, last_x(runs, count), format == FIGURE_TEXT);
    write_data(script, runs, count, unit);
    if (format == FIGURE_TEXT)
        write_text_plot(script, runs, count);
    else
        write_plot(script, runs, count);
}

/* Tics at 1 and 3 times the powers of ten, at 1, 2 and 5 times them where the rates span less than a decade. */
static void write_rate_tics(FILE *script, double least, double most)
{
    static const double wide[] = {1, 3}, narrow[] = {1, 2, 5};
    const bool far = most >= 10 * least;
    const double *factors = far ? wide : narrow;
    const int n = far ? 2 : 3;
    const char *comma = "";
    fprintf(script, "set logscale x\nset xtics (");
    for (int power = (int)floor(log10(least)) - 1; power <= (int)ceil(log10(most)) + 1; power++)
        for (int f = 0; f < n; f++) {
            const double at = factors[f] * pow(10, power);
            if (at < least / 1.5 || at > most * 1.5) continue;
            fprintf(script, "%s'%.6g' %.9g", comma, at, at);
            comma = ", ";
        }
    fprintf(script, ")\nset xrange [%.9g:%.9g]\n", least / 1.5, most * 1.5);
}

static void write_scores_axis(FILE *script, enum figure_axis axis, const char *score, bool text,
                              const struct figure_series *series, int count)
{
    double least = INFINITY, most = 0;
    char title[256];
    for (int s = 0; s < count; s++)
        for (int i = 0; i < series[s].count; i++) {
            least = fmin(least, series[s].points[i].x);
            most = fmax(most, series[s].points[i].x);
        }
    if (axis == FIGURE_LR)
        write_rate_tics(script, least, most);
    else
        fprintf(script, "set xrange [0:%.9g]\n", most + 1);
    const char *x = axis == FIGURE_LR ? "learning rate" : "runs, best first";
    snprintf(title, sizeof title, text ? "%s (upwards: %s)" : "%s", x, score);
    fprintf(script, "set xlabel '%s'\n", title);
    if (!text) fprintf(script, "set ylabel '%s'\n", score);
}

void figure_write_scores(FILE *script, enum figure_format format, enum figure_axis axis, const char *score,
                         const struct figure_series *series, int count)
{
    static const int shapes[] = {7, 5, 9, 11, 13}; /* filled: circle, square, triangles, diamond */
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    const char *style = axis == FIGURE_RANK && format != FIGURE_TEXT ? "linespoints" : "points";
    figure_head(script, format);
    write_scores_axis(script, axis, score, format == FIGURE_TEXT, series, count);
    for (int s = 0; s < count; s++) {
        fprintf(script, "$s%d << END\n", s);
        for (int i = 0; i < series[s].count; i++)
            fprintf(script, "%.9g %.9g\n", series[s].points[i].x, series[s].points[i].y);
        fprintf(script, "END\n");
    }
    for (int s = 0; s < count; s++) {
        char name[512];
        figure_quote(series[s].name, name, sizeof name);
        fprintf(script, "%s$s%d using 1:2 with %s", s ? ", \\\n  " : "plot ", s, style);
        if (format != FIGURE_TEXT)
            fprintf(script, " pt %d ps 0.9 lw 1.4 lc rgb '%s'", shapes[s / COLOURS % SHAPES], colours[s % COLOURS]);
        fprintf(script, " title %s", name);
    }
    fprintf(script, "\n");
}
