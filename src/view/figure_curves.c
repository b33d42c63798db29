/* figure_curves.c -- learning curves, a panel for each environment. */
#include <math.h>
#include <string.h>

#include "view/figure.h"
#include "view/page.h"

enum { BANDS_MOST = 4, BANDS_SEVERAL_MOST = 7 }; /* bands of single runs and of several that a panel can bear */

struct range {
    double low, high;
};

static void stretch(struct range *r, double y)
{
    r->low = fmin(r->low, y);
    r->high = fmax(r->high, y);
}

/* Which bands of a panel are drawn. */
static bool has_band(const struct figure_panel *panel, const struct figure_curve *c)
{
    return c->band && c->count > 1 && panel->count <= (c->several ? BANDS_SEVERAL_MOST : BANDS_MOST);
}

static void measure(const struct figure_panel *panel, struct range *x, struct range *y)
{
    *x = *y = (struct range){INFINITY, -INFINITY};
    for (int k = 0; k < panel->count; k++) {
        const struct figure_curve *c = &panel->curves[k];
        for (int i = 0; i < c->count; i++) {
            stretch(x, c->points[i].x);
            stretch(y, c->points[i].mean);
            if (has_band(panel, c)) stretch(y, c->points[i].low), stretch(y, c->points[i].high);
        }
        for (int i = 0; i < c->eval_count; i++) stretch(x, c->evals[i].x), stretch(y, c->evals[i].y);
    }
    if (!(x->low <= x->high)) *x = *y = (struct range){0, 1}; /* nothing to draw */
    const bool one = x->low == x->high;                       /* place alone, which should lie beside the frame */
    if (one) x->high *= 1.1;
    if (one || !(x->low > x->high / 2)) x->low = fmin(x->low, 0); /* from the beginning, but for what only has an end */
    if (!(x->high > x->low)) x->high = x->low + 1;
}

/* Title of the x axis, and what its values are divided by, for the most in any panel. */
static const char *axis_of(enum figure_axis axis, double most, double *unit)
{
    static const struct {
        double from, unit;
        const char *title;
    } units[] = {{0, 1, "time (seconds)"},
                 {300, 60, "time (minutes)"},
                 {10800, 3600, "time (hours)"},
                 {345600, 86400, "time (days)"}};
    const char *title = axis == FIGURE_FRAMES ? "emulated frames" : "updates of the weights";
    *unit = 1;
    for (size_t i = 0; i < sizeof units / sizeof units[0] && axis == FIGURE_SECONDS; i++)
        if (most >= units[i].from) *unit = units[i].unit, title = units[i].title;
    return title;
}

/* Data blocks $rP_K (x mean low high), $eP_K and $sP_K (x y) of a panel's curves. */
static void write_data(FILE *script, int p, const struct figure_panel *panel, double unit)
{
    for (int k = 0; k < panel->count; k++) {
        const struct figure_curve *c = &panel->curves[k];
        fprintf(script, "$r%d_%d << END\n", p, k);
        for (int i = 0; i < c->count; i++)
            fprintf(script, "%.9g %.9g %.9g %.9g\n", c->points[i].x / unit, c->points[i].mean, c->points[i].low,
                    c->points[i].high);
        fprintf(script, "END\n$e%d_%d << END\n", p, k);
        for (int i = 0; i < c->eval_count; i++) fprintf(script, "%.9g %.9g\n", c->evals[i].x / unit, c->evals[i].y);
        fprintf(script, "END\n$s%d_%d << END\n", p, k);
        for (int i = 0; i < c->resume_count; i++) fprintf(script, "%.9g %.9g\n", c->resume[i].x / unit, c->resume[i].y);
        fprintf(script, "END\n");
    }
}

/* What the legend says behind the curves' names. */
struct notes {
    const char *text[4], *style[4];
    int count;
};

static void note(struct notes *n, bool there, const char *text, const char *style)
{
    if (!there || !text) return;
    n->text[n->count] = text;
    n->style[n->count++] = style;
}

static struct notes notes_of(const struct figure_look *look, const struct figure_panel *panels, int count)
{
    const bool text = look->format == FIGURE_TEXT;
    bool band[2] = {false, false}, evals = false, resumes = false;
    struct notes n = {.count = 0};
    for (int p = 0; p < count; p++)
        for (int k = 0; k < panels[p].count; k++) {
            const struct figure_curve *c = &panels[p].curves[k];
            band[c->several] |= has_band(&panels[p], c);
            evals |= c->eval_count > 0;
            resumes |= c->resume_count > 0;
        }
    note(&n, band[0] && !text, look->band[0], "filledcurves lc rgb '#555555'");
    note(&n, band[1] && !text, look->band[1], "filledcurves lc rgb '#555555'");
    note(&n, evals && !text, "evaluation, mean", "points pt 6 ps point lw 1.6 lc rgb '#555555'");
    note(&n, resumes, "resumed", text ? "points pt 'R'" : "points pt 2 ps point lw 1.8 lc rgb '#000000'");
    return n;
}

