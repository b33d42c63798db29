/* compare_data.c -- see compare_table.h: for other programs. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "view/compare_table.h"

struct score compare_score(const struct compare_row *row, const struct compare_run *run)
{
    return row->by_eval ? run->outcome.eval : run->outcome.tenths;
}

static const char *score_name(const struct compare_row *row)
{
    return row->by_eval ? "evaluation" : "episodes";
}

/* A field of CSV, in quotes where it needs them. */
static void put_field(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

/* Empty where it is no number. */
static void put_number(FILE *out, double x)
{
    char text[TEXT_FIGURE];
    fprintf(out, ",%s", isfinite(x) ? text_number(x, text) : "");
}

static bool always(int i)
{
    return !strcmp(settings_key(i), "env") || !strcmp(settings_key(i), "algo");
}

void compare_csv(FILE *out, const struct compare_table *t)
{
    char text[OPTION_TEXT];
    fputs("run", out);
    for (int i = 0; i < settings_count(); i++)
        if (always(i) || t->differ[i]) fprintf(out, ",%s", settings_title(i));
    fputs(",n,frames,seconds,score,last,last_min,last_max,best,best_min,best_max\n", out);
    for (int r = 0; r < t->count; r++) {
        const struct compare_row *row = &t->rows[r];
        put_field(out, row->name);
        for (int i = 0; i < settings_count(); i++) {
            if (!always(i) && !t->differ[i]) continue;
            putc(',', out);
            put_field(out, settings_text(&row->runs[0]->settings, i, text, sizeof text));
        }
        fprintf(out, ",%d", row->count);
        put_number(out, row->frames.mean);
        put_number(out, row->seconds.mean);
        fprintf(out, ",%s", score_name(row));
        const struct compare_span *spans[] = {&row->last, &row->best};
        for (int s = 0; s < 2; s++) {
            put_number(out, spans[s]->mean);
            put_number(out, spans[s]->low);
            put_number(out, spans[s]->high);
        }
        putc('\n', out);
    }
}

static void put_span(struct json *j, const char *key, const struct compare_span *s)
{
    json_object(j, key);
    json_real(j, "mean", s->mean);
    json_real(j, "min", s->low);
    json_real(j, "max", s->high);
    json_end(j);
}

static void put_run(struct json *j, const struct compare_row *row, const struct compare_run *run)
{
    const struct score score = compare_score(row, run);
    json_object(j, NULL);
    json_text(j, "run", run->what);
    json_int(j, "seed", run->settings.values.seed);
    json_text(j, "state", *run->state ? run->state : NULL);
    json_int(j, "frames", run->outcome.frames);
    json_int(j, "frames_budget", run->settings.values.frames);
    json_real(j, "seconds", run->outcome.seconds);
    json_int(j, "episodes", run->outcome.episodes);
    json_real(j, "last", score.last);
    json_real(j, "best", score.best);
    json_end(j);
}

void compare_json(FILE *out, const struct compare_table *t)
{
    struct json j = {.out = out};
    char text[OPTION_TEXT];
    json_object(&j, NULL);
    json_array(&j, "rows");
    for (int r = 0; r < t->count; r++) {
        const struct compare_row *row = &t->rows[r];
        json_object(&j, NULL);
        json_text(&j, "name", row->name);
        json_object(&j, "settings"); /* env, algo, and what tells rows apart */
        for (int i = 0; i < settings_count(); i++)
            if (always(i) || t->differ[i]) {
                settings_text(&row->runs[0]->settings, i, text, sizeof text);
                (settings_is_text(i) ? json_text : json_typed)(&j, settings_key(i), text);
            }
        json_end(&j);
        json_text(&j, "score", score_name(row));
        json_int(&j, "n", row->count);
        json_real(&j, "frames", row->frames.mean);
        json_real(&j, "seconds", row->seconds.mean);
        put_span(&j, "last", &row->last);
        put_span(&j, "best", &row->best);
        json_array(&j, "runs");
        for (int i = 0; i < row->count; i++) put_run(&j, row, row->runs[i]);
        json_end(&j);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
}
