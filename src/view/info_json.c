/* info_json.c -- see info_json.h. */
#include "view/info_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "store/runfile.h"
#include "view/normalised.h"

static void put_counters(struct json *j, const char *path, const struct checkpoint_counters *c)
{
    json_object(j, "checkpoint");
    json_text(j, "path", path);
#define PUT_int64_t json_int
#define PUT_double json_real
#define X(type, field, help) PUT_##type(j, #field, c->field);
    CHECKPOINT_COUNTERS(X)
#undef X
    json_end(j);
}

static void put_setting(struct json *j, int i, const char *value)
{
    (option_is_text(i) ? json_text : json_typed)(j, option_key(i), value);
}

static void put_options(struct json *j, const struct options *values)
{
    char text[OPTION_TEXT];
    json_object(j, "settings");
    for (int i = 0; i < option_count(); i++) {
        options_format(values, i, text, sizeof text);
        put_setting(j, i, text);
    }
    json_end(j);
}

/* The option that a line of runfile_info() is about; -1: none. */
static int option_of(const char *key)
{
    if (!strcmp(key, "frames-budget")) key = "frames";
    for (int i = 0; i < option_count(); i++)
        if (!strcmp(key, option_key(i))) return i;
    return -1;
}

/* The session that a key is about, *rest what it says of it; 0: of the first start. */
static int session_of(const char *key, const char **rest)
{
    int session = 0, at = 0;
    *rest = key;
    if (sscanf(key, "session-%d-%n", &session, &at) < 1 || !at || session < 1) return 0;
    *rest = key + at;
    return session;
}

/* The lines of runfile_info() in three parts: settings, provenance of the first start, later sessions. */
static void put_part(struct json *j, const char *info, int part, const char *name)
{
    int open = 0; /* the session whose object is */
    (part == 2 ? json_array : json_object)(j, name);
    for (const char *line = info; *line;) {
        char key[256], value[8192];
        const char *rest;
        const int n = (int)strcspn(line, "\n"), k = (int)strcspn(line, " \n");
        snprintf(key, sizeof key, "%.*s", k, line);
        snprintf(value, sizeof value, "%.*s", n > k ? n - k - 1 : 0, line + k + (n > k));
        line += n + (line[n] == '\n');
        const int session = session_of(key, &rest), option = session ? -1 : option_of(key);
        if (part == 0 && option >= 0) put_setting(j, option, value);
        if (part == 1 && !session && option < 0)
            (strcmp(key, "ranks") && strcmp(key, "sessions") ? json_text : json_typed)(j, key, value);
        if (part != 2 || !session) continue;
        if (session != open) {
            if (open) json_end(j);
            json_object(j, NULL);
            json_int(j, "session", open = session);
        }
        const bool number = !strcmp(rest, "ranks") || !strcmp(rest, "seed") || !strcmp(rest, "resumed_at");
        (number ? json_typed : json_text)(j, rest, value);
    }
    if (open) json_end(j);
    json_end(j);
}

int info_json(struct checkpoint_file *f, const char *run_h5)
{
    static struct option_set set;
    struct checkpoint_counters counters;
    struct normalised scores;
    struct json j = {.out = stdout};
    options_init(&set);
    char *info = run_h5 ? runfile_info(run_h5) : NULL;
    if ((run_h5 && !info) || checkpoint_read_counters(f, &counters) || checkpoint_read_options(f, &set) ||
        (run_h5 && normalised_read(&scores, run_h5))) {
        free(info);
        return -1;
    }
    if (!run_h5) normalised_of_checkpoint(&scores, set.values.env, counters.best_mean);
    json_object(&j, NULL);
    put_counters(&j, checkpoint_path(f), &counters);
    if (info) {
        put_part(&j, info, 0, "settings");
        put_part(&j, info, 1, "provenance");
        put_part(&j, info, 2, "resumes");
    } else {
        put_options(&j, &set.values);
    }
    if (scores.of) {
        json_object(&j, "hns");
        json_real(&j, "last", scores.last);
        json_real(&j, "best", scores.best);
        json_real(&j, "random", scores.of->random);
        json_real(&j, "human", scores.of->human);
        json_end(&j);
    }
    json_end(&j);
    free(info);
    return fflush(stdout) || ferror(stdout) ? error_set("cannot write to standard output") : 0;
}
