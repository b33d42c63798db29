/* figure.c -- what all figures share: running means, quoted names, colours, gnuplot's terminals.
 *
 * Colours: Okabe and Ito 2008, "Color universal design", told apart by colour-blind eyes. Text comes from the user
 * (names of folders), so it stands in single quotes, where gnuplot expands nothing, with
 * enhanced text off. */
#include "view/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SORTED_MOST = 512 };

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

int figure_smooth(const struct figure_group *episodes, int64_t n, int64_t total, int64_t window,
                  struct figure_smooth out[FIGURE_POINTS])
{
    if (n == 0) return 0;
    const int64_t most = window < total ? window : total, half = most * n / total / 2;
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

bool figure_few_values(const struct figure_group *episodes, int64_t n)
{
    double seen[FIGURE_FEW];
    int count = 0;
    for (int64_t i = 0; i < n; i++) {
        int s = 0;
        while (s < count && seen[s] != episodes[i].one) s++;
        if (s == FIGURE_FEW) return false;
        if (s == count) seen[count++] = episodes[i].one;
    }
    return true;
}

double figure_at(const struct figure_smooth *points, int count, double x)
{
    int low = 0, high = count - 1;
    if (!(x >= points[low].x && x <= points[high].x)) return (double)NAN;
    while (low < high) { /* the first point at or behind x */
        const int middle = (low + high) / 2;
        if (points[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    const struct figure_smooth *b = &points[low], *a = low ? b - 1 : b;
    return b->x > a->x ? a->mean + (b->mean - a->mean) * (x - a->x) / (b->x - a->x) : b->mean;
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

const char *figure_colour(int entry)
{
    static const char *const colours[FIGURE_COLOURS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                        "#E69F00", "#56B4E9", "#555555"};
    return colours[entry % FIGURE_COLOURS];
}

void figure_head(FILE *script, enum figure_format format, int width, int height)
{
    static const double PER_INCH = 90; /* of a PDF */
    double point = 1;                  /* what makes points of one size in all of them */
    fprintf(script, "set encoding utf8\n");
    switch (format) {
    case FIGURE_PNG:
        fprintf(script, "set terminal pngcairo noenhanced size %d,%d font 'Sans,11' fontscale 1.1", width, height);
        break;
    case FIGURE_SVG:
        fprintf(script, "set terminal svg noenhanced size %d,%d dynamic font 'sans-serif,15'", width, height);
        point = 0.75;
        break;
    case FIGURE_PDF:
        fprintf(script, "set terminal pdfcairo noenhanced size %.4g,%.4g font 'Sans,11' fontscale 0.87 linewidth 1.3",
                width / PER_INCH, height / PER_INCH);
        point = 0.85;
        break;
    case FIGURE_TEXT:
        fprintf(script, "set terminal dumb noenhanced mono size %d,%d\nset tics nomirror\n", width, height);
        return;
    }
    fprintf(script,
            " background '#ffffff'\n"
            "set border 3 lc rgb '#555555'\n"
            "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
            "set grid lt 1 lw 0.7 lc rgb '#e4e4e4' back\n"
            "set key above left horizontal reverse Left samplen 2 spacing 1.15 textcolor rgb '#222222'\n"
            "set offsets 0, 0, graph 0.03, graph 0.03\n"
            "set rmargin 3\n"
            "set style fill transparent solid 0.16 noborder\n"
            "point = %g\n",
            point);
}
