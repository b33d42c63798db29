/* test_learn.c -- returns, losses and exploration by hand-worked numbers and finite differences. */
#include "rollouts.h"

#include "base/cpu.h"
#include "learn/explore.h"
#include "learn/frames.h"
#include "learn/returns.h"

/* Two environments, three steps, gamma 1/2. The first: a terminal after step 1, then on beyond the rollout; the
 * second: a time limit after step 0, a terminal after step 2. */
static struct small_rollout *ends_inside(void)
{
    struct small_rollout *d = small_rollout(3, 2);
    const float reward[] = {1, 0, 2, 1, 4, -1};
    const uint8_t end[] = {ROLLOUT_GOES_ON, ROLLOUT_CUT,     ROLLOUT_TERMINAL,
                           ROLLOUT_GOES_ON, ROLLOUT_GOES_ON, ROLLOUT_TERMINAL};
    memcpy(d->reward, reward, sizeof reward);
    memcpy(d->end, end, sizeof end);
    return d;
}

static void n_step_returns(void **state)
{
    (void)state;
    struct small_rollout *d = ends_inside();
    EXPECT(returns_bootstrap_rows(&d->r, d->rows) == 2);
    EXPECT(d->rows[0] == 1 && d->rows[1] == 4);
    d->next_value[1] = 6;
    d->next_value[4] = 8;
    returns_lambda(&d->r, 0.5, 1);
    const float R[] = {1 + 0.5f * 2, 0 + 0.5f * 6, 2, 1 + 0.5f * -1, 4 + 0.5f * 8, -1};
    for (int row = 0; row < 6; row++) EXPECT(d->target[row] == R[row]);
    free(d);

    d = small_rollout(3, 1); /* one environment, a time limit at the end */
    d->reward[0] = 1, d->reward[1] = 2, d->reward[2] = 3, d->next_value[2] = 10;
    d->end[2] = ROLLOUT_CUT;
    returns_lambda(&d->r, 0.9, 1);
    EXPECT_NEAR(d->target[0], 1 + 0.9 * (2 + 0.9 * (3 + 0.9 * 10)), 1e-5);
    d->end[2] = ROLLOUT_TERMINAL;
    d->next_value[2] = NAN;
    returns_lambda(&d->r, 0.9, 1);
    EXPECT_NEAR(d->target[0], 1 + 0.9 * (2 + 0.9 * 3), 1e-5);
    EXPECT(returns_bootstrap_rows(&d->r, d->rows) == 0);
    free(d);
}

/* Generalised advantages of a rollout with ends inside it, as the sum that defines them: adv_t = sum_k (gamma
 * lambda)^k delta_{t+k}, which a terminal or a time limit ends. lambda 1 is the n-step return, bit for bit. */
static void lambda_returns(void **state)
{
    (void)state;
    const double gamma = 0.9, lambda = 0.7, V[6] = {0.5, -1, 2, 0.25, 3, -0.5}, after[6] = {2, 6, NAN, 3, 8, NAN};
    struct small_rollout *d = ends_inside(); /* environment 0: rows 0, 2, 4; 1: rows 1, 3, 5 */
    for (int row = 0; row < 6; row++) {
        const bool within = d->end[row] == ROLLOUT_GOES_ON && row < 4;
        d->next_value[row] = (float)(within ? V[row + 2] : after[row]);
    }
    returns_lambda(&d->r, gamma, lambda);
    for (int row = 0; row < 6; row++) {
        double adv = 0, weight = 1;
        for (int t = row; t < 6; t += 2) {
            const double next = d->end[t] == ROLLOUT_TERMINAL ? 0 : (double)d->next_value[t];
            adv += weight * ((double)d->reward[t] + gamma * next - V[t]);
            weight *= gamma * lambda;
            if (d->end[t] != ROLLOUT_GOES_ON) break;
        }
        EXPECT_NEAR(d->target[row], adv + V[row], 1e-6);
    }
    float whole[6];
    returns_lambda(&d->r, gamma, 1);
    memcpy(whole, d->target, sizeof whole);
    for (int row = 0; row < 4; row++)
        if (d->end[row] == ROLLOUT_GOES_ON) d->next_value[row] = NAN; /* not read */
    returns_lambda(&d->r, gamma, 1);
    EXPECT(!memcmp(whole, d->target, sizeof whole));
    returns_lambda(&d->r, gamma, 0);
    EXPECT(isnan(d->target[0]));
    free(d);
}

