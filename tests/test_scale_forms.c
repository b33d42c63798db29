/* test_scale_forms.c -- what the model of scale is fed with: forms of gradients and of the wire. */
#include <stdlib.h>

#include "base/memory.h"
#include "bench/scale_measured.h"
#include "bench/words.h"
#include "measure/conversions.h"
#include "measure/made.h"
#include "measure/scale.h"
#include "testing.h"

static struct scale_layout near_by(int actors)
{
    return (struct scale_layout){.actors = actors, .per_node = 4096, .even = true};
}

/* The small network over four planes: 2592 inputs of the wide layer, 256 units. */
static struct grad_form small(int rows)
{
    struct net *net = bench_net_new("small", 0, false);
    const struct grad_form form = grad_form_of(net_facts(net)->params, &net_facts(net)->wide, rows);
    net_free(&net);
    return form;
}

static void test_bytes(void **state)
{
    (void)state;
    const struct grad_form m = small(0), of_5 = small(5), of_20 = small(20);
    EXPECT(m.params == MADE_PARAMS && grad_wide_count(&m.wide) == 1 && m.wide.at[0].in == 2592 &&
           m.wide.at[0].out == 256);
    EXPECT(4 * grad_floats(&m) == 677968 * 4);
    EXPECT(4 * grad_floats(&of_5) == (677968 - 2592 * 256 + 5 * (2592 + 256)) * 4);
    EXPECT(4 * grad_floats(&of_20) == (677968 - 2592 * 256 + 20 * (2592 + 256)) * 4);
    EXPECT(m.factors == 0 && of_5.factors == 5 && small(48).factors == 48 && small(49).factors == 0);
    const struct grad_wides none = {0}, little = {.at = {{.in = 16, .out = 16}}};
    EXPECT(grad_form_of(256, &none, 5).factors == 0);
    EXPECT(grad_form_of(256, &little, 8).factors == 8 && grad_form_of(256, &little, 9).factors == 0); /* 9 * 32 > 256 */
    EXPECT(grad_wide_floats(&m.wide.at[0]) == 2592 * 256 && grad_wide_count(&none) == 0);
}

/* What is made is as long as what travels, and has as many inputs at 0 as games have. */
static void test_made_gradients(void **state)
{
    (void)state;
    enum { ROWS = 5 };
    const struct grad_form m = small(ROWS), whole = small(0);
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    float *made = memory_floats(m.params), *mail = memory_floats(m.params);
    for (size_t i = 0; i < m.params; i++) made[i] = mail[i] = -1;
    made_gradient(&m, &rng, made);
    grad_copy(&m, mail, made);
    size_t kept = 0;
    for (size_t i = 0; i < m.params; i++) kept += made[i] == -1;
    EXPECT(m.params - kept == grad_floats(&m));
    EXPECT(!memcmp(made, mail, m.params * sizeof *made));
    const float *x = made + m.wide.at[0].offset;
    int active = 0, steady = 0;
    for (int i = 0; i < 2592; i++) {
        int rows = 0;
        for (int q = 0; q < ROWS; q++) rows += x[q * 2592 + i] != 0;
        active += rows > 0;
        steady += rows == ROWS;
    }
    EXPECT(active > 0.39 * 2592 && active < 0.45 * 2592 && steady > active / 2);
    made_gradient(&whole, &rng, made);
    grad_copy(&whole, mail, made);
    EXPECT(!memcmp(made, mail, m.params * sizeof *made));
    free(made);
    free(mail);
}

/* Each way over the wire costs what its form does. */
static void test_forms(void **state)
{
    (void)state;
    static struct scale_measured m;
    m = (struct scale_measured){
        .compute = {1e-2, 4e-2},
        .whole = {.bytes = 2e6, .push = 2e-4, .serial = 0.5, .apply = {5e-4, 4e-4, 3e-4, 3e-4, 3e-4}},
        .factored = {{.bytes = 1e5, .push = 1e-5, .apply = {2e-4, 2e-4, 1e-4, 1e-4, 1e-4}},
                     {.bytes = 3e5, .push = 3e-5, .apply = {3e-4, 3e-4, 2e-4, 2e-4, 2e-4}}}};
    const struct scale_costs base = {.fetch = 1e-6, .fetch_bytes = 2e6, .bandwidth = 1e9};
    for (int t = 0; t < T_MAXES; t++)
        for (int f = 0; f < 2; f++) {
            const struct scale_form *form = f ? &m.factored[t] : &m.whole;
            const struct scale_costs c = scale_costs_of(&m, &base, t, f);
            EXPECT(c.compute == m.compute[t] && c.push == form->push && c.push_bytes == form->bytes);
            EXPECT(!memcmp(c.apply, form->apply, sizeof c.apply));
            EXPECT(c.serial == form->serial);
            EXPECT(c.fetch == base.fetch && c.fetch_bytes == base.fetch_bytes && c.bandwidth == base.bandwidth);
            struct scale_layout l = near_by(1);
            const double one = scale_run(&c, &l).rollouts_per_s;
            EXPECT_NEAR(one, 1 / (1e-6 + m.compute[t] + form->push), 0.1);
        }
    /* many: rank 0 bears one gradient in 3e-4 s of the whole, in 1e-4 s of those with factors */
    struct scale_layout l = near_by(256);
    struct scale_costs c = scale_costs_of(&m, &base, 0, false);
    EXPECT_NEAR(scale_run(&c, &l).updates_per_s, 1 / 3e-4, 30);
    c = scale_costs_of(&m, &base, 0, true);
    EXPECT_NEAR(scale_run(&c, &l).updates_per_s, 1 / 1e-4, 100);
}

/* A packed gradient has fewer bytes, in one piece, and work at both ends. */
static void test_wires(void **state)
{
    (void)state;
    const struct scale_conversions v = {.encode = 1, .decode = 2, .select = 3, .expand = 4, .sum = 5};
    struct scale_costs c = {.push_bytes = 1, .encode = 9, .decode = 9, .pieces = 3};
    scale_wire(&c, SHARE_WIRE_FLOAT32, 1600, &v, 0.06);
    EXPECT(c.push_bytes == 6400 && c.encode == 0 && c.decode == 0 && c.pieces == 1);
    scale_wire(&c, SHARE_WIRE_BF16, 1600, &v, 0.06);
    EXPECT(c.push_bytes == 3200 && c.encode == 1 && c.decode == 2);
    scale_wire(&c, SHARE_WIRE_SIGNIFICANT, 1600, &v, 0.06);
    EXPECT_NEAR(c.push_bytes, 1600 / 8.0 + 0.06 * 6400, 1e-9);
    EXPECT(c.encode == 3 && c.decode == 4);
}

/* What is said in place of a measurement: more by whole gradients stays with one thread; work grows with the floats. */
static void test_said(void **state)
{
    (void)state;
    EXPECT(scale_serial_said(true) > 0 && scale_serial_said(true) < scale_serial_said(false));
    EXPECT(scale_serial_said(false) < 0.65); /* two threads are never as slow as 1.21 times one */
    const struct scale_conversions a = scale_conversions_said(1600), b = scale_conversions_said(3200);
    EXPECT_NEAR(b.sum, 2 * a.sum, 1e-12);
    EXPECT(a.sum > 0 && a.encode > 0 && a.decode > 0 && a.expand > 0 && a.select > a.encode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_made_gradients), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_wires), cmocka_unit_test(test_said),
    };
    return testing_main(tests);
}
