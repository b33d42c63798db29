/* compare_table.c -- see compare_table.h: the text. */
#include "view/compare_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "view/names.h"

enum { CELL = 512, ALWAYS = 8, LEAST = 8, MOST_COLUMNS = ALWAYS + OPTIONS_MOST + 1 };

/* Columns of text: titles, and a cell for each row. */
struct grid {
    char (*cells)[CELL]; /* (columns, rows + 1) the title first */
    int columns, rows;
    int width[MOST_COLUMNS];
    enum kind { FIGURE, FIXED_WORDS, WORDS } kind[MOST_COLUMNS]; /* figures stand at the right; words may be cut */
};

static char *cell(const struct grid *g, int column, int row)
{
    return g->cells[column * (g->rows + 1) + row];
}

/* A new column; its title goes to cell 0. */
static int add(struct grid *g, const char *title, enum kind kind)
{
    const int column = g->columns++;
    g->kind[column] = kind;
    snprintf(cell(g, column, 0), CELL, "%s", title);
    return column;
}

static void put_name(const struct grid *g, int column, int row, const char *text)
{
    text_shown(text, cell(g, column, row + 1), CELL);
}

static int64_t budget(const struct compare_row *row)
{
    int64_t most = 0;
    for (int r = 0; r < row->count; r++)
        if (row->runs[r]->settings.values.frames > most) most = row->runs[r]->settings.values.frames;
    return most;
}

/* "1 running" of the first state that is known and not done; else "done", of so many where others are not known; "-"
 * where none is. */
static void put_state(const struct grid *g, int column, int r, const struct compare_row *row)
{
    const char *state = "-";
    int n = 0, done = 0;
    for (int i = 0; i < row->count; i++) {
        const char *s = row->runs[i]->state;
        done += !strcmp(s, "done");
        if (!*s || !strcmp(s, "done") || (n && strcmp(s, state))) continue;
        state = s;
        n++;
    }
    if (!n && done) {
        state = "done";
        n = done < row->count ? done : 0;
    }
    if (row->count > 1 && n)
        snprintf(cell(g, column, r + 1), CELL, "%d %s", n, state);
    else
        snprintf(cell(g, column, r + 1), CELL, "%s", state);
}

static bool all_done(const struct compare_table *t)
{
    for (int r = 0; r < t->count; r++)
        for (int i = 0; i < t->rows[r].count; i++)
            if (*t->rows[r].runs[i]->state && strcmp(t->rows[r].runs[i]->state, "done")) return false;
    return true;
}

static bool any_seeds(const struct compare_table *t)
{
    for (int r = 0; r < t->count; r++)
        if (t->rows[r].count > 1) return true;
    return false;
}

static void fill_figures(struct grid *g, const struct compare_table *t)
{
    const bool seeds = any_seeds(t), done = all_done(t);
    const int n = seeds ? add(g, "n", FIGURE) : -1, frames = add(g, "frames", FIGURE),
              seconds = add(g, "seconds", FIGURE), last = add(g, "last", FIGURE),
              range = seeds ? add(g, "range", FIXED_WORDS) : -1, best = add(g, "best", FIGURE),
              state = done ? -1 : add(g, "state", FIXED_WORDS);
    for (int r = 0; r < t->count; r++) {
        const struct compare_row *row = &t->rows[r];
        char a[TEXT_FIGURE], b[TEXT_FIGURE];
        if (seeds) snprintf(cell(g, n, r + 1), CELL, "%d", row->count);
        snprintf(cell(g, frames, r + 1), CELL, "%s%s", text_grouped((int64_t)row->frames.mean, a),
                 row->frames.low < (double)budget(row)
                     ? text_figure(100 * row->frames.low / (double)budget(row), " (%.0f%%)", b)
                     : "");
        text_figure(row->seconds.mean, row->seconds.mean < 100 ? "%.3g" : "%.0f", cell(g, seconds, r + 1));
        text_figure(row->last.mean, "%.4g", cell(g, last, r + 1));
        if (seeds && row->count > 1)
            snprintf(cell(g, range, r + 1), CELL, "%s to %s", text_figure(row->last.low, "%.4g", a),
                     text_figure(row->last.high, "%.4g", b));
        text_figure(row->best.mean, "%.4g", cell(g, best, r + 1));
        if (!done) put_state(g, state, r, row);
    }
}

