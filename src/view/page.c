/* page.c -- see page.h. Everything is placed in pixels of the whole picture, so that a legend of many runs makes the
 * picture higher instead of its curves lower. */
#include "view/page.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

enum {
    WIDTH = 900,
    WIDE = 1200, /* of three panels beside each other */
    PLOT = 440,  /* height of an only panel; of one among several */
    PLOT_SMALL = 235,
    LEFT = 98,
    RIGHT = 22,
    BELOW = 64, /* the figures at the x axis and its title */
    BELOW_SVG = 78,
    TITLE = 34,
    PANEL_TITLE = 26,
    ROW = 22, /* of the legend; of an SVG, whose letters are a little larger */
    ROW_SVG = 26,
    LABEL = 5,   /* characters of a figure at the y axis that LEFT has room for */
    SAMPLE = 48, /* of an entry, and the gap behind it */
    NAME_MOST = 72,
    TEXT_HEIGHT = 20,
};
/* Mean width of a letter, pixels; as gnuplot reckons in a legend. */
static const double CHARACTER = 7.6, KEY_CHARACTER = 10.2, KEY_CHARACTER_SVG = 11.2;

static bool text(const struct page *p)
{
    return p->look->format == FIGURE_TEXT;
}

static bool svg(const struct page *p)
{
    return p->look->format == FIGURE_SVG;
}

static int below(const struct page *p)
{
    return svg(p) ? BELOW_SVG : BELOW;
}

/* Entries beside each other, and with them the legend's rows. */
static void place_legend(struct page *p, const char *const *names, int count)
{
    p->entries = count;
    p->longest = 1;
    const int most = text(p) ? p->width - 12 : NAME_MOST;
    for (int i = 0; i < count; i++) {
        const int n = text_length(names[i]);
        if (n > p->longest) p->longest = n < most ? n : most;
    }
    const double letter = svg(p) ? KEY_CHARACTER_SVG : KEY_CHARACTER;
    const double each = text(p) ? p->longest + 9 : letter * p->longest + SAMPLE;
    int across = (int)((text(p) ? p->width - 2 : p->width - LEFT / 2) / each);
    if (across < 1) across = 1;
    if (across > count) across = count > 0 ? count : 1;
    p->rows = (count + across - 1) / across;
}

void page_begin(struct page *p, FILE *script, const struct figure_look *look, int panels, const char *const *names,
                int count)
{
    *p = (struct page){.script = script, .look = look, .panels = panels};
    p->across = panels == 1 ? 1 : panels <= 4 ? 2 : 3;
    p->down = (panels + p->across - 1) / p->across;
    p->width = text(p) ? look->columns - 2 : p->across == 3 ? WIDE : WIDTH;
    place_legend(p, names, count);
    if (text(p)) {
        p->height = TEXT_HEIGHT + p->rows;
        figure_head(script, look->format, p->width, p->height);
        fprintf(script, "set key above left vertical maxrows %d reverse Left\n", p->rows > 0 ? p->rows : 1);
        return;
    }
    const int panel = (panels > 1 ? PANEL_TITLE + PLOT_SMALL : PLOT) + below(p);
    p->top = (look->title ? TITLE : 8) + (svg(p) ? ROW_SVG : ROW) * p->rows + 10;
    p->height = p->top + p->down * panel;
    figure_head(script, look->format, p->width, p->height);
    fprintf(script,
            "set offsets 0, 0, 0, 0\n"
            "set key at screen %.5f, screen %.5f left top vertical maxrows %d reverse Left samplen 2 spacing 1.15\n",
            (LEFT - 10.0) / p->width, 1 - (look->title ? TITLE : 8.0) / p->height, p->rows > 0 ? p->rows : 1);
    fprintf(script, "set multiplot\n");
    if (look->title) {
        char quoted[FIGURE_NAME * 2], cut[FIGURE_NAME];
        figure_quote(text_cut(look->title, (int)((p->width - LEFT) / CHARACTER / 1.4), cut, sizeof cut), quoted,
                     sizeof quoted);
        fprintf(script, "set label 1 %s at screen %.5f, screen %.5f left font ',%d' textcolor rgb '#222222'\n", quoted,
                (double)LEFT / p->width, 1 - 0.55 * TITLE / p->height, svg(p) ? 17 : 13);
    }
}

