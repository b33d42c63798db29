/* test_games.c -- what an agent and an evaluation keep of games: returns, figures of them, finished episodes, random
 * streams, saved actions. On a game whose returns are given. */
#include "agents.h"

/* Two steps a game, the second one worth all of it; the observation is raw 5 and 7. */
static struct {
    const double *returns; /* of game k; NULL: k + 1 */
    int count;
    double bad; /* not 0: the first step's reward */
    bool endless;
} given;
struct game {
    int number, t;
};

static void given_reset(void *state, struct rng *rng, void *obs)
{
    struct game *g = state;
    (void)rng;
    g->number++;
    g->t = 0;
    ((float *)obs)[0] = 5, ((float *)obs)[1] = 7;
}

static struct env_step given_step(void *state, struct rng *rng, struct env_action action, void *obs)
{
    struct game *g = state;
    (void)rng, (void)action;
    ((float *)obs)[0] = 5, ((float *)obs)[1] = 7;
    if (++g->t == 1) return (struct env_step){.reward = given.bad};
    return (struct env_step){.reward = given.returns ? given.returns[(g->number - 1) % given.count] : g->number,
                             .terminated = !given.endless};
}

static const struct env_ops given_ops = {
    .api = DUNLIN_ENV_API, .name = "given", .plain_state = true, .reset = given_reset, .step = given_step};
static const float centre[] = {3, 7}, scale[] = {2, 100};

static struct learner *given_new(const struct agent_config *config)
{
    struct learner *b = memory_new(1, sizeof *b);
    memset(&given, 0, sizeof given);
    b->world = (struct world){.ops = &given_ops,
                              .args = {.arg = "", .training = true},
                              .spec = {.obs_kind = ENV_OBS_FLOATS,
                                       .obs_dim = 2,
                                       .planes = 1,
                                       .stack = 1,
                                       .num_actions = 3,
                                       .action_repeat = 4,
                                       .state_size = sizeof(struct game),
                                       .obs_centre = centre,
                                       .obs_scale = scale}};
    b->world.policy = policy_for(&b->world.spec);
    learner_fill(b, "mlp:8", 0, config);
    return b;
}

/* The figures of given returns, worked by hand; each game counts from nothing. */
static void figures(void **state)
{
    (void)state;
    static const double four[] = {4, 1, 10, 2}, three[] = {-7, 5, 2};
    const struct agent_config config = config_of(&algo_a3c, 5, 1);
    struct learner *b = given_new(&config);
    struct evaluate_config ec = {.algo = &algo_a3c, .episodes = 4, .seed = 9};
    struct evaluate_result r;
    given.returns = four, given.count = 4;
    EXPECT(!evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &r));
    EXPECT(r.episodes == 4 && r.min == 1 && r.max == 10 && r.mean == 4.25 && r.median == 3);
    EXPECT_NEAR(r.std, sqrt((0.0625 + 10.5625 + 33.0625 + 5.0625) / 4), 1e-12);
    EXPECT(r.steps == 8 && r.frames == 32);
    ec.episodes = given.count = 3, given.returns = three;
    EXPECT(!evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &r));
    EXPECT(r.min == -7 && r.max == 5 && r.mean == 0 && r.median == 2);
    ec.episodes = 1;
    EXPECT(!evaluate_run(&ec, &b->world, b->net, b->theta, NULL, &r));
    EXPECT(r.min == -7 && r.max == -7 && r.median == -7 && r.std == 0);
    learner_free(b);
}

/* The oldest of more finished games than there is room for are forgotten, and the order stays. */
static void finished_games(void **state)
{
    (void)state;
    enum { GAMES = 1500 };
    static struct agent_episode e[GAMES];
    const struct agent_config config = config_of(&algo_a3c, 5, 1);
    struct learner *b = given_new(&config);
    for (int k = 0; k < 3; k++) rollout(b, 0);
    EXPECT(agent_take_episodes(b->agent, e, 2) == 2 && e[0].ret == 1 && e[1].ret == 2);
    EXPECT(e[1].steps == 2 && e[1].frames == 8);
    for (int k = 3; k < GAMES; k++) rollout(b, 0);
    const int room = b->agent->episodes_room, n = agent_take_episodes(b->agent, e, GAMES);
    EXPECT(n == room && n < GAMES);
    for (int k = 0; k < n; k++) EXPECT(e[k].ret == GAMES - n + k + 1);
    EXPECT(agent_take_episodes(b->agent, e, GAMES) == 0);
    learner_free(b);
}

