/* eval.c -- `dunlin eval`: whole games with stored weights, one line of `key value` pairs on stdout. */
#include "play/eval.h"

#include <stdio.h>

#include "../../env/human.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "play/player.h"
#include "play/show.h"
#include "play/window.h"

static const char usage[] =
    "dunlin eval RUN|CHECKPOINT [--episodes N] [--seed S] [--greedy] [--best] [--ema] [--eval-eps E] "
    "[--eval-seconds S] [--env lib:PATH.so] [--python PATH] [--hns] [--json] [--render [--fps F]]\n"
    "  plays whole games without learning and prints raw returns\n"
    "  of a run: its newest checkpoint; --best: the weights of its best evaluation\n"
    "  --greedy: always the likeliest action, which else is drawn; of Q methods always the best\n"
    "  --eval-eps: of Q methods, the chance of an action at random; else the run's\n"
    "  --ema: the average of the weights that train --ema kept beside them\n"
    "  --eval-seconds: it ends after S (3600) seconds with the episodes played so far; 0: never\n"
    "  --hns: also the mean beside a person's, of 57 Atari games: 0 as a random player, 1 as a person\n"
    "  --json: for other programs\n"
    "  --render: shows the games in a window, F (15) steps a second\n"
    "  --env: names the library, or the Python code, where the run's environment is one\n"
    "  --python: of a gym: environment, such as venv/bin/python\n";

struct request {
    struct player_words player;
    bool render, hns, json;
    double fps;
};

/* 0; 1 where help was asked for; -1 after error_set(). */
static int read_words(struct request *w, int argc, char **argv)
{
    *w = (struct request){.player = {.episodes = 100, .seed = 1, .epsilon = -1, .seconds = 3600}, .fps = 15};
    const struct word rows[] = {
        PLAYER_ROWS(&w->player),
        {"--render", .flag = &w->render},
        {"--hns", .flag = &w->hns},
        {"--json", .flag = &w->json},
        {"--fps", .real = &w->fps, .low = 0.1, .high = 1000},
    };
    const struct words words = {.usage = usage,
                                .rows = rows,
                                .row_count = sizeof rows / sizeof rows[0],
                                .what = &w->player.what,
                                .most = 1,
                                .noun = "run or checkpoint",
                                .question = "which run or checkpoint? dunlin eval RUN|CHECKPOINT [--episodes N]"};
    const int rc = words_read(&words, argc, argv);
    return rc ? rc : player_check(&w->player);
}

struct screen {
    struct window *window;
    double seconds; /* of a picture */
};

static int picture(void *sink, const uint8_t *rgb, int times)
{
    const struct screen *screen = sink;
    return window_show(screen->window, rgb, times * screen->seconds);
}

static struct evaluate_config config_of(const struct request *w, const struct player *player)
{
    struct evaluate_config config = player_config(player, &w->player);
    config.leave_out = true;
    return config;
}

/* Plays in a window. 0 and *ended where the user left before the last game; or -1 after error_set(). */
static int render(const struct request *w, const struct player *player, struct evaluate_result *r, bool *ended)
{
    struct screen screen = {.seconds = 1 / w->fps};
    struct show s = {.picture = picture, .sink = &screen, .fps = w->fps};
    const struct evaluate_config config = config_of(w, player);
    show_open(&s, player);
    screen.window = window_open(player->set.values.env, s.canvas.height, s.canvas.width);
    const int rc = screen.window ? show_play(&s, &config, r) : -1;
    *ended = s.full;
    window_close(&screen.window);
    show_close(&s);
    return rc;
}

struct game {
    struct request words;
    struct evaluate_result result;
    bool ended, explores;
    char env[OPTION_TEXT];
    const struct human_scores *human; /* with --hns */
};

/* The scores that --hns wants: 0, or the status to exit with after error_set(). */
static int find_human(struct game *g)
{
    if (!g->words.hns) return 0;
    g->human = human_scores_of(g->env);
    if (g->human) return 0;
    error_set("--hns: of %.200s no person's score is known; allowed: with 57 Atari games, such as atari:pong", g->env);
    return 2;
}

/* 0, or -1 after error_set(). */
static int evaluate(const struct request *w, const struct player *player, struct evaluate_result *r)
{
    const struct setup *setup = &player->setup;
    const struct evaluate_config config = config_of(w, player);
    return evaluate_run(&config, &setup->world, setup->net, player->theta, NULL, r);
}

static void tell_left_out(const struct evaluate_result *r)
{
    if (r->left_out)
        log_root("%d of %d games count; %d ended with a number that is none: %s", r->episodes,
                 r->episodes + r->left_out, r->left_out, error_text());
}

/* In a child: 0, or after error_set() the status to exit with. */
static int play(void *arg)
{
    static struct player player;
    struct game *g = arg;
    const struct request *w = &g->words;
    int status = player_open(&player, &w->player);
    snprintf(g->env, sizeof g->env, "%s", player.set.values.env);
    if (!status) status = find_human(g);
    if (!status && w->render) {
        status = render(w, &player, &g->result, &g->ended) ? 1 : 0;
    } else if (!status) {
        status = evaluate(w, &player, &g->result) ? 1 : 0;
    }
    if (!status) tell_left_out(&g->result);
    g->explores = !status && algo_explores(player.setup.algo);
    player_close(&player);
    return status;
}

static const char *policy_of(const struct game *g)
{
    return g->words.player.greedy ? "greedy" : g->explores ? "epsilon-greedy" : "sampled";
}

static void print_line(const struct game *g)
{
    const struct evaluate_result *r = &g->result;
    printf("episodes %d mean %.6g median %.6g std %.6g min %.6g max %.6g frames %lld policy %s", r->episodes, r->mean,
           r->median, r->std, r->min, r->max, (long long)r->frames, policy_of(g));
    if (g->human) printf(" hns %.4g", human_normalised(g->human, r->mean));
    putchar('\n');
}

static void print_json(const struct game *g)
{
    const struct evaluate_result *r = &g->result;
    struct json j = {.out = stdout};
    json_object(&j, NULL);
    json_text(&j, "env", g->env);
    json_text(&j, "policy", policy_of(g));
    json_int(&j, "episodes", r->episodes);
    if (r->left_out) json_int(&j, "left_out", r->left_out);
    json_real(&j, "mean", r->mean);
    json_real(&j, "median", r->median);
    json_real(&j, "std", r->std);
    json_real(&j, "min", r->min);
    json_real(&j, "max", r->max);
    json_int(&j, "frames", r->frames);
    json_int(&j, "steps", r->steps);
    if (g->human) json_real(&j, "hns", human_normalised(g->human, r->mean));
    json_end(&j);
}

int eval_main(int argc, char **argv)
{
    static struct game g;
    const int rc = read_words(&g.words, argc, argv);
    if (rc > 0) return 0;
    const int status = rc ? 2 : player_watched(&g.words.player, play, &g, sizeof g);
    if (status)
        log_error("%s", error_text());
    else if (!g.ended)
        (g.words.json ? print_json : print_line)(&g);
    return status;
}
