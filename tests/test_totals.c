/* test_totals.c -- what rank 0 adds up of the pushes, and that a checkpoint brings it back. */
#include "testing.h"

#include <math.h>

#include "train/evaluations.h"
#include "train/ranks.h"
#include "train/run.h"
#include "train/sums.h"
#include "train/totals.h"

/* Bad ones are dropped, not averaged; what has nothing to apply counts its frames alone. */
static void sums_of_pushes(void **state)
{
    (void)state;
    static struct sums s;
    sums_init(&s, false, 5);
    const struct share_push good = {.frames = 20, .steps = 5, .scale = 0.5f, .norm = 2, .policy_loss = 3, .entropy = 1};
    struct share_push p = good;
    sums_push(&s, &p, 3);
    p.norm = 4;
    sums_push(&s, &p, RUN_LAG_ROWS + 7);
    p.bad = 1, p.norm = NAN;
    sums_push(&s, &p, 2);
    p.bad = 0, p.scale = 0;
    sums_push(&s, &p, 2);
    const struct interval *i = &s.now;
    EXPECT(i->frames == 80 && i->steps == 20 && i->updates == 2 && i->pushes == 2 && i->dropped == 1);
    EXPECT(i->norm == 6 && i->policy_loss == 6 && i->entropy == 2);
    EXPECT(i->lag_max == RUN_LAG_ROWS + 7 && i->lag_sum == RUN_LAG_ROWS + 10);
    EXPECT(s.lag[3] == 1 && s.lag[RUN_LAG_ROWS - 1] == 1 && s.lag[2] == 0);
    EXPECT(s.row.frames == 0); /* there is one interval where there are no rounds */

    const struct share_episode e[] = {{40, 10, -2}, {80, 20, -1}};
    sums_episodes(&s, e, 2);
    EXPECT(i->episodes == 2 && i->ret_sum == -3 && i->ret_max == -1 && i->dropped == 1);
    interval_reset(&s.now, 9);
    EXPECT(i->start == 9 && i->frames == 0 && i->ret_max < -1e300);

    sums_push(&s, &good, RUN_LAG_ROWS);
    EXPECT(s.lag[RUN_LAG_ROWS - 1] == 2 && s.lag_before[0] == 0); /* the first that is too long */

    sums_init(&s, true, 5);
    sums_push(&s, &good, 0);
    sums_episodes(&s, e, 1);
    EXPECT(s.row.frames == 20 && s.row.episodes == 1 && s.row.ret_max == -2 && s.now.frames == 20);
}

struct parts {
    struct options options;
    struct run run;
    struct ranks ranks;
    struct sums sums;
    struct evaluations evaluations;
    struct totals totals;
    struct run_actor rows[4];
};

static void assemble(struct parts *p, int actors, bool deterministic)
{
    memset(p, 0, sizeof *p);
    p->options.deterministic = deterministic;
    p->run.options = &p->options;
    p->run.actors = actors;
    p->ranks.rows = p->rows;
    p->evaluations.mean = NAN;
    sums_init(&p->sums, deterministic, 100);
    p->totals = (struct totals){
        .run = &p->run, .ranks = &p->ranks, .sums = &p->sums, .evaluations = &p->evaluations, .machine = "this one"};
}

static void come_back(void **state)
{
    (void)state;
    static struct parts from, to;
    static unsigned char bytes[16384], again[16384];
    assemble(&from, 3, true);
    from.sums.lag_before[4] = 10;
    from.sums.lag[4] = 5;
    from.sums.row.frames = 77;
    from.sums.row.dropped = 2;
    from.evaluations.mean = 0.25;
    for (int r = 1; r <= 3; r++) from.rows[r] = (struct run_actor){.frames = 100 * r, .updates = 10 * r, .episodes = r};
    const size_t n = totals_size(&from.totals);
    EXPECT(n <= sizeof bytes);
    totals_save(&from.totals, bytes);

    assemble(&to, 3, true);
    totals_load(&to.totals, bytes, n);
    EXPECT(to.sums.lag_before[4] == 15 && to.sums.lag[4] == 0);
    EXPECT(to.sums.row.frames == 77 && to.sums.row.dropped == 2 && to.sums.row.start == 100);
    EXPECT(to.evaluations.mean == 0.25);
    EXPECT(to.rows[3].frames == 300 && to.rows[3].updates == 30 && to.rows[3].episodes == 3);
    totals_save(&to.totals, again);
    EXPECT(totals_size(&to.totals) == n && !memcmp(bytes, again, n));

    /* fewer actors, not in rounds: the histogram and the actors that are still there */
    assemble(&to, 2, false);
    totals_load(&to.totals, bytes, n);
    EXPECT(to.sums.lag_before[4] == 15 && to.sums.row.frames == 0);
    EXPECT(to.rows[2].frames == 200 && to.rows[3].frames == 0);

    /* more actors than there were */
    static struct parts less;
    assemble(&less, 1, false);
    less.rows[1].frames = 5;
    totals_save(&less.totals, bytes);
    assemble(&to, 3, false);
    to.rows[2].frames = 1;
    totals_load(&to.totals, bytes, totals_size(&less.totals));
    EXPECT(to.rows[1].frames == 5 && to.rows[2].frames == 1);

    /* of older programs: the histogram alone; nothing; bytes cut short */
    assemble(&to, 3, true);
    totals_load(&to.totals, again, sizeof to.sums.lag);
    EXPECT(to.sums.lag_before[4] == 15 && to.sums.row.frames == 0 && isnan(to.evaluations.mean));
    assemble(&to, 3, true);
    totals_load(&to.totals, NULL, 0);
    totals_load(&to.totals, again, 8);
    EXPECT(to.sums.lag_before[4] == 0 && to.rows[1].frames == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums_of_pushes), cmocka_unit_test(come_back)};
    return testing_main(tests);
}
