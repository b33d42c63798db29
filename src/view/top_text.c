/* top_text.c -- see top_text.h. */
#include "view/top_text.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
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

static void write_head(FILE *out, const struct top_text *v)
{
    const struct status *s = v->status;
    char a[TEXT_FIGURE], b[TEXT_FIGURE], c[TEXT_FIGURE], d[TEXT_FIGURE];
    const double patience = top_text_patience(v->rows, v->row_count);
    const char *name = s->state == RUN_LOST_ACTORS ? "lost its actors" : run_state_name(s->state);
    if (s->state != RUN_RUNNING)
        say(out, v, "%s: ended, %s%s%s", v->run, name, *s->reason ? ": " : "", s->reason);
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

static void write_actor(FILE *out, const struct top_text *v, const struct run_actor *a, int host_width)
{
    const struct status *s = v->status;
    /* nobody is left to write that an actor ended with its run */
    const char *state = s->state != RUN_RUNNING && !strcmp(a->state, "running") ? "ended" : a->state;
    char rank[TEXT_FIGURE], frames[TEXT_FIGURE], updates[TEXT_FIGURE], episodes[TEXT_FIGURE], seen[TEXT_FIGURE],
        share[TEXT_FIGURE];
    snprintf(rank, sizeof rank, a->rank ? "%lld" : "master", (long long)a->rank);
    text_figure(a->rank && s->frames > 0 ? 100 * (double)a->frames / (double)s->frames : NAN, "%.1f%%", share);
    say(out, v, "%6s  %-*.*s %14s %7s %12s %10s %9s  %s", rank, host_width, host_width, a->host,
        text_grouped(a->frames, frames), share, text_grouped(a->updates, updates), text_grouped(a->episodes, episodes),
        span(fmax(0, s->seconds - a->last_seen), seen), state);
}

static void write_actors(FILE *out, const struct top_text *v, int room)
{
    const struct status *s = v->status;
    int host_width = 4, left_out = 0;
    for (int r = 0; r < s->rank_count; r++) {
        const int n = (int)strlen(s->actors[r].host);
        if (n > host_width) host_width = n < 20 ? n : 20;
    }
    bool *shown = memory_new((size_t)s->rank_count + 1, sizeof *shown);
    /* the titles, and the line that counts the others */
    int rows = s->rank_count <= room - 1 ? room - 1 : room - 2;
    for (int pass = 0; pass < 2; pass++)
        for (int r = 0; r < s->rank_count; r++)
            if (fine(&s->actors[r]) == (pass == 1)) {
                shown[r] = !v->height || rows-- > 0;
                if (!shown[r]) left_out++;
            }
    say(out, v, "%6s  %-*s %14s %7s %12s %10s %9s  %s", "rank", host_width, "host", "frames", "share", "updates",
        "episodes", "last seen", "state");
    for (int r = 0; r < s->rank_count; r++)
        if (shown[r]) write_actor(out, v, &s->actors[r], host_width);
    if (left_out) say(out, v, "and %d more (all of them: dunlin top --once %s)", left_out, v->run);
    free(shown);
}

void top_text_write(FILE *out, const struct top_text *given)
{
    struct top_text v = *given;
    if (v.width < LEAST_WIDTH) v.width = LEAST_WIDTH;
    if (v.width > MOST_WIDTH) v.width = MOST_WIDTH;
    write_head(out, &v);
    fprintf(out, "%s", v.line_end);
    if (v.fault) {
        say(out, &v, "history: %s", v.fault);
    } else {
        write_history(out, &v, "return", offsetof(struct run_train, return_mean), "%.4g");
        write_history(out, &v, "frames/s", offsetof(struct run_train, frames_per_s), "%.0f");
    }
    fprintf(out, "%s", v.line_end);
    write_actors(out, &v, v.height ? (v.height > HEAD_LINES ? v.height - HEAD_LINES : 0) : 0);
}
