/* test_human.c -- which environments are games with people's scores, and scores beside these. */
#include <math.h>
#include <string.h>

#include "../env/human.h"
#include "testing.h"

static void expect_game(const char *env, const char *game)
{
    const struct human_scores *s = human_scores_of(env);
    if (!game)
        EXPECT(!s);
    else
        EXPECT(s && !strcmp(s->game, game));
}

static void test_names(void **state)
{
    (void)state;
    expect_game("atari:pong", "pong");
    expect_game("atari:zaxxon", "zaxxon");
    expect_game("atari:video_pinball", "video_pinball");
    expect_game("atari:adventure", NULL); /* a game, but nobody's score */
    expect_game("atari:pon", NULL);
    expect_game("atari:pong2", NULL);
    expect_game("atari:", NULL);
    expect_game("pong", NULL);
    expect_game("cartpole", NULL);
    expect_game("lib:./pong.so", NULL);
    expect_game("gym:ALE/Pong-v5", "pong");
    expect_game("gym:ALE/VideoPinball-v5?frameskip=1", "video_pinball");
    expect_game("gym:PongNoFrameskip-v4", "pong");
    expect_game("gym:Pong-ramDeterministic-v0", "pong");
    expect_game("gym:UpNDown-v4", "up_n_down");
    expect_game("gym:ale_py:ALE/Pong-v5", "pong");
    expect_game("gym:ale_py:ALE/Breakout-v5?repeat_action_probability=0.25&obs=a:b", "breakout");
    expect_game("gym:./pong.py:make?game=Pong-v5", NULL);
    expect_game("gym:Pong?name=x-v1", NULL);
    expect_game("gym:CartPole-v1", NULL);
    expect_game("gym:Pongo-v1", NULL);
    expect_game("gym:ALE/Pong", NULL);
}

static void test_scores(void **state)
{
    (void)state;
    const struct human_scores *pong = human_scores_of("atari:pong"), *bowling = human_scores_of("atari:bowling"),
                              *skiing = human_scores_of("atari:skiing");
    EXPECT(pong && pong->random == -20.7 && pong->human == 14.6 && bowling && bowling->human == 160.7);
    EXPECT_NEAR(human_normalised(pong, 19.9), 40.6 / 35.3, 1e-12);
    EXPECT(human_normalised(pong, -20.7) == 0 && human_normalised(pong, 14.6) == 1);
    EXPECT(skiing && human_normalised(skiing, -4336.9) == 1 && human_normalised(skiing, -20000) < 0);
    EXPECT(isnan(human_normalised(pong, (double)NAN)));
}

/* A person is better than chance in each of the 57. */
static void test_all_games(void **state)
{
    (void)state;
    static const char *const games[] = {
        "alien",          "amidar",       "assault",    "asterix",        "asteroids",         "atlantis",
        "bank_heist",     "battle_zone",  "beam_rider", "berzerk",        "bowling",           "boxing",
        "breakout",       "centipede",    "defender",   "demon_attack",   "chopper_command",   "crazy_climber",
        "double_dunk",    "enduro",       "freeway",    "fishing_derby",  "frostbite",         "gopher",
        "gravitar",       "hero",         "ice_hockey", "jamesbond",      "kangaroo",          "krull",
        "kung_fu_master", "ms_pacman",    "phoenix",    "name_this_game", "montezuma_revenge", "pitfall",
        "pong",           "private_eye",  "qbert",      "riverraid",      "road_runner",       "robotank",
        "seaquest",       "skiing",       "solaris",    "space_invaders", "star_gunner",       "surround",
        "tennis",         "time_pilot",   "tutankham",  "up_n_down",      "venture",           "video_pinball",
        "wizard_of_wor",  "yars_revenge", "zaxxon"};
    char env[64];
    EXPECT(sizeof games / sizeof *games == 57);
    for (size_t i = 0; i < sizeof games / sizeof *games; i++) {
        snprintf(env, sizeof env, "atari:%s", games[i]);
        const struct human_scores *s = human_scores_of(env);
        EXPECT(s && s->random < s->human);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_all_games),
    };
    return testing_main(tests);
}
