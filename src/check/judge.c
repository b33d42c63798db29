/* judge.c -- see judge.h. */
#include "check/judge.h"

#include <math.h>
#include <stdio.h>

#include "base/memory_left.h"
#include "base/text.h"
#include "check/say.h"

static const double REWARD_MOST = 10, OBS_MOST = 20, UNIT_LEAST = 0.01; /* what learning rates are made for */
static const double SLOW = 100;                                         /* steps/s */

static void actions_text(const struct env_spec *s, char *text, size_t size)
{
    if (s->num_actions) {
        snprintf(text, size, "one of %d", s->num_actions);
    } else if (s->num_components) {
        size_t at = (size_t)snprintf(text, size, "%d indices, of", s->num_components);
        for (int c = 0; c < s->num_components && at < size; c++)
            at += (size_t)snprintf(text + at, size - at, "%s %d", c ? "," : "", s->component_actions[c]);
    } else {
        snprintf(text, size, "%d floats, the first from %g to %g", s->action_dim, (double)s->action_low[0],
                 (double)s->action_high[0]);
    }
}

void check_judge_sizes(const struct world *world)
{
    const struct env_spec *s = &world->spec;
    char text[256];
    if (s->obs_kind == ENV_OBS_FLOATS)
        check_say(CHECK_OK, "observation", "%d floats, stack %d", s->obs_dim, s->stack);
    else
        check_say(CHECK_OK, "observation", "pictures of %dx%d, planes %d, stack %d", s->height, s->width, s->planes,
                  s->stack);
    actions_text(s, text, sizeof text);
    check_say(CHECK_OK, "actions", "%s", text);
}

static void judge_faults(const struct check_game *g)
{
    static const struct {
        const char *name, *fine;
    } of[CHECK_FAULTS] = {[CHECK_BOUNDS] = {"bounds", "nothing written behind state, observation or `save`"},
                          [CHECK_REWARD] = {"numbers", NULL},
                          [CHECK_NUMBER] = {"numbers", "rewards and observations are finite"},
                          [CHECK_UNWRITTEN] = {"written", "observations are written whole, also the last"},
                          [CHECK_FAILED] = {"failure", NULL}};
    for (int k = 0; k < CHECK_FAULTS; k++)
        if (g->faults[k])
            check_say(CHECK_WRONG, of[k].name, "%s (%lld times)", g->lines[k], (long long)g->faults[k]);
        else if (of[k].fine && !(k == CHECK_NUMBER && g->faults[CHECK_REWARD]))
            check_say(CHECK_OK, of[k].name, "%s", of[k].fine);
}

static void judge_episodes(const struct check_game *g, const struct check_limits *limits)
{
    char steps[TEXT_FIGURE];
    text_grouped(g->steps, steps);
    if (g->endless && !g->episodes)
        check_say(CHECK_WRONG, "episodes", "none has ended within %d steps: end them, or give max_steps",
                  CHECK_ENDLESS);
    else if (g->endless)
        check_say(CHECK_DOUBTFUL, "episodes", "%lld of %lld had not ended after %d steps: give max_steps",
                  (long long)g->endless, (long long)(g->endless + g->episodes), CHECK_ENDLESS);
    else if (g->spoilt)
        check_say(CHECK_WRONG, "episodes", "%lld, and then too much had gone wrong", (long long)g->episodes);
    else if (!g->episodes)
        check_say(CHECK_DOUBTFUL, "episodes", "none has ended in the %s steps that %g s allowed: see --seconds", steps,
                  limits->seconds);
    else if (g->late)
        check_say(CHECK_DOUBTFUL, "episodes", "%lld, and then %g s were over: see --seconds", (long long)g->episodes,
                  limits->seconds);
    else
        check_say(CHECK_OK, "episodes", "%lld of %lld to %lld steps", (long long)g->episodes, (long long)g->shortest,
                  (long long)g->longest);
    if (g->over)
        check_say(CHECK_DOUBTFUL, "max_steps",
                  "says %d, and %lld of %lld episodes go on there: the trainer truncates them; do so yourself",
                  g->max_steps, (long long)g->over, (long long)g->episodes);
    else if (g->max_steps)
        check_say(CHECK_OK, "max_steps", "%d, kept", g->max_steps);
}

static void judge_ends(const struct check_game *g)
{
    if (!g->episodes) return;
    if (g->both)
        check_say(CHECK_DOUBTFUL, "ends",
                  "%lld of %lld episodes are terminated and truncated at once, which counts as terminated: say one",
                  (long long)g->both, (long long)g->episodes);
    else if (g->at_limit == g->episodes && g->episodes > 1)
        check_say(CHECK_DOUBTFUL, "ends",
                  "all are terminated at max_steps: where that is a limit, and not the task's own end, say truncated");
    else
        check_say(CHECK_OK, "ends", "%lld terminated, %lld truncated", (long long)g->terminated,
                  (long long)(g->truncated + g->over));
}

