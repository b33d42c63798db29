/* test_top_text.c -- what `dunlin top` shows of a run, word for word, and how it copes with small terminals and with
 * silence. */
#include "testing.h"

#include <math.h>

#include "view/top_text.h"

static struct run_actor actors[40];
static struct run_train rows[400];

static struct status status_of(enum run_state state, int ranks)
{
    for (int r = 0; r < ranks; r++) {
        actors[r] = (struct run_actor){r, "", r ? 25 : 1000, 10, 7, 100 - r, .1, "running"};
        snprintf(actors[r].host, sizeof actors[r].host, "node%d", r / 4);
    }
    return (struct status){.state = state,
                           .reason = "",
                           .frames = 1234567,
                           .frames_total = 10000000,
                           .steps = 308641,
                           .updates = 61728,
                           .episodes = 99,
                           .seconds = 3725,
                           .frames_per_s = 331.4,
                           .updates_per_s = 16.6,
                           .return_mean = -19.25,
                           .return_max = 3,
                           .eval_mean = NAN,
                           .eval_best = NAN,
                           .lag_mean = 1.25,
                           .lag_max = 7,
                           .seconds_left = 26450,
                           .rank_count = ranks,
                           .actors = actors};
}

/* The view as text; owner: free(). */
static char *text_of(const struct top_text *v)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    top_text_write(out, v);
    fclose(out);
    return text;
}

static int lines_of(const char *text, size_t *widest)
{
    int n = 0;
    *widest = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1, n++)
        if ((size_t)(end - text) > *widest) *widest = (size_t)(end - text);
    return n;
}

static void has(const struct top_text *v, const char *const *words)
{
    char *text = text_of(v);
    for (; *words; words++)
        if (!strstr(text, *words)) fail_msg("'%s' is not in:\n%s", *words, text);
    free(text);
}

#define HAS(v, ...) has(&(v), (const char *const[]){__VA_ARGS__, NULL})

static void what_others_wrote_is_escaped(void **unused)
{
    (void)unused;
    struct status s = status_of(RUN_FAILED, 2);
    snprintf(s.reason, sizeof s.reason, "\033[2Jgone");
    snprintf(actors[1].host, sizeof actors[1].host, "n\r\xc2\x9b");
    const struct top_text v = {.run = "ru\nns",
                               .status = &s,
                               .fault = "\x9b"
                                        "1m",
                               .width = 150,
                               .line_end = "\n"};
    HAS(v, "ru\\x0ans: ended, failed: \\x1b[2Jgone\n", "history: \\x9b1m\n", " n\\x0d\\xc2\\x9b ");
}

static void figures_of_a_running_run(void **unused)
{
    (void)unused;
    const struct status s = status_of(RUN_RUNNING, 3);
    const struct top_text v = {.run = "runs/a", .status = &s, .age = 1.4, .width = 100, .line_end = "\n"};
    HAS(v, "runs/a: running\nframes 1,234,567 / 10,000,000  [###---", "] 12.3 %\n",
        "time 1h02m  left 7h20m  updated 1 s ago\n", "steps 308,641  updates 61,728  episodes 99\n",
        "frames/s 331  updates/s 17  lag 1.2 mean, 7 max\n", "return -19.25 mean, 3 max  evaluation -, best -\n",
        "return   (none yet)\n");
    HAS(v, "\n     2  node0             25    0.0%           10          7     1h00m  running\n");
    actors[1].frames = 308642; /* of the run's */
    HAS(v, "\n     1  node0        308,642   25.0%           10          7     1h00m  running\n");
    HAS(v, "\nmaster  node0          1,000       -           10 ");
}