static void one_step_targets(void **state)
{
    (void)state;
    struct small_rollout *d = ends_inside();
    const float next[] = {2, 4, NAN, 6, 8, NAN};
    memcpy(d->next_value, next, sizeof next);
    returns_one_step(&d->r, 0.5);
    const float y[] = {1 + 1, 0 + 2, 2, 1 + 3, 4 + 4, -1};
    for (int row = 0; row < 6; row++) EXPECT(d->target[row] == y[row]);
    free(d);
}

/* Q(s,.) = (1, 2) everywhere, actions alternate; Q(s'; target) as written; what each method makes of it. */
static void q_losses(void **state)
{
    (void)state;
    struct small_rollout *d = ends_inside();
    const float q_next[][2] = {{3, 1}, {0, 5}, {NAN, NAN}, {2, 2}, {-1, -2}, {NAN, NAN}};
    const int next_action[] = {1, 0, -1, 1, 1, -1};
    for (int row = 0; row < 6; row++) {
        d->action[row] = (float)(row % 2);
        d->next_action[row] = (float)next_action[row];
        d->out[row][0] = 1, d->out[row][1] = 2;
        memcpy(d->next_out[row], q_next[row], sizeof q_next[row]);
    }
    const float y_q[] = {1 + 1.5f, 2.5f, 2, 1 + 1, 4 - 0.5f, -1}; /* max */
    const float y_sarsa[] = {1 + 0.5f, 0, 2, 1 + 1, 4 - 1, -1};   /* a' taken */
    const float y_n[] = {2, 2.5f, 2, 0.5f, 4 - 0.5f, -1};         /* max at 1 and 4 alone */
    const struct algo_ops *const methods[] = {&algo_one_step_q, &algo_one_step_sarsa, &algo_n_step_q};
    const struct loss_config config = {.outputs = 2, .gamma = 0.5, .lambda = 1};
    for (int method = 0; method < 3; method++) {
        const float *y = method == 0 ? y_q : method == 1 ? y_sarsa : y_n;
        if (method == 2)
            for (int row = 0; row < 6; row++) d->next_outs[row] = row == 1 || row == 4 ? d->next_out[row] : NULL;
        const struct loss_sums sums = methods[method]->loss(&d->r, &config);
        double loss = 0;
        for (int row = 0; row < 6; row++) {
            const double error = d->out[row][row % 2] - y[row];
            EXPECT(d->target[row] == y[row]);
            EXPECT(d->dout[row][row % 2] == 0.5 * error); /* the mean over two environments */
            EXPECT(d->dout[row][1 - row % 2] == 0);
            loss += 0.5 * 0.5 * error * error;
        }
        EXPECT_NEAR(sums.value, loss, 1e-9);
        EXPECT(sums.policy == 0 && sums.entropy == 0);
    }
    free(d);
}

/* Q(lambda): of each s' the max counts 1 - lambda, what follows lambda. */
static void q_lambda(void **state)
{
    (void)state;
    struct small_rollout *d = ends_inside();
    const float q_next[][2] = {{3, 1}, {0, 5}, {NAN, NAN}, {2, 2}, {-1, -2}, {NAN, NAN}};
    for (int row = 0; row < 6; row++) {
        d->out[row][0] = 1;
        memcpy(d->next_out[row], q_next[row], sizeof q_next[row]);
        if (d->end[row] == ROLLOUT_TERMINAL) d->next_outs[row] = NULL;
    }
    const struct loss_config config = {.outputs = 2, .gamma = 0.5, .lambda = 0.25};
    algo_n_step_q.loss(&d->r, &config);
    const double G[] = {1 + 0.5 * (0.75 * 3 + 0.25 * 2), 2.5, 2, 1 + 0.5 * (0.75 * 2 - 0.25), 4 - 0.5, -1};
    for (int row = 0; row < 6; row++) EXPECT_NEAR(d->target[row], G[row], 1e-6);
    free(d);
}

/* Huber's loss: its gradient is its slope on both sides of the clip, and no longer than it. */
static void clipped_errors(void **state)
{
    (void)state;
    struct small_rollout *d = small_rollout(6, 2);
    struct loss_config config = {.outputs = 2, .gamma = 0.5, .lambda = 1, .td_clip = 1.5, .again = true};
    const float errors[12] = {-9, -1.6f, -1.4f, -0.1f, 0, 0.2f, 1.4f, 1.6f, 1e6f, 3, -2, 1};
    for (int row = 0; row < 12; row++) d->target[row] = 0, d->out[row][0] = errors[row];
    const double loss = algo_n_step_q.loss(&d->r, &config).value;
    for (int row = 0; row < 12; row++) {
        const float slope = d->dout[row][0], h = errors[row] > 100 ? 1.0f : 0.015625f;
        EXPECT(fabsf(slope) <= 0.75f && (row != 8 || slope == 0.75f) && (row != 6 || slope == 0.7f));
        d->out[row][0] = errors[row] + h;
        const double right = algo_n_step_q.loss(&d->r, &config).value;
        d->out[row][0] = errors[row] - h;
        const double left = algo_n_step_q.loss(&d->r, &config).value;
        d->out[row][0] = errors[row];
        EXPECT_NEAR((right - left) / (2 * (double)h), slope, 2e-3);
        algo_n_step_q.loss(&d->r, &config);
    }
    config.td_clip = 0;
    EXPECT(algo_n_step_q.loss(&d->r, &config).value > 100 * loss && d->dout[8][0] == 0.5e6f);
    free(d);
}

