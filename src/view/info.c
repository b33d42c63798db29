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
#include "view/info_json.h"
#include "view/normalised.h"

#define USAGE "dunlin info RUN|CHECKPOINT [--json | --csv train|episodes|eval|lag|events|actors]"
static const char usage[] =
    USAGE "\n"
          "  settings, progress and provenance as `key value` lines or as JSON, or a table as CSV; of 57 Atari "
          "games last the scores of evaluations beside a person's: 0 as a random player, 1 as a "
          "person\n";

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

/* The last lines, where the environment is a game of which people's scores are known. */
static void print_normalised(const struct normalised *n)
{
    char text[TEXT_FIGURE];
    if (!n->of) return;
    printf("hns-last %s\n", text_figure(n->last, "%.4g", text));
    printf("hns-best %s\n", text_figure(n->best, "%.4g", text));
    printf("hns-random %.10g\nhns-human %.10g\n", n->of->random, n->of->human);
}

/* A checkpoint's counters, and its options where there is no run file (NULL) to tell them. */
static int print(struct checkpoint_file *f, const char *run_h5)
{
    static struct option_set set;
    struct checkpoint_counters counters;
    struct normalised scores;
    if (print_counters(f)) return -1;
    if (run_h5 ? runfile_print_info(run_h5) || normalised_read(&scores, run_h5) : print_options(f)) return -1;
    if (!run_h5) {
        options_init(&set);
        if (checkpoint_read_options(f, &set) || checkpoint_read_counters(f, &counters)) return -1;
        normalised_of_checkpoint(&scores, set.values.env, counters.best_mean);
    }
    print_normalised(&scores);
    return 0;
}

static int fail(int status)
{
    log_error("%s", error_text());
    return status;
}

/* Returns the exit status. */
static int print_table(const char *what, const char *run_h5, bool folder, const char *name)
{
    const int table = runfile_table_of(name);
    if (table >= 0 && !folder) error_set("%s: --csv reads the run.h5 of a run folder", what);
    if (table < 0 || !folder || runfile_found(run_h5)) return fail(2);
    return runfile_print_csv(run_h5, (enum runfile_table)table) ? fail(1) : 0;
}

int info_main(int argc, char **argv)
{
    const char *what = NULL, *csv = NULL;
    bool json = false;
    char run[OPTION_TEXT + 64];
    struct stat st;
    const struct word rows[] = {{"--csv", .text = &csv}, {"--json", .flag = &json}};
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = 2,
                                .what = &what,
                                .most = 1,
                                .question = "which run or checkpoint? " USAGE,
                                .unknown = {"", " is not understood: " USAGE}};
    int rc = words_read(&words, argc, argv);
    if (rc > 0) return 0;
    if (!rc && csv && json) rc = error_set("both --csv and --json were given; allowed: one of them");
    if (rc) return fail(2);
    const bool folder = !stat(what, &st) && S_ISDIR(st.st_mode);
    snprintf(run, sizeof run, "%s/run.h5", what);
    if (csv) return print_table(what, run, folder, csv);
    struct checkpoint_file *f = checkpoint_find(what, false);
    if (!f) return fail(2);
    rc = (json ? info_json : print)(f, folder ? run : NULL);
    checkpoint_close(&f);
    return rc ? fail(1) : 0;
}