/* Where panel i begins from the left, and how wide its cell is. */
static double left_of(const struct page *p, int i, double *cell)
{
    *cell = (double)(p->width - 4) / p->across;
    return i % p->across * *cell;
}

void page_panel(const struct page *p, int i, const char *title)
{
    char quoted[FIGURE_NAME * 2], cut[FIGURE_NAME];
    const char *shown = text(p) && p->panels == 1 ? p->look->title : p->panels > 1 ? title : NULL;
    if (i == 1 && !text(p)) fprintf(p->script, "unset key\nunset label 1\n");
    if (shown) {
        const int room = text(p) ? p->width : (int)((double)p->width / p->across / CHARACTER);
        figure_quote(text_cut(shown, room - 4, cut, sizeof cut), quoted, sizeof quoted);
        fprintf(p->script, "set title %s%s\n", quoted, text(p) ? "" : " offset 0,-0.6");
    }
    if (text(p)) return;
    double cell, left = left_of(p, i, &cell);
    const double plot = p->panels > 1 ? PLOT_SMALL : PLOT, head = p->panels > 1 ? PANEL_TITLE : 0;
    const double top = p->top + i / p->across * (head + plot + below(p)) + head; /* from above */
    fprintf(p->script,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset tmargin at screen %.5f\nset bmargin at screen "
            "%.5f\n",
            (left + LEFT) / p->width, (left + cell - RIGHT) / p->width, 1 - top / p->height,
            1 - (top + plot) / p->height);
}

/* 2500000 as "2.5M", with as many digits as tell it from a neighbour `step` away; plain: without a suffix. */
static void si_label(double value, double step, bool plain, char *label, size_t size)
{
    static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
    const double digits = value != 0 ? floor(log10(fabs(value))) - floor(log10(step)) + 2 : 4;
    int k = 0;
    for (; !plain && fabs(value) >= 999.99 && k < 5; k++) value /= 1000;
    snprintf(label, size, "%.*g%s", (int)fmin(fmax(digits, 4), 10), value, suffixes[k]);
}

/* Tics every 1, 2, 2.5 or 5 times a power of ten, about `about` of them, labelled with SI suffixes: gnuplot's own
 * format prints 2.5M either as 2M or 1M as 1.0M. An axis that ends below 10,000 needs none, and 1500 beside 500 is read
 * faster than 1.5k. Returns the characters of the longest label. */
static int write_tics(FILE *script, char axis, double low, double high, int about)
{
    static const double factors[] = {1, 2, 2.5, 5, 10};
    const double least = (high - low) / about, power = pow(10, floor(log10(least)));
    int f = 0;
    while (f < 4 && factors[f] * power < least * 0.999999) f++;
    const double step = factors[f] * power, slack = 1e-6 * step;
    const bool plain = fmax(fabs(low), fabs(high)) < 10000;
    const char *comma = "";
    int longest = 0;
    fprintf(script, "set %ctics (", axis);
    for (double k = ceil((low - slack) / step); k * step <= high + slack; k++) {
        char label[32];
        const double at = k == 0 ? 0 : k * step; /* no -0 */
        si_label(at, step, plain, label, sizeof label);
        fprintf(script, "%s'%s' %.9g", comma, label, at);
        comma = ", ";
        if ((int)strlen(label) > longest) longest = (int)strlen(label);
    }
    fprintf(script, ")\n");
    return longest;
}

/* The title stands below the lowest panels alone; a text has no room for a turned one of y. */
static void write_x_title(const struct page *p, int panel, const char *title)
{
    char line[FIGURE_NAME], cut[FIGURE_NAME], quoted[FIGURE_NAME * 2];
    const bool lowest = text(p) || panel + p->across >= p->panels;
    snprintf(line, sizeof line, text(p) ? "%s (upwards: %s)" : "%s", title, p->look->y);
    figure_quote(lowest ? text_cut(line, text(p) ? p->width : FIGURE_NAME, cut, sizeof cut) : "", quoted,
                 sizeof quoted);
    fprintf(p->script, "set xlabel %s\n", quoted);
}