/* The clip holds in the first epoch as in later ones, whatever the method. */
static void clip_of_every_method(void **state)
{
    (void)state;
    const struct algo_ops *const methods[] = {&algo_one_step_q, &algo_one_step_sarsa, &algo_n_step_q, &algo_dqn};
    for (int k = 0; k < 4; k++)
        for (int again = 0; again < 2; again++) {
            struct small_rollout *d = small_rollout(2, 1);
            const struct loss_config config = {
                .outputs = 2, .gamma = 0.5, .lambda = 1, .td_clip = 0.25, .again = again == 1};
            d->end[0] = d->end[1] = ROLLOUT_TERMINAL;
            d->target[0] = d->reward[0] = 3;
            d->target[1] = d->reward[1] = -3;
            EXPECT_NEAR(methods[k]->loss(&d->r, &config).value, 2 * 0.25 * (3 - 0.125), 1e-6);
            EXPECT(d->dout[0][0] == -0.25f && d->dout[1][0] == 0.25f);
            free(d);
        }
}

/* Huber's loss of the same targets: errors within 1 as they are, beyond it their sign. */
static void dqn_losses(void **state)
{
    (void)state;
    struct small_rollout *d = small_rollout(6, 1);
    const float reward[] = {0.5f, -0.25f, 1, 3, -4, 0}, best[] = {1, 2, NAN, 0, 2, NAN};
    for (int row = 0; row < 6; row++) {
        d->reward[row] = reward[row];
        d->end[row] = row % 3 == 2 ? ROLLOUT_TERMINAL : row == 3 ? ROLLOUT_CUT : ROLLOUT_GOES_ON;
        d->action[row] = (float)(row % 2);
        d->out[row][0] = 1, d->out[row][1] = 0.25f;
        d->next_out[row][0] = -7, d->next_out[row][1] = best[row];
    }
    const double y[] = {1, 0.75, 1, 3, -3, 0}, slope[] = {0, -0.5, 0, -1, 1, 0.25};
    const double loss = 0 + 0.125 + 0 + (2.75 - 0.5) + (4 - 0.5) + 0.25 * 0.25 / 2;
    const struct loss_config config = {.outputs = 2, .gamma = 0.5};
    const struct loss_sums sums = algo_dqn.loss(&d->r, &config);
    for (int row = 0; row < 6; row++) {
        EXPECT_NEAR(d->target[row], y[row], 1e-7);
        EXPECT_NEAR(d->dout[row][row % 2], slope[row], 1e-7);
        EXPECT(d->dout[row][1 - row % 2] == 0);
    }
    EXPECT_NEAR(sums.value, loss, 1e-7);
    free(d);
}