static void judge_rewards(const struct check_game *g, const struct options *o)
{
    if (!(g->reward_low <= g->reward_high)) return;
    char returns[120] = "";
    const double size = fmax(fabs(g->reward_low), fabs(g->reward_high));
    if (g->episodes)
        snprintf(returns, sizeof returns, "; an episode %.4g to %.4g, mean %.4g", g->return_low, g->return_high,
                 g->return_sum / (double)g->episodes);
    const double scaled = size * o->reward_scale;
    if (size <= 0)
        check_say(CHECK_DOUBTFUL, "rewards", "all are 0: random play finds none");
    else if (o->reward_norm)
        check_say(CHECK_OK, "rewards", "%.4g to %.4g, normalised for learning%s", g->reward_low, g->reward_high,
                  returns);
    else if (o->reward_clip)
        check_say(CHECK_OK, "rewards", "%.4g to %.4g, clipped to [-1, 1] for learning%s", g->reward_low, g->reward_high,
                  returns);
    else if (scaled > REWARD_MOST || scaled < UNIT_LEAST)
        check_say(CHECK_DOUBTFUL, "rewards", "%.4g to %.4g%s: learning wants about 1; try --reward-scale %g",
                  g->reward_low, g->reward_high, returns, pow(10, -round(log10(size))));
    else
        check_say(CHECK_OK, "rewards", "%.4g to %.4g%s", g->reward_low, g->reward_high, returns);
}

/* Numbers as the network sees them, but for what obs-norm makes of them. */
static void judge_floats(const struct check_game *g, bool normalised)
{
    const struct check_range *r = &g->obs;
    const struct env_spec *s = &g->world->spec;
    double low = INFINITY, high = -INFINITY, size = 0;
    size_t still = 0, wide = 0, at = 0;
    for (size_t i = 0; i < r->numbers; i++) {
        const double most = fmax(fabs((double)r->low[i]), fabs((double)r->high[i]));
        low = fmin(low, (double)r->low[i]), high = fmax(high, (double)r->high[i]);
        still += r->low[i] >= r->high[i];
        wide += most > OBS_MOST;
        if (most > size) size = most, at = i;
    }
    if (still == r->numbers) {
        check_say(CHECK_DOUBTFUL, "scale", "observations never change");
    } else if (!normalised && (wide || size < UNIT_LEAST)) {
        const double scale = s->obs_scale ? (double)s->obs_scale[at] : 1;
        const double centre = (s->obs_centre ? (double)s->obs_centre[at] : 0);
        const double middle = ((double)r->low[at] + (double)r->high[at]) / 2 / scale + centre;
        const double half = ((double)r->high[at] - (double)r->low[at]) / 2 / fabs(scale);
        check_say(CHECK_DOUBTFUL, "scale",
                  "number %zu is %.4g to %.4g, and %zu of %zu are beyond %g: the network wants about 1; try for it "
                  "obs_centre %.3g, obs_scale %.3g",
                  at, (double)r->low[at], (double)r->high[at], wide, r->numbers, OBS_MOST, middle,
                  1 / (half > 0 ? half : fmax(fabs(middle), 1e-6)));
    } else {
        char some[80] = "";
        if (still) snprintf(some, sizeof some, "; %zu of %zu numbers never change", still, r->numbers);
        check_say(CHECK_OK, "scale", "observations are %.4g to %.4g%s%s", low, high,
                  normalised ? ", normalised for the network" : "", some);
    }
}

static void judge_pictures(const struct check_game *g)
{
    const struct check_range *r = &g->obs;
    float low = INFINITY, high = -INFINITY;
    size_t still = 0;
    for (size_t i = 0; i < r->numbers; i++) {
        low = fminf(low, r->low[i]), high = fmaxf(high, r->high[i]);
        still += r->low[i] >= r->high[i];
    }
    const long darkest = lrintf(255 * low), brightest = lrintf(255 * high);
    if (still == r->numbers)
        check_say(CHECK_DOUBTFUL, "scale", "observations never change");
    else if (brightest <= 2)
        check_say(CHECK_DOUBTFUL, "scale", "pixels are %ld to %ld, of which the network sees 1/255: use 0 to 255",
                  darkest, brightest);
    else
        check_say(CHECK_OK, "scale", "pixels are %ld to %ld; %zu of %zu never change", darkest, brightest, still,
                  r->numbers);
}

static void judge_speed(const struct check_game *g)
{
    const double speed = g->seconds > 0 ? (double)g->steps / g->seconds : 0;
    char text[TEXT_FIGURE], span[TEXT_FIGURE];
    if (!g->steps) return; /* none was played: what kept it from that is said above */
    if (speed < SLOW)
        check_say(CHECK_DOUBTFUL, "speed", "%.3g steps/s: an actor's 100,000 steps take %s", speed,
                  text_span(1e5 / fmax(speed, 1e-9), span));
    else
        check_say(CHECK_OK, "speed", "%s steps/s", text_grouped(llround(speed), text));
}

/* A leak that fills half of the machine within ten million steps ends a training. */
static void judge_memory(const struct check_game *g)
{
    const double many = 1e7, machine = memory_of_machine();
    char steps[TEXT_FIGURE];
    if (!g->steps) return;
    if (g->bytes_a_step <= 0)
        check_say(CHECK_OK, "memory", "does not grow in %s steps", text_grouped(g->steps, steps));
    else
        check_say(g->bytes_a_step * many > machine / 2 ? CHECK_WRONG : CHECK_DOUBTFUL, "memory",
                  "grows by %.0f bytes a step: 10 million steps take %.1f GB", g->bytes_a_step,
                  g->bytes_a_step * many / 1e9);
}

void check_judge_game(const struct check_game *g, const struct check_limits *limits, const struct options *options)
{
    judge_faults(g);
    judge_episodes(g, limits);
    judge_ends(g);
    judge_rewards(g, options);
    if (g->obs.numbers && g->obs.low[0] <= g->obs.high[0]) {
        if (g->world->spec.obs_kind == ENV_OBS_FLOATS)
            judge_floats(g, options->obs_norm);
        else
            judge_pictures(g);
    }
    judge_speed(g);
    judge_memory(g);
}
