/* record.c -- `dunlin record`: the games that `dunlin eval` plays with the same seed, into a file. */
#include "play/record.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "play/movie.h"
#include "play/player.h"
#include "play/show.h"

static const char usage[] =
    "dunlin record RUN|CHECKPOINT --out FILE.gif|.mp4 [--episodes N] [--seed S] [--greedy] [--best] [--ema] "
    "[--eval-eps E] [--eval-seconds S] [--env lib:PATH.so] [--python PATH] [--fps F] [--max-seconds S]\n"
    "  plays with stored weights and records it, with score and value estimate; .mp4 by ffmpeg\n"
    "  one episode, one picture an agent step, 15 pictures a second, at most 30 s (.gif) or 600 s (.mp4) unless told "
    "otherwise\n"
    "  --greedy: no action by chance, as with eval\n"
    "  --eval-seconds: playing ends after S (3600) seconds; 0: never\n"
    "  --env: names the library, or the Python code, where the run's environment is one\n"
    "  --python: of a gym: environment, such as venv/bin/python\n";

struct request {
    struct player_words player;
    const char *out;
    double fps, max_seconds;
};

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    *w = (struct request){.player = {.episodes = 1, .seed = 1, .epsilon = -1, .seconds = 3600}, .fps = 15};
    const struct word rows[] = {
        {"--out", .text = &w->out, .missing = "; allowed: --out FILE.gif or --out FILE.mp4"},
        PLAYER_ROWS(&w->player),
        {"--fps", .real = &w->fps, .low = 1, .high = 240},
        {"--max-seconds", .real = &w->max_seconds, .low = 0.1, .high = 86400},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = &w->player.what,
                                .most = 1,
                                .noun = "run or checkpoint",
                                .question =
                                    "which run or checkpoint? dunlin record RUN|CHECKPOINT --out FILE.gif|.mp4"};
    const int rc = words_read(&words, argc, argv);
    if (rc) return rc;
    if (player_check(&w->player)) return -1;
    if (!w->out) return error_set("record needs --out FILE.gif or FILE.mp4");
    const struct movie_kind *kind = movie_kind_of(w->out);
    if (!kind) return -1;
    if (w->fps > kind->fps_most)
        return error_set("--fps %g: players show at most %g pictures a second of a %s", w->fps, kind->fps_most,
                         kind->ending);
    if (w->max_seconds <= 0) w->max_seconds = kind == &movie_gif ? 30 : 600;
    return 0;
}

static int add(void *sink, const uint8_t *rgb, int times)
{
    return movie_add(sink, rgb, times);
}

/* result: of all that was played, where nothing was cut by --max-seconds: the games that count, as eval has them. */
static void report(const struct request *w, const struct show *s, const struct evaluate_result *result)
{
    struct stat st;
    char cut[80] = "";
    const int n = s->full ? s->episodes : result->episodes;
    const double score = !s->full ? result->mean : n ? s->sum / n : s->score;
    const double megabytes = stat(w->out, &st) ? 0 : (double)st.st_size / 1e6;
    if (s->full && s->episodes < w->player.episodes)
        snprintf(cut, sizeof cut, "; cut after %g s (--max-seconds)", w->max_seconds);
    log_root("%s: %.1f s of %d x %d pixels, %.2f MB; %s %g%s", w->out, (double)s->shown / s->fps, s->canvas.width,
             s->canvas.height, megabytes, n > 1 ? "mean score" : "score", score, cut);
}

/* 0, or -1 after error_set(). */
static int record(const struct request *w, const struct player *player)
{
    struct show s = {.picture = add, .fps = w->fps, .most = llround(fmax(1, w->max_seconds * w->fps))};
    const struct evaluate_config config = player_config(player, &w->player);
    struct evaluate_result result = {0};
    show_open(&s, player);
    struct movie *movie = movie_open(w->out, s.canvas.height, s.canvas.width, w->fps);
    s.sink = movie;
    int rc = movie ? show_play(&s, &config, &result) : -1;
    if (movie_close(&movie, !rc)) rc = -1;
    if (!rc) report(w, &s, &result);
    show_close(&s);
    return rc;
}

/* In a child: 0, or after error_set() the status to exit with. */
static int play(void *arg)
{
    static struct player player;
    const struct request *w = arg;
    int status = player_open(&player, &w->player);
    if (!status) status = record(w, &player) ? 1 : 0;
    player_close(&player);
    return status;
}

int record_main(int argc, char **argv)
{
    struct request w;
    const int rc = read_words(&w, argc, argv);
    if (rc > 0) return 0;
    const int status = rc ? 2 : player_watched(&w.player, play, &w, sizeof w);
    if (status) log_error("%s", error_text());
    return status;
}