/* Two steps, one environment: logits (0, 0) and (ln 3, 0), V 1 and 2, gamma 1/2, bootstrap 4. */
static void a3c_by_hand(void **state)
{
    (void)state;
    struct small_rollout *d = small_rollout(2, 1);
    const double beta = 0.1, coef = 0.5;
    d->out[0][2] = 1;
    d->out[1][0] = (float)log(3), d->out[1][2] = 2;
    d->reward[0] = 1, d->reward[1] = 3;
    d->action[0] = 1, d->action[1] = 0;
    d->next_outs[0] = NULL, d->next_out[1][2] = 4;
    const struct env_spec spec = {.num_actions = 2};
    const struct policy policy = policy_for(&spec);
    const struct loss_config config = {
        .policy = &policy, .outputs = 2, .gamma = 0.5, .lambda = 1, .entropy = beta, .value_coef = coef};
    const struct loss_sums s = algo_a3c.loss(&d->r, &config);
    /* R = (3.5, 5), adv = (2.5, 3), pi = (1/2, 1/2) and (3/4, 1/4) */
    const double H0 = log(2), H1 = -0.75 * log(0.75) - 0.25 * log(0.25);
    EXPECT_NEAR(s.policy, 2.5 * log(2) - 3 * log(0.75), 1e-6);
    EXPECT_NEAR(s.value, 2.5 * 2.5 + 3 * 3, 1e-6);
    EXPECT_NEAR(s.entropy, H0 + H1, 1e-6);
    EXPECT_NEAR(d->dout[0][0], 2.5 * 0.5, 1e-6); /* entropy is flat at the uniform policy */
    EXPECT_NEAR(d->dout[0][1], -2.5 * 0.5, 1e-6);
    EXPECT_NEAR(d->dout[0][2], 2 * coef * -2.5, 1e-6);
    EXPECT_NEAR(d->dout[1][0], 3 * (0.75 - 1) + beta * 0.75 * (log(0.75) + H1), 1e-6);
    EXPECT_NEAR(d->dout[1][1], 3 * 0.25 + beta * 0.25 * (log(0.25) + H1), 1e-6);
    EXPECT_NEAR(d->dout[1][2], 2 * coef * -3, 1e-6);

    /* lambda 1/4: delta = (1 + 2/2 - 1, 3), adv = (1 + 3/8, 3) */
    struct loss_config gae = config;
    gae.lambda = 0.25;
    EXPECT_NEAR(algo_a3c.loss(&d->r, &gae).value, 1.375 * 1.375 + 3 * 3, 1e-6);
    EXPECT_NEAR(d->dout[0][2], 2 * coef * -1.375, 1e-6);
    EXPECT_NEAR(d->dout[0][0], 1.375 * 0.5, 1e-6);

    /* standardised: 2.5 and 3 are -1 and 1; what they are compared with and the value's term stay */
    struct loss_config norm = config;
    norm.norm_adv = true;
    const struct loss_sums n = algo_a3c.loss(&d->r, &norm);
    EXPECT_NEAR(d->adv[0], -1, 1e-6);
    EXPECT_NEAR(d->adv[1], 1, 1e-6);
    EXPECT_NEAR(n.policy, -log(2) - log(0.75), 1e-6);
    EXPECT_NEAR(n.value, 2.5 * 2.5 + 3 * 3, 1e-6);
    EXPECT_NEAR(d->dout[0][0], -0.5, 1e-6);
    EXPECT_NEAR(d->dout[1][0], (0.75 - 1) + beta * 0.75 * (log(0.75) + H1), 1e-6);
    EXPECT_NEAR(d->dout[1][2], 2 * coef * -3, 1e-6);
    norm.again = true; /* a later epoch has the same advantages, and here a ratio of 1 */
    algo_a3c.loss(&d->r, &norm);
    EXPECT_NEAR(d->dout[0][0], -0.5, 1e-6);
    d->next_outs[0] = d->next_out[0], d->next_out[0][2] = 4;
    d->r.T = 1, norm.again = false; /* one step is its own mean */
    algo_a3c.loss(&d->r, &norm);
    EXPECT_NEAR(d->dout[0][0], 0, 1e-6);
    free(d);
}

/* With two environments the value of the next step is two rows on. */
static void a3c_of_two(void **state)
{
    (void)state;
    struct small_rollout *d = small_rollout(2, 2);
    const float V[] = {0, 0, 3, 8};
    for (int row = 0; row < 4; row++) d->out[row][2] = V[row], d->next_out[row][2] = 1;
    d->next_outs[0] = d->next_outs[1] = NULL;
    const struct env_spec spec = {.num_actions = 2};
    const struct policy policy = policy_for(&spec);
    algo_a3c.loss(&d->r, &(struct loss_config){.policy = &policy, .outputs = 2, .gamma = 0.5, .lambda = 0});
    EXPECT(d->target[0] == 1.5f && d->target[1] == 4 && d->target[2] == 0.5f && d->target[3] == 0.5f);
    free(d);
}

static void exploration(void **state)
{
    (void)state;
    const float q[4] = {1, 3, 3, 2};
    EXPECT(explore_greedy(q, 4) == 1); /* the first of equals */
    EXPECT(explore_epsilon(0.1, 0, 1000) == 1);
    EXPECT_NEAR(explore_epsilon(0.1, 500, 1000), 0.55, 1e-12);
    EXPECT(explore_epsilon(0.1, 1000, 1000) == 0.1);
    EXPECT(explore_epsilon(0.1, 99999, 1000) == 0.1);
    EXPECT(explore_epsilon(0.5, 0, 0) == 0.5);
    const double value[3] = {0.1, 0.01, 0.5}, prob[3] = {0.4, 0.3, 0.3};
    int finals[3] = {0}, acts[4] = {0};
    struct rng rng = rng_make(4, 0, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) {
        const double v = explore_draw_final(value, prob, 3, &rng);
        finals[v == 0.1 ? 0 : v == 0.01 ? 1 : 2]++;
        acts[explore_action(q, 4, 0.4, &rng)]++;
    }
    for (int i = 0; i < 3; i++) EXPECT_NEAR(finals[i] / 1e5, prob[i], 0.006);
    for (int i = 0; i < 4; i++) EXPECT_NEAR(acts[i] / 1e5, i == 1 ? 0.7 : 0.1, 0.006);
    for (int i = 0; i < 100; i++) EXPECT(explore_action(q, 4, 0, &rng) == 1);
}