/* Centred first, then scaled; rewards scaled first, then clipped, on both sides. */
static void numbers(void **state)
{
    (void)state;
    struct agent_config config = config_of(&algo_a3c, 2, 1);
    config.reward_scale = -0.3;
    config.reward_clip = true;
    struct learner *b = given_new(&config);
    rollout(b, 0);
    EXPECT(b->agent->x[0][0] == 4 && b->agent->x[0][1] == 0);
    static const double bad[] = {INFINITY, -INFINITY, NAN};
    for (int k = 1; k <= 5; k++) {
        EXPECT_NEAR(b->agent->r.reward[1], fmax(-1, -0.3 * k), 1e-6);
        rollout(b, 0);
    }
    for (int i = 0; i < 3; i++) {
        given.bad = bad[i];
        EXPECT(agent_play(b->agent, b->theta, 0) == -1 && agent_fault(b->agent) == INSTANCE_BAD_REWARD);
        EXPECT(strstr(error_text(), "reward"));
    }
    learner_free(b);
}

/* A limit that is declared holds to the step, whatever the game does. */
static void declared_limit(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_a3c, 20, 1);
    struct learner *b = given_new(&config);
    given.endless = true;
    b->world.spec.max_steps = 6;
    for (int k = 0; k < 3; k++) {
        rollout(b, 0);
        EXPECT(b->agent->r.T == 6 && b->agent->r.end[5] == ROLLOUT_CUT && b->agent->r.end[4] == ROLLOUT_GOES_ON);
    }
    learner_free(b);
}

/* Environments and ranks draw from streams of their own, and each final epsilon is drawn by some. */
static void streams(void **state)
{
    (void)state;
    struct agent_config config = config_of(&algo_n_step_q, 5, 2);
    struct learner *b = given_new(&config);
    EXPECT(memcmp(&b->agent->policy_rng[0], &b->agent->policy_rng[1], sizeof(struct rng)));
    EXPECT(memcmp(&b->agent->instances[0].rng, &b->agent->instances[1].rng, sizeof(struct rng)));
    learner_free(b);
    int over_ranks = 0, over_environments = 0;
    for (int k = 1; k <= 40; k++) {
        config.rank = k;
        over_ranks += agent_eps_final(&config, 0) == 0.1;
        config.rank = 1;
        over_environments += agent_eps_final(&config, k) == 0.1;
    }
    EXPECT(over_ranks > 5 && over_ranks < 35 && over_environments > 5 && over_environments < 35);
}

/* Sarsa's next action is played where the rollout ends inside a game, and dies with the game, cut or not. */
static void drawn_action(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_one_step_sarsa, 20, 1);
    struct learner *b = given_new(&config);
    given.endless = true;
    b->world.spec.max_steps = 6;
    rollout(b, 0);
    EXPECT(b->agent->r.end[5] == ROLLOUT_CUT && b->agent->pending[0] == -1);
    learner_free(b);
    const struct agent_config short_one = config_of(&algo_one_step_sarsa, 3, 1);
    b = given_new(&short_one);
    given.endless = true;
    rollout(b, 0);
    const int next = b->agent->pending[0];
    EXPECT(next >= 0 && next < 3);
    rollout(b, 0);
    EXPECT(b->agent->r.action[0] == (float)next);
    learner_free(b);
}

/* A saved state that names an action too many, or is longer or shorter than one, is refused. */
static void saved(void **state)
{
    (void)state;
    const struct agent_config config = config_of(&algo_one_step_sarsa, 3, 1);
    struct learner *b = given_new(&config);
    given.endless = true;
    rollout(b, 0);
    const size_t room = agent_state_size(b->agent) + 8;
    uint8_t *bytes = memory_new(room, 1);
    bool whole = false;
    const size_t n = agent_save(b->agent, bytes, &whole);
    EXPECT(whole && agent_load(b->agent, bytes, n) == 0);
    EXPECT(agent_load(b->agent, bytes, n + 8) == -1 && strstr(error_text(), "8 bytes too many"));
    EXPECT(agent_load(b->agent, bytes, n - 1) == -1);
    for (int action = 2; action <= 3; action++) {
        b->agent->pending[0] = action;
        agent_save(b->agent, bytes, &whole);
        b->agent->pending[0] = -1;
        EXPECT(agent_load(b->agent, bytes, n) == (action < 3 ? 0 : -1));
        EXPECT(b->agent->pending[0] == (action < 3 ? action : -1));
    }
    free(bytes);
    learner_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures),        cmocka_unit_test(finished_games), cmocka_unit_test(numbers),
        cmocka_unit_test(declared_limit), cmocka_unit_test(streams),        cmocka_unit_test(drawn_action),
        cmocka_unit_test(saved),
    };
    return testing_main(tests);
}