static void silence_and_ends(void **unused)
{
    (void)unused;
    struct status s = status_of(RUN_RUNNING, 2);
    struct top_text v = {.run = "a", .status = &s, .age = 29, .width = 100, .line_end = "\n"};
    HAS(v, "a: running\n");
    v.age = 95;
    HAS(v, "a: no news for 1m35s: the job may be gone");
    rows[0].seconds = 10, rows[1].seconds = 40; /* a line every 30 s: patience is 150 s */
    v.rows = rows, v.row_count = 2;
    EXPECT_NEAR(top_text_patience(rows, 2), 150, 0);
    HAS(v, "a: running\n");
    v.gone = true;
    v.resume = "dunlin resume a";
    HAS(v, "a: its master is gone", "dunlin resume a\n", "master  node0", "  gone\n", "  ended\n");
    v.gone = false;
    s.state = RUN_DONE;
    snprintf(s.reason, sizeof s.reason, "frames reached");
    v.age = 90061;
    HAS(v, "a: ended, done: frames reached\n", "ended 25h01m ago\n", "1h00m  ended\n");
    s.state = RUN_LOST_ACTORS;
    HAS(v, "a: ended, lost its actors: frames reached\n");
    v.fault = "r/run.h5: cannot be read";
    HAS(v, "\nhistory: r/run.h5: cannot be read\n");
}

static void history_as_bars(void **unused)
{
    (void)unused;
    const struct status s = status_of(RUN_RUNNING, 2);
    struct top_text v = {.run = "a", .status = &s, .width = 80, .rows = rows, .row_count = 8, .line_end = "\n"};
    for (int i = 0; i < 400; i++)
        rows[i] = (struct run_train){.return_mean = i == 3 ? (double)NAN : i - 4, .frames_per_s = 50};
    HAS(v, "\nreturn   _.: =+*#  -4 to 3\n", "\nframes/s ========  50 to 50\n");
    v.unicode = true;
    HAS(v, "\nreturn   ▁▂▃ ▅▆▇█  -4 to 3\n");
    v.row_count = 400, v.unicode = false;
    size_t widest;
    char *text = text_of(&v);
    lines_of(text, &widest);
    EXPECT(widest <= 80);
    free(text);
}

static void small_terminals(void **unused)
{
    (void)unused;
    const struct status s = status_of(RUN_RUNNING, 40);
    struct top_text v = {.run = "a", .status = &s, .width = 60, .rows = rows, .row_count = 400, .line_end = "\n"};
    size_t widest;
    snprintf(actors[30].state, sizeof actors[30].state, "silent");
    for (v.height = 12; v.height < 60; v.height++) {
        char *text = text_of(&v);
        const int n = lines_of(text, &widest);
        EXPECT(n <= v.height && widest <= 60);
        EXPECT(v.height < 13 || strstr(text, "\n    30  node7")); /* whom nobody hears is shown first */
        EXPECT((n < 51) == (strstr(text, "more (all of them: dunlin top --once") != NULL));
        free(text);
    }
    char longest[64];
    snprintf(longest, sizeof longest, "%s", "node-of-a-very-long-name.cluster");
    memcpy(actors[30].host, longest, sizeof longest);
    for (v.height = 0, v.width = 40; v.width <= 130; v.width++) { /* what matters most stays, whole */
        char *text = text_of(&v);
        lines_of(text, &widest);
        EXPECT(widest <= (size_t)v.width);
        EXPECT(strstr(text, "  silent\n") && strstr(text, "last seen  state\n"));
        EXPECT(v.width < 60 || strstr(text, " frames "));
        EXPECT(v.width < 94 || strstr(text, " updates   "));
        EXPECT(v.width < 94 || strstr(text, " node-of-a-very-long- "));
        free(text);
    }
    char words[200] = "dunlin resume a --env lib:/", whole[400];
    memset(words + strlen(words), 'x', 150);
    snprintf(whole, sizeof whole, "a: its master is gone; what was saved goes on with: %s\n", words);
    v.gone = true, v.resume = words, v.width = 60;
    HAS(v, whole); /* to be copied */
    for (v.height = 15; v.height < 60; v.height++) {
        char *text = text_of(&v);
        EXPECT(lines_of(text, &widest) <= v.height && widest <= 60 && strstr(text, "x\nframes 1,2"));
        free(text);
    }
    v.gone = false, v.height = 0, v.width = 1;
    char *text = text_of(&v);
    EXPECT(lines_of(text, &widest) == 51 && widest <= 40);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_wrote_is_escaped),
        cmocka_unit_test(figures_of_a_running_run),
        cmocka_unit_test(silence_and_ends),
        cmocka_unit_test(history_as_bars),
        cmocka_unit_test(small_terminals),
    };
    return testing_main(tests);
}