/* The colour and the dashes; of a text a character, letters where they are more than gnuplot's lines have. */
static void write_line(FILE *script, const struct page *page, int entry)
{
    enum { LINES = 7, LETTERS = 26 };
    const bool text = page->look->format == FIGURE_TEXT;
    if (text && page->entries > LINES)
        fprintf(script, " with points pt '%c'", (entry / LETTERS % 2 ? 'A' : 'a') + entry % LETTERS);
    else if (text)
        fprintf(script, " with lines lt %d", entry + 1);
    else
        fprintf(script, " with lines lw 2.2 dt %d lc rgb '%s'", 1 + entry / FIGURE_COLOURS % 4, figure_colour(entry));
}

static bool has_entry(const struct figure_panel *panel, int entry)
{
    for (int k = 0; k < panel->count; k++)
        if (panel->curves[k].entry == entry) return true;
    return false;
}

/* The legend's samples: those of all panels stand in a picture's first; each panel of a text has its own. */
static void write_samples(const struct page *page, const struct figure_panel *panel, const char *const *entries,
                          int count, const struct notes *notes)
{
    char title[FIGURE_NAME * 2 + 8];
    for (int e = 0; e < count; e++) {
        if (page->look->format == FIGURE_TEXT && !has_entry(panel, e)) continue;
        page_name(page, entries[e], title, sizeof title);
        fprintf(page->script, ", \\\n  NaN");
        write_line(page->script, page, e);
        fprintf(page->script, " title %s", title);
    }
    for (int i = 0; i < notes->count; i++) {
        page_name(page, notes->text[i], title, sizeof title);
        fprintf(page->script, ", \\\n  NaN with %s title %s", notes->style[i], title);
    }
}

static void write_evals(FILE *script, bool text, int p, int k, const struct figure_curve *c)
{
    if (!c->eval_count || (text && c->count)) return;
    if (text) {
        fprintf(script, ", \\\n  $e%d_%d using 1:2 with points lt %d notitle", p, k, c->entry + 1);
        return;
    }
    fprintf(script, ", \\\n  $e%d_%d using 1:2 with points pt 7 ps point lc rgb '#ffffff' notitle", p, k);
    fprintf(script, ", \\\n  $e%d_%d using 1:2 with points pt 6 ps point lw 1.6 lc rgb '%s' notitle", p, k,
            figure_colour(c->entry));
}

/* All bands lie below all curves, and these below what marks them. */
static void write_curves(const struct page *page, int p, const struct figure_panel *panel)
{
    FILE *script = page->script;
    const bool text = page->look->format == FIGURE_TEXT;
    fprintf(script, "plot NaN notitle");
    for (int k = 0; k < panel->count && !text; k++)
        if (has_band(panel, &panel->curves[k]))
            fprintf(script, ", \\\n  $r%d_%d using 1:3:4 with filledcurves lc rgb '%s' notitle", p, k,
                    figure_colour(panel->curves[k].entry));
    for (int k = 0; k < panel->count; k++) {
        if (!panel->curves[k].count) continue;
        fprintf(script, ", \\\n  $r%d_%d using 1:2", p, k);
        if (panel->curves[k].count > 1)
            write_line(script, page, panel->curves[k].entry);
        else if (text) /* no line to be seen */
            fprintf(script, " with points lt %d", panel->curves[k].entry + 1);
        else
            fprintf(script, " with points pt 7 ps 1.2*point lc rgb '%s'", figure_colour(panel->curves[k].entry));
        fprintf(script, " notitle");
    }
    for (int k = 0; k < panel->count; k++) write_evals(script, text, p, k, &panel->curves[k]);
    for (int k = 0; k < panel->count; k++)
        if (panel->curves[k].resume_count)
            fprintf(script, ", \\\n  $s%d_%d using 1:2 with points %s notitle", p, k,
                    text ? "pt 'R'" : "pt 2 ps point lw 1.8 lc rgb '#000000'");
}

void figure_write_curves(FILE *script, const struct figure_look *look, const struct figure_panel *panels, int count,
                         const char *const *entries, int entry_count)
{
    const struct notes notes = notes_of(look, panels, count);
    const char *names[PAGE_ENTRIES];
    struct page page;
    struct range x, y;
    double most = 0, unit;
    int named = 0;
    for (int e = 0; e < entry_count; e++) names[named++] = entries[e];
    for (int i = 0; i < notes.count; i++) names[named++] = notes.text[i];
    for (int p = 0; p < count; p++) {
        measure(&panels[p], &x, &y);
        most = fmax(most, x.high);
    }
    const char *x_title = axis_of(look->axis, most, &unit);
    page_begin(&page, script, look, count, names, named);
    for (int p = 0; p < count; p++) {
        measure(&panels[p], &x, &y);
        page_panel(&page, p, panels[p].title);
        page_x(&page, p, x.low / unit, x.high / unit, x_title);
        page_y(&page, p, y.low, y.high);
        write_data(script, p, &panels[p], unit);
        write_curves(&page, p, &panels[p]);
        if (!p || look->format == FIGURE_TEXT) write_samples(&page, &panels[p], entries, entry_count, &notes);
        fprintf(script, "\n");
    }
    page_end(&page);
}
