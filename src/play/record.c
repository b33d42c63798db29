/* record.c -- `dunlin record`: the games that `dunlin eval` plays with the same seed, into a file. */
#include "play/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "play/movie.h"
#include "play/player.h"
#include "play/show.h"

static const char usage[] =
    "dunlin record RUN|CHECKPOINT --out FILE.gif|.mp4 [--episodes N] [--seed S] [--greedy] [--best] [--eval-eps E]\n"
    "              [--env lib:PATH.so] [--fps F] [--max-seconds S]\n"
    "  plays with stored weights and records it, with score and value estimate; .mp4 by ffmpeg. One episode, one "
    "picture\n"
    "  an agent step, 15 pictures a second, at most 30 s (.gif) or 600 s (.mp4) unless told otherwise;\n"
    "  --env names the library where the run's environment is one\n";

struct words {
    struct player_words player;
    const char *out;
    double fps, max_seconds;
    bool help;
};

static int read_words(struct words *w, int argc, char **argv)
{
    *w = (struct words){.player = {.episodes = 1, .seed = 1, .epsilon = -1}, .fps = 15};
    for (int i = 0; i < argc; i++) {
        const char *key = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(key, "--help")) {
            w->help = true;
            return 0;
        } else if (!strncmp(key, "--out=", 6)) {
            w->out = key + 6;
        } else if (!strcmp(key, "--out")) {
            if (!next) return error_set("--out: its value is missing; allowed: --out FILE.gif or --out FILE.mp4");
            w->out = next, i++;
        } else if (!strcmp(key, "--fps")) {
            if (player_read_number(key, next, 1, 240, &w->fps)) return -1;
            i++;
        } else if (!strcmp(key, "--max-seconds")) {
            if (player_read_number(key, next, 0.1, 86400, &w->max_seconds)) return -1;
            i++;
        } else {
            const int known = player_read_word(&w->player, argc, argv, &i);
            if (known < 0) return -1;
            if (!known)
                return error_set("unknown option %.80s; allowed: --out --episodes --seed --greedy --best --eval-eps "
                                 "--env --fps --max-seconds",
                                 key);
        }
    }
    if (!w->player.what) return error_set("which run or checkpoint? dunlin record RUN|CHECKPOINT --out FILE.gif|.mp4");
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

static void report(const struct words *w, const struct show *s)
{
    struct stat st;
    char cut[80] = "";
    const double megabytes = stat(w->out, &st) ? 0 : (double)st.st_size / 1e6;
    if (s->episodes < w->player.episodes) snprintf(cut, sizeof cut, "; cut after %g s (--max-seconds)", w->max_seconds);
    log_root("%s: %.1f s of %d x %d pixels, %.2f MB; %s %g%s", w->out, (double)s->shown / s->fps, s->canvas.width,
             s->canvas.height, megabytes, s->episodes > 1 ? "mean score" : "score",
             s->episodes ? s->sum / s->episodes : s->score, cut);
}

/* 0, or -1 after error_set(). */
static int record(const struct words *w, const struct player *player)
{
    struct show s = {.picture = add, .fps = w->fps, .most = llround(fmax(1, w->max_seconds * w->fps))};
    const struct evaluate_config config = player_config(player, &w->player);
    struct evaluate_result result;
    int rc = show_open(&s, player);
    if (!rc) {
        struct movie *movie = movie_open(w->out, s.canvas.height, s.canvas.width, w->fps);
        s.sink = movie;
        rc = movie ? show_play(&s, &config, &result) : -1;
        if (movie_close(&movie, !rc)) rc = -1;
    }
    if (!rc) report(w, &s);
    show_close(&s);
    return rc;
}

int record_main(int argc, char **argv)
{
    static struct player player;
    struct words w;
    int status = read_words(&w, argc, argv) ? 2 : 0;
    if (!status && w.help) {
        fputs(usage, stdout);
        return 0;
    }
    if (!status) {
        status = player_open(&player, &w.player);
        if (!status) status = record(&w, &player) ? 1 : 0;
        player_close(&player);
    }
    if (status) log_error("%s", error_text());
    return status;
}
