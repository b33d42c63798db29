/* scale.c -- `dunlin bench scale`: measures what a rollout, a copy, an update and a transfer cost, and simulates
 * (measure/scale.h) up to thousands of actors with it, for each way over the wire. The simulation is first held against
 * real runs at the sizes that fit here, with actors that sleep instead of playing.
 *
 * scale-check-tT-aK      updates/s of K sleeping actors by shared memory, over the simulated; scale-check-far-...:
 *                        the same with every byte over TCP of this machine
 * scale-lag-tT-aK        mean lag there, over the simulated
 * scale-WAY-tT           actors from which on something is the limit, over the same by hand (asymptotic bounds)
 *
 * Under mpirun (by itself, or by hand over a real cluster, with --step and --params) its ranks are those actors. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "bench/figures.h"
#include "bench/scale_figure.h"
#include "bench/scale_idle.h"
#include "bench/scale_measured.h"
#include "bench/scale_report.h"
#include "bench/scale_table.h"
#include "bench/scale_words.h"
#include "job/launch.h"
#include "setup/setup.h"
#include "view/gnuplot.h"

int bench_scale_check(const struct bench *given)
{
    static struct option_set set;
    struct bench b = *given;
    struct scale_words w;
    struct setup setup = {0};
    char **copy = memory_new((size_t)b.argc + 32, sizeof *copy);
    for (int i = 0; i < b.argc; i++) copy[i] = b.argv[i];
    b.argv = copy;
    int rc = scale_words(&b, &w) || bench_options(&b, &set);
    if (!rc && set.values.combine_age)
        rc = error_set("--combine-age %lld: the model knows no such bound; allowed: 0",
                       (long long)set.values.combine_age);
    if (!rc) {
        rc = setup_open(&setup, &set.values, true);
        setup_close(&setup);
    }
    free(copy);
    return rc ? -1 : 0;
}

static int draw(const struct scale_words *w, const struct scale_measured *m, const struct scale_table *table)
{
    FILE *script = tmpfile();
    if (!script) return error_set("no temporary file can be made: %s", strerror(errno));
    scale_figure(script, text_ends_with(w->out, ".svg"), m, table);
    const int rc = gnuplot_draw(script, w->out);
    fclose(script);
    return rc;
}

int bench_scale(const struct bench *given)
{
    static struct scale_measured measured;
    static struct scale_table table;
    struct bench b = *given;
    struct scale_words w;
    const bool rank = launch_kind() == LAUNCH_RANK;
    int rc = scale_words(&b, &w);
    if (rc) {
        log_error("%s", error_text());
        return 2;
    }
    if (rank) return scale_idle(&b, &w);
    rc = scale_measure(&b, &w, &measured);
    if (!rc) {
        scale_table_fill(&w, &measured, &table);
        rc = scale_report(&w, &measured, &table);
    }
    if (!rc && w.out) rc = draw(&w, &measured, &table);
    if (rc) log_error("%s", error_text());
    return rc ? 1 : 0;
}
