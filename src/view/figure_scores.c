/* figure_scores.c -- a point per run: score against learning rate (Mnih et al. 2016, figure 2) or against the rank by
 * score (their figure S5), one series for each kind of run, a panel for each environment. */
#include <math.h>

#include "view/figure.h"
#include "view/page.h"

/* "pt 7 ps ..." of a picture's series; a text has shapes of its own. */
static void write_style(FILE *script, const struct figure_look *look, int entry)
{
    static const int shapes[] = {7, 5, 9, 11, 13}; /* filled: circle, square, triangles, diamond */
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    const bool text = look->format == FIGURE_TEXT;
    fprintf(script, " with %s", look->axis == FIGURE_RANK && !text ? "linespoints" : "points");
    if (text)
        fprintf(script, " lt %d", entry + 1);
    else
        fprintf(script, " pt %d ps 0.9*point lw 1.4 lc rgb '%s'", shapes[entry / FIGURE_COLOURS % SHAPES],
                figure_colour(entry));
}

static void write_axes(const struct page *page, int p, const struct figure_scores *panel)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int s = 0; s < panel->count; s++)
        for (int i = 0; i < panel->series[s].count; i++) {
            const struct figure_point *at = &panel->series[s].points[i];
            low[0] = fmin(low[0], at->x), high[0] = fmax(high[0], at->x);
            low[1] = fmin(low[1], at->y), high[1] = fmax(high[1], at->y);
        }
    if (page->look->axis == FIGURE_LR)
        page_x_rates(page, p, low[0], high[0], "learning rate");
    else
        page_x(page, p, 0, high[0] + 1, "runs, best first");
    page_y(page, p, low[1], high[1]);
}

static bool has_entry(const struct figure_scores *panel, int entry)
{
    for (int s = 0; s < panel->count; s++)
        if (panel->series[s].entry == entry) return true;
    return false;
}

static void write_panel(const struct page *page, int p, const struct figure_scores *panel, const char *const *entries,
                        int entry_count)
{
    FILE *script = page->script;
    const bool legend = !p || page->look->format == FIGURE_TEXT;
    for (int s = 0; s < panel->count; s++) {
        fprintf(script, "$s%d_%d << END\n", p, s);
        for (int i = 0; i < panel->series[s].count; i++)
            fprintf(script, "%.9g %.9g\n", panel->series[s].points[i].x, panel->series[s].points[i].y);
        fprintf(script, "END\n");
    }
    fprintf(script, "plot NaN notitle");
    for (int s = 0; s < panel->count; s++) {
        fprintf(script, ", \\\n  $s%d_%d using 1:2", p, s);
        write_style(script, page->look, panel->series[s].entry);
        fprintf(script, " notitle");
    }
    for (int e = 0; e < entry_count && legend; e++) {
        char name[FIGURE_NAME * 2];
        if (page->look->format == FIGURE_TEXT && !has_entry(panel, e)) continue;
        page_name(page, entries[e], name, sizeof name);
        fprintf(script, ", \\\n  NaN");
        write_style(script, page->look, e);
        fprintf(script, " title %s", name);
    }
    fprintf(script, "\n");
}

void figure_write_scores(FILE *script, const struct figure_look *look, const struct figure_scores *panels, int count,
                         const char *const *entries, int entry_count)
{
    struct page page;
    page_begin(&page, script, look, count, entries, entry_count);
    for (int p = 0; p < count; p++) {
        page_panel(&page, p, panels[p].title);
        write_axes(&page, p, &panels[p]);
        write_panel(&page, p, &panels[p], entries, entry_count);
    }
    page_end(&page);
}
