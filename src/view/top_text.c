/* top_text.c -- see top_text.h. */
#include "view/top_text.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/resume_words.h"
#include "base/text.h"

enum { LINE_BYTES = 1024, LEVELS = 8, LEAST_WIDTH = 40, MOST_WIDTH = 160, HEAD_LINES = 10 };

static const double PATIENCE_LEAST = 30; /* s */
static const double PATIENCE_ROWS = 5;   /* log intervals */

double top_text_patience(const struct run_train *rows, int64_t n)
{
    const double usual = n >= 2 ? rows[n - 1].seconds - rows[n - 2].seconds : 0;
    return fmax(PATIENCE_LEAST, isfinite(usual) ? PATIENCE_ROWS * usual : 0);
}

/* A line, cut to the width (in bytes: what is not ASCII may lose its end). */
static void say(FILE *out, const struct top_text *v, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(FILE *out, const struct top_text *v, const char *fmt, ...)
{
    char given[LINE_BYTES], line[LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(given, sizeof given, fmt, ap);
    va_end(ap);
    text_shown(given, line, sizeof line);
    size_t n = strnlen(line, (size_t)v->width);
    while (n && line[n - 1] == ' ') n--;
    fprintf(out, "%.*s%s", (int)n, line, v->line_end);
}

/* Days where it takes days, and seconds alone: 7 -> "7 s". */
static const char *span(double s, char text[TEXT_FIGURE])
{
    if (s >= 2 * 86400 && s <= 1e9)
        snprintf(text, TEXT_FIGURE, "%dd%02dh", (int)(s / 86400), (int)(s / 3600) % 24);
    else if (s >= 0 && s < 60)
        snprintf(text, TEXT_FIGURE, "%.0f s", floor(s));
    else
        return text_span(s, text);
    return text;
}

static void write_progress(FILE *out, const struct top_text *v)
{
    const struct status *s = v->status;
    const double part = s->frames_total > 0 ? (double)s->frames / (double)s->frames_total : 0;
    char a[TEXT_FIGURE], b[TEXT_FIGURE], bar[64];
    const int room = v->width >= 76 ? 30 : 10, full = (int)(fmin(fmax(part, 0), 1) * room);
    memset(bar, '-', sizeof bar);
    memset(bar, '#', (size_t)full);
    say(out, v, "frames %s / %s  [%.*s] %.1f %%", text_grouped(s->frames, a), text_grouped(s->frames_total, b), room,
        bar, 100 * part);
}

/* Words that are to be typed are not cut. Returns how many lines more than one that takes. */
static int say_gone(FILE *out, const struct top_text *v)
{
    char given[2 * RESUME_WORDS], line[2 * RESUME_WORDS];
    snprintf(given, sizeof given, "%.1000s: its master is gone; what was saved goes on with: %s", v->run, v->resume);
    text_shown(given, line, sizeof line);
    const size_t n = strlen(line), width = v->height ? (size_t)v->width : n;
    int more = -1;
    for (size_t at = 0; at < n; at += width, more++)
        fprintf(out, "%.*s%s", (int)(n - at < width ? n - at : width), line + at, v->line_end);
    return more;
}

/* Returns how many lines more than HEAD_LINES counts that takes. */
static int write_head(FILE *out, const struct top_text *v)
{
    int more = 0;
    const struct status *s = v->status;
    char a[TEXT_FIGURE], b[TEXT_FIGURE], c[TEXT_FIGURE], d[TEXT_FIGURE];
    const double patience = top_text_patience(v->rows, v->row_count);
    const char *name = s->state == RUN_LOST_ACTORS ? "lost its actors" : run_state_name(s->state);
    if (s->state != RUN_RUNNING)
        say(out, v, "%s: ended, %s%s%s", v->run, name, *s->reason ? ": " : "", s->reason);
    else if (v->gone)
        more = say_gone(out, v);
    else if (v->age > patience)
        say(out, v, "%s: no news for %s: the job may be gone (see its log or queue)", v->run, span(v->age, a));
    else
        say(out, v, "%s: running%s%s", v->run, *s->reason ? ", but " : "", s->reason);
    write_progress(out, v);
    if (s->state == RUN_RUNNING)
        say(out, v, "time %s  left %s  updated %s ago", span(s->seconds, a), span(s->seconds_left, b), span(v->age, c));
    else
        say(out, v, "time %s  ended %s ago", span(s->seconds, a), span(v->age, c));
    say(out, v, "steps %s  updates %s  episodes %s", text_grouped(s->steps, a), text_grouped(s->updates, b),
        text_grouped(s->episodes, c));
    say(out, v, "frames/s %s  updates/s %s  lag %s mean, %s max", text_figure(s->frames_per_s, "%.0f", a),
        text_figure(s->updates_per_s, s->updates_per_s < 10 ? "%.2g" : "%.0f", b), text_figure(s->lag_mean, "%.2g", c),
        text_grouped(s->lag_max, d));
    say(out, v, "return %s mean, %s max  evaluation %s, best %s", text_figure(s->return_mean, "%.4g", a),
        text_figure(s->return_max, "%.4g", b), text_figure(s->eval_mean, "%.4g", c),
        text_figure(s->eval_best, "%.4g", d));
    return more;
}

/* History as a row of bars, oldest first, from the least to the most of what is shown. at: offset of a double. */
static void write_history(FILE *out, const struct top_text *v, const char *name, size_t at, const char *fmt)
{
    static const char *const eighths[LEVELS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    const int64_t n = v->row_count, columns = n < v->width - 34 ? n : v->width - 34;
    double mean[MOST_WIDTH], low = INFINITY, high = -INFINITY;
    char line[MOST_WIDTH * 3 + 1] = "", a[TEXT_FIGURE], b[TEXT_FIGURE];
    for (int64_t c = 0; c < columns; c++) {
        int64_t count = 0;
        double sum = 0;
        for (int64_t i = c * n / columns; i < (c + 1) * n / columns; i++) {
            double x;
            memcpy(&x, (const char *)&v->rows[i] + at, sizeof x);
            if (isfinite(x)) sum += x, count++;
        }
        mean[c] = count ? sum / (double)count : NAN;
        low = fmin(low, mean[c]);
        high = fmax(high, mean[c]);
    }
    for (int64_t c = 0; c < columns; c++) {
        const int level = high > low ? (int)lround((mean[c] - low) / (high - low) * (LEVELS - 1)) : LEVELS / 2;
        strcat(line, isnan(mean[c]) ? " " : v->unicode ? eighths[level] : ascii[level]);
    }
    /* bars are three bytes a column: say() would cut them */
    if (low <= high)
        fprintf(out, "%-8s %s  %s to %s%s", name, line, text_figure(low, fmt, a), text_figure(high, fmt, b),
                v->line_end);
    else
        fprintf(out, "%-8s (none yet)%s", name, v->line_end);
}

static bool fine(const struct run_actor *a)
{
    return !strcmp(a->state, "running") || !strcmp(a->state, "ended");
}

/* What a line of the table shows besides rank, last seen and state; what matters least goes first where the terminal is
 * narrow. */
enum { FRAMES = 1, HOST = 2, EPISODES = 4, SHARE = 8, UPDATES = 16, ALL = 31 };

struct table {
    int columns, host; /* which; and bytes of a host's name */
};

static void put_row(FILE *out, const struct top_text *v, const struct table *t, const char *const cells[8])
{
    static const struct {
        int column, width;
    } middle[] = {{FRAMES, 14}, {SHARE, 7}, {UPDATES, 12}, {EPISODES, 10}};
    char line[LINE_BYTES];
    size_t at = (size_t)snprintf(line, sizeof line, "%6s ", cells[0]);
    if (t->columns & HOST) at += (size_t)snprintf(line + at, sizeof line - at, " %-*.*s", t->host, t->host, cells[1]);
    for (size_t i = 0; i < sizeof middle / sizeof *middle; i++)
        if (t->columns & middle[i].column)
            at += (size_t)snprintf(line + at, sizeof line - at, " %*s", middle[i].width, cells[2 + i]);
    snprintf(line + at, sizeof line - at, " %9s  %s", cells[6], cells[7]);
    say(out, v, "%s", line);
}

/* The table that fits: a long host's name is cut before a column goes. */
static struct table table_for(const struct top_text *v)
{
    enum { HOST_LEAST = 8, HOST_MOST = 20 };
    struct table t = {ALL, 4};
    int state = 7;
    for (int r = 0; r < v->status->rank_count; r++) {
        const struct run_actor *a = &v->status->actors[r];
        const int host = (int)strnlen(a->host, HOST_MOST), word = (int)strnlen(a->state, sizeof a->state);
        t.host = host > t.host ? host : t.host;
        state = word > state ? word : state;
    }
    for (int gone = UPDATES;; gone /= 2) {
        const int wide = 7 + (t.columns & HOST ? 1 + t.host : 0) + (t.columns & FRAMES ? 15 : 0) +
                         (t.columns & SHARE ? 8 : 0) + (t.columns & UPDATES ? 13 : 0) +
                         (t.columns & EPISODES ? 11 : 0) + 12 + state;
        const int cut = wide - v->width, spare = t.columns & HOST ? t.host - HOST_LEAST : 0;
        if (cut > 0 && cut <= spare) t.host -= cut;
        if (cut <= 0 || cut <= spare || !gone) return t;
        t.columns &= ~gone;
    }
}

static void write_actor(FILE *out, const struct top_text *v, const struct run_actor *a, const struct table *t)
{
    const struct status *s = v->status;
    /* nobody is left to write that an actor ended with its run */
    const bool over = s->state != RUN_RUNNING || v->gone;
    const char *state = !over || strcmp(a->state, "running") ? a->state : v->gone && !a->rank ? "gone" : "ended";
    char rank[TEXT_FIGURE], frames[TEXT_FIGURE], updates[TEXT_FIGURE], episodes[TEXT_FIGURE], seen[TEXT_FIGURE],
        share[TEXT_FIGURE];
    snprintf(rank, sizeof rank, a->rank ? "%lld" : "master", (long long)a->rank);
    text_figure(a->rank && s->frames > 0 ? 100 * (double)a->frames / (double)s->frames : NAN, "%.1f%%", share);
    put_row(out, v, t,
            (const char *const[]){rank, a->host, text_grouped(a->frames, frames), share,
                                  text_grouped(a->updates, updates), text_grouped(a->episodes, episodes),
                                  span(fmax(0, s->seconds - a->last_seen), seen), state});
}

static void write_actors(FILE *out, const struct top_text *v, int room)
{
    const struct status *s = v->status;
    const struct table t = table_for(v);
    int left_out = 0;
    bool *shown = memory_new((size_t)s->rank_count + 1, sizeof *shown);
    /* the titles, and the line that counts the others */
    int rows = s->rank_count <= room - 1 ? room - 1 : room - 2;
    for (int pass = 0; pass < 2; pass++)
        for (int r = 0; r < s->rank_count; r++)
            if (fine(&s->actors[r]) == (pass == 1)) {
                shown[r] = !v->height || rows-- > 0;
                if (!shown[r]) left_out++;
            }
    put_row(out, v, &t,
            (const char *const[]){"rank", "host", "frames", "share", "updates", "episodes", "last seen", "state"});
    for (int r = 0; r < s->rank_count; r++)
        if (shown[r]) write_actor(out, v, &s->actors[r], &t);
    if (left_out) say(out, v, "and %d more (all of them: dunlin top --once %s)", left_out, v->run);
    free(shown);
}

void top_text_write(FILE *out, const struct top_text *given)
{
    struct top_text v = *given;
    if (v.width < LEAST_WIDTH) v.width = LEAST_WIDTH;
    if (v.width > MOST_WIDTH) v.width = MOST_WIDTH;
    const int head = HEAD_LINES + write_head(out, &v);
    fprintf(out, "%s", v.line_end);
    if (v.fault) {
        say(out, &v, "history: %s", v.fault);
    } else {
        write_history(out, &v, "return", offsetof(struct run_train, return_mean), "%.4g");
        write_history(out, &v, "frames/s", offsetof(struct run_train, frames_per_s), "%.0f");
    }
    fprintf(out, "%s", v.line_end);
    write_actors(out, &v, v.height > head ? v.height - head : 0);
}