KERNEL_DECLARE(void, frames_convert, (const uint8_t *in, float *out, size_t n))
KERNEL_DECLARE(void, frames_split, (const uint8_t *in, int planes, float *out, size_t n))

/* Pixels of 1 to 4 bytes become planes, the same numbers in every build; a stack points to all of them. */
static void frames_of_planes(void **state)
{
    (void)state;
    static void (*const split[])(const uint8_t *, int, float *, size_t) = KERNEL_TABLE(frames_split);
    enum { PIXELS = 53 };
    uint8_t in[PIXELS * ENV_PLANES_MOST];
    float out[PIXELS * ENV_PLANES_MOST];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)(i * 37 % 251);
    for (int planes = 1; planes <= ENV_PLANES_MOST; planes++)
        for (int isa = -1; isa <= (int)cpu_isa(); isa++) {
            if (isa >= 0 && planes == 1) continue; /* frames_convert's */
            if (isa < 0)
                frames_split(in, planes, out, PIXELS);
            else
                split[isa](in, planes, out, PIXELS);
            for (int p = 0; p < planes; p++)
                for (int i = 0; i < PIXELS; i++) EXPECT(out[p * PIXELS + i] == (float)(in[i * planes + p] / 255.0));
        }
    struct frames f;
    const float *x[6];
    frames_new(&f, 6, 3, 2, 5); /* three planes of two pixels */
    float *first = frames_first(&f), *next = frames_next(&f);
    frames_stack(&f, x);
    for (int p = 0; p < 3; p++) EXPECT(x[p] == first + (ptrdiff_t)2 * p && x[3 + p] == next + (ptrdiff_t)2 * p);
    frames_free(&f);
}

static void frames(void **state)
{
    (void)state;
    static void (*const convert[])(const uint8_t *, float *, size_t) = KERNEL_TABLE(frames_convert);
    enum { N = 9, STACK = 3, SIZE = 2 };
    uint8_t bytes[256];
    float out[256];
    for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    for (int isa = 0; isa <= (int)cpu_isa(); isa++) {
        convert[isa](bytes, out, 256);
        for (int i = 0; i < 256; i++) EXPECT(out[i] == (float)(i / 255.0)); /* as PyTorch's float32 division */
    }

    struct frames f;
    const float *x[STACK], *old[STACK];
    frames_new(&f, SIZE, 1, STACK, N);
    frames_first(&f)[0] = 1;
    frames_stack(&f, x);
    EXPECT(x[0] == x[1] && x[1] == x[2] && x[0][0] == 1);
    frames_next(&f)[0] = 2;
    frames_stack(&f, old);
    EXPECT(old[0][0] == 1 && old[1][0] == 1 && old[2][0] == 2);
    for (int k = 0; k < N - STACK; k++) frames_next(&f)[0] = (float)(3 + k);
    EXPECT(old[0][0] == 1 && old[1][0] == 1 && old[2][0] == 2); /* not yet written over */
    frames_stack(&f, x);
    for (int c = 0; c < STACK; c++) EXPECT(x[c][0] == (float)(2 + N - STACK - (STACK - 1 - c)));
    frames_first(&f)[0] = -1;
    frames_stack(&f, x);
    EXPECT(x[0] == x[2] && x[0][0] == -1);
    frames_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_step_returns),
        cmocka_unit_test(lambda_returns),
        cmocka_unit_test(one_step_targets),
        cmocka_unit_test(q_losses),
        cmocka_unit_test(q_lambda),
        cmocka_unit_test(clipped_errors),
        cmocka_unit_test(a3c_by_hand),
        cmocka_unit_test(exploration),
        cmocka_unit_test(frames),
        cmocka_unit_test(frames_of_planes),
        cmocka_unit_test(dqn_losses),
        cmocka_unit_test(a3c_of_two),
        cmocka_unit_test(clip_of_every_method),
    };
    return testing_main(tests);
}