/* The settings that differ, a column each. */
static void fill_settings(struct grid *g, const struct compare_table *t)
{
    for (int i = 0; i < settings_count(); i++) {
        if (!t->differ[i]) continue;
        const int column = add(g, settings_title(i), WORDS);
        for (int r = 0; r < t->count; r++) {
            char text[OPTION_TEXT];
            put_name(g, column, r, settings_text(&t->rows[r].runs[0]->settings, i, text, sizeof text));
        }
    }
}

static int measure(struct grid *g)
{
    int all = 0;
    for (int c = 0; c < g->columns; c++) {
        g->width[c] = 0;
        for (int r = 0; r <= g->rows; r++) {
            const int n = text_length(cell(g, c, r));
            if (n > g->width[c]) g->width[c] = n;
        }
        all += g->width[c] + (c ? 2 : 0);
    }
    return all;
}

/* Takes from the widest columns of words what is too much; what is left over that is returned. */
static int narrow(struct grid *g, int over)
{
    while (over > 0) {
        int widest = -1;
        for (int c = 0; c < g->columns; c++)
            if (g->kind[c] == WORDS && g->width[c] > LEAST && (widest < 0 || g->width[c] > g->width[widest]))
                widest = c;
        if (widest < 0) return over;
        g->width[widest]--;
        over--;
    }
    return 0;
}

static void print_row(FILE *out, const struct grid *g, int r)
{
    char line[4096] = "", cut[CELL];
    size_t n = 0;
    for (int c = 0; c < g->columns && n < sizeof line; c++) {
        text_cut(cell(g, c, r), g->width[c], cut, sizeof cut);
        const int blanks = g->width[c] - text_length(cut);
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%*s%s%*s", c ? "  " : "", g->kind[c] ? 0 : blanks, "", cut,
                              g->kind[c] ? blanks : 0, "");
    }
    for (n = strlen(line); n && line[n - 1] == ' ';) line[--n] = 0;
    fprintf(out, "%s\n", line);
}

static void print_foot(FILE *out, const struct compare_table *t, int columns)
{
    bool evals = false, tenths = false;
    for (int r = 0; r < t->count; r++) (t->rows[r].by_eval ? &evals : &tenths)[0] = true;
    putc('\n', out);
    if (evals) text_wrapped(out, "last, best: mean return of the last and of the best evaluation", 2, columns);
    if (tenths)
        text_wrapped(out,
                     evals ? "where a run of an environment has none: of the last and of the best tenth of the episodes"
                           : "last, best: mean return of the last and of the best tenth of the episodes",
                     2, columns);
}

/* Lays the table out, with the settings as columns or not; what it is too wide for `columns`. */
static int lay_out(struct grid *g, const struct compare_table *t, int columns, bool settings)
{
    *g = (struct grid){.rows = t->count};
    g->cells = memory_new((size_t)MOST_COLUMNS * (size_t)(t->count + 1), sizeof *g->cells);
    const int run = add(g, "run", WORDS);
    for (int r = 0; r < t->count; r++) put_name(g, run, r, t->rows[r].name);
    if (settings) fill_settings(g, t);
    fill_figures(g, t);
    return narrow(g, measure(g) - columns);
}

void compare_text(FILE *out, const struct compare_table *t, int columns)
{
    struct grid g;
    const bool below = lay_out(&g, t, columns, true) > 0; /* too many settings for columns: a line below each row */
    if (below) {
        free(g.cells);
        lay_out(&g, t, columns, false);
    }
    for (int r = 0; r <= g.rows; r++) {
        print_row(out, &g, r);
        if (!r || !below) continue;
        char line[8 * CELL] = "    ";
        const struct settings *s = &t->rows[r - 1].runs[0]->settings;
        if (t->differ[option_find("env")])
            snprintf(line + 4, sizeof line - 4, "env %s%s", s->values.env, names_count(t->differ) ? ", " : "");
        names_by_settings(s, t->differ, line + strlen(line), sizeof line - strlen(line));
        text_wrapped(out, line, 4, columns);
    }
    print_foot(out, t, columns);
    free(g.cells);
}