/* One value alone, or values that differ by rounding: no tics lie between them, nor would a loop over them end. */
static bool as_one(double low, double high)
{
    const double size = fmax(fabs(low), fabs(high));
    return !(high - low > 1e-7 * size);
}

void page_x(const struct page *p, int panel, double low, double high, const char *x_title)
{
    const int across = text(p) ? p->width / 14 : p->panels == 1 ? 8 : 5;
    if (as_one(low, high)) high = low + (low != 0 ? 0.05 * fabs(low) : 0.5);
    write_tics(p->script, 'x', low, high, across);
    fprintf(p->script, "set xrange [%.9g:%.9g]\n", low, high);
    write_x_title(p, panel, x_title);
}

void page_y(const struct page *p, int panel, double low, double high)
{
    char quoted[FIGURE_NAME * 2];
    double margin = 0.04 * (high - low);
    if (as_one(low, high)) margin = high != 0 ? 0.05 * fabs(high) : 0.5;
    const int longest = write_tics(p->script, 'y', low - margin, high + margin, text(p) ? 4 : p->panels > 1 ? 5 : 7);
    fprintf(p->script, "set yrange [%.9g:%.9g]\n", low - margin, high + margin);
    if (text(p)) return;
    if (longest > LABEL) { /* longer figures want more room */
        double cell, left = left_of(p, panel, &cell);
        fprintf(p->script, "set lmargin at screen %.5f\n", (left + LEFT + 9.0 * (longest - LABEL)) / p->width);
    }
    figure_quote(panel % p->across ? "" : p->look->y, quoted, sizeof quoted);
    fprintf(p->script, "set ylabel %s\n", quoted);
}

/* 0.003 as it is, 1e-05 as "1e-5". */
static void rate_label(double rate, char label[32])
{
    snprintf(label, 32, "%.6g", rate);
    char *zero = strstr(label, "e-0");
    if (zero) memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
}

/* Tics at 1 and 3 times the powers of ten, at 1, 2 and 5 times them where the rates span less than a decade; of rates
 * that lie close together at round figures among them, of one alone at itself. */
void page_x_rates(const struct page *p, int panel, double least, double most, const char *x_title)
{
    enum { CLOSE = 3 };
    static const double wide[] = {1, 3}, narrow[] = {1, 2, 5};
    const bool far = most >= 10 * least, one = most <= least * 1.000001;
    const double *factors = far ? wide : narrow, beyond = one ? 1.5 : fmax(1.01, pow(most / least, 0.05));
    const int n = far ? 2 : 3;
    const char *comma = "";
    char label[32];
    fprintf(p->script, "set logscale x\n");
    if (one) {
        rate_label(least, label);
        fprintf(p->script, "set xtics ('%s' %.9g)\n", label, least);
    } else if (most < CLOSE * least) {
        write_tics(p->script, 'x', least / beyond, most * beyond, 4);
    } else {
        fprintf(p->script, "set xtics (");
        for (int power = (int)floor(log10(least)) - 1; power <= (int)ceil(log10(most)) + 1; power++)
            for (int f = 0; f < n; f++) {
                const double at = factors[f] * pow(10, power);
                if (at < least / beyond || at > most * beyond) continue;
                rate_label(at, label);
                fprintf(p->script, "%s'%s' %.9g", comma, label, at);
                comma = ", ";
            }
        fprintf(p->script, ")\n");
    }
    fprintf(p->script, "set xrange [%.9g:%.9g]\n", least / beyond, most * beyond);
    write_x_title(p, panel, x_title);
}

void page_name(const struct page *p, const char *name, char *quoted, size_t size)
{
    char cut[FIGURE_NAME], blank[FIGURE_NAME + 1];
    /* a blank before it: the sample of a text would touch it */
    snprintf(blank, sizeof blank, "%s%s", text(p) ? " " : "", text_cut(name, p->longest, cut, sizeof cut));
    figure_quote(blank, quoted, size);
}

void page_end(const struct page *p)
{
    if (!text(p)) fprintf(p->script, "unset multiplot\n");
}
