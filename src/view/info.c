/* info.c -- `dunlin info`: settings, progress and provenance as `key value` lines; a table of run.h5 as CSV. */
#include "view/info.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"
#include "store/checkpoint.h"
#include "store/runfile.h"

#define USAGE "dunlin info RUN|CHECKPOINT [--csv train|episodes|eval|lag|events|actors]"
static const char usage[] = USAGE "\n"
                                  "  settings, progress and provenance as `key value` lines, or a table as CSV\n";

static int print_counters(struct checkpoint_file *f)
{
    struct checkpoint_counters c;
    if (checkpoint_read_counters(f, &c)) return -1;
    char shown[4 * PATH_MAX];
    printf("checkpoint %s\n", text_shown(checkpoint_path(f), shown, sizeof shown));
#define SHOW_int64_t(v) printf("%lld\n", (long long)(v))
#define SHOW_double(v) printf("%.10g\n", v)
#define X(type, field, help)                                                                                           \
    printf(#field " ");                                                                                                \
    SHOW_##type(c.field);
    CHECKPOINT_COUNTERS(X)
#undef X
    return 0;
}

static int print_options(struct checkpoint_file *f)
{
    static struct option_set set;
    char text[OPTION_TEXT], shown[4 * OPTION_TEXT];
    options_init(&set);
    const int rc = checkpoint_read_options(f, &set);
    for (int i = 0; i < option_count() && !rc; i++) {
        options_format(&set.values, i, text, sizeof text);
        printf("%s %s\n", option_key(i), text_shown(text, shown, sizeof shown));
    }
    return rc;
}

/* A checkpoint's counters, and its options where there is no run file to tell them. */
static int print_checkpoint(struct checkpoint_file *f, bool with_options)
{
    const int rc = print_counters(f) || (with_options && print_options(f)) ? -1 : 0;
    checkpoint_close(&f);
    return rc;
}

int info_main(int argc, char **argv)
{
    const char *what = NULL, *csv = NULL;
    char run[OPTION_TEXT + 64];
    struct stat st;
    const struct word rows[] = {{"--csv", .text = &csv}};
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = 1,
                                .what = &what,
                                .most = 1,
                                .question = "which run or checkpoint? " USAGE,
                                .unknown = {"", " is not understood: " USAGE}};
    int rc = words_read(&words, argc, argv);
    if (rc > 0) return 0;
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    const bool folder = !stat(what, &st) && S_ISDIR(st.st_mode);
    snprintf(run, sizeof run, "%s/run.h5", what);
    if (csv) {
        const int table = runfile_table_of(csv);
        if (table >= 0 && !folder) error_set("%s: --csv reads the run.h5 of a run folder", what);
        if (table < 0 || !folder) {
            log_error("%s", error_text());
            return 2;
        }
        if (!runfile_print_csv(run, (enum runfile_table)table)) return 0;
        log_error("%s", error_text());
        return 1;
    }
    struct checkpoint_file *f = checkpoint_find(what, false);
    if (!f) {
        log_error("%s", error_text());
        return 2;
    }
    rc = print_checkpoint(f, !folder) || (folder && runfile_print_info(run));
    if (rc) log_error("%s", error_text());
    return rc ? 1 : 0;
}
