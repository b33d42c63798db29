/* scale_figure.c -- the picture of `dunlin bench scale`: frames/s over actors, one panel for each t_max, one line for
 * each way over the wire, and the real runs of sleeping actors as points on the line that the model has for them. */
#include "bench/scale_figure.h"

#include <math.h>

#include "view/figure.h"

/* the wire's form, as figure.c has its colours; combine: the dash */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73"};

static void write_rows(FILE *f, const struct scale_measured *m, const struct scale_table *table)
{
    for (int i = 0; i < table->curves; i++) {
        const struct scale_curve *c = &table->curve[i];
        fprintf(f, "$c%d << END\n", i);
        for (int p = 0; p < c->points; p++)
            fprintf(f, "%d %.6g\n", c->actors[p], c->at[p].rollouts_per_s * c->t_max * m->repeat);
        fprintf(f, "END\n");
    }
    for (int t = 0; t < T_MAXES; t++)
        for (int far = 0; far < 2; far++) {
            const struct idle_found *found = far ? &m->idle_far : &m->idle;
            fprintf(f, "$m%d%d << END\n", far, t);
            for (int i = 0; i < found->count; i++)
                if (found->rates[i].t_max == idle_t_max[t])
                    fprintf(f, "%d %.6g %.6g\n", found->rates[i].actors,
                            found->rates[i].updates * idle_t_max[t] * m->repeat,
                            table->check[far][i].updates_per_s * idle_t_max[t] * m->repeat);
            fprintf(f, "END\n");
        }
}

static void write_panel(FILE *f, const struct scale_measured *m, const struct scale_table *table, int t)
{
    static const char *const here[] = {"one node", "by TCP"}, *const points[] = {"'#222222'", "'#CC79A7'"};
    const int ways = table->curves / T_MAXES;
    const struct scale_curve *first = &table->curve[t * ways];
    const double one = first->at[0].rollouts_per_s * first->t_max * m->repeat;
    fprintf(f, "set title 't-max %d' offset 0,-0.5\n", idle_t_max[t]);
    fprintf(f, "plot [1:%d] %.6g*x with lines dt 3 lw 1.2 lc rgb '#888888' title 'nobody waits'",
            first->actors[first->points - 1], one);
    for (int i = 0; i < ways; i++) {
        const struct scale_curve *c = &table->curve[t * ways + i];
        fprintf(f, ", \\\n  $c%d using 1:2 with lines lw 2.2 dt %s lc rgb '%s' title '%s'", t * ways + i,
                c->way.sum ? "(8,4)" : "1", c->way.direct ? "#E69F00" : colours[c->way.wire], c->way.name);
    }
    for (int far = 0; far < 2; far++) {
        if (!(far ? m->idle_far : m->idle).count) continue;
        fprintf(f, ", \\\n  $m%d%d using 1:2 with points pt %d ps 0.9 lw 1.4 lc rgb %s title '%s, measured'", far, t,
                far ? 4 : 6, points[far], here[far]);
        fprintf(f, ", \\\n  $m%d%d using 1:3 with lines lw 1 lc rgb %s title 'simulated'", far, t, points[far]);
    }
    fprintf(f, "\n");
}

void scale_figure(FILE *script, bool svg, const struct scale_measured *m, const struct scale_table *table)
{
    double most = 1, least = HUGE_VAL;
    for (int i = 0; i < table->curves; i++)
        for (int p = 0; p < table->curve[i].points; p++) {
            const double y = table->curve[i].at[p].rollouts_per_s * table->curve[i].t_max * m->repeat;
            most = fmax(most, y);
            least = fmin(least, y);
        }
    figure_head(script, svg ? FIGURE_SVG : FIGURE_PNG, 900, 540);
    write_rows(script, m, table);
    fprintf(script,
            "set logscale x 2\nset logscale y 10\nset offsets 0, 0, 0, 0\nset xlabel 'actors'\n"
            "set xtics (1, 4, 16, 64, 256, '1k' 1024, '4k' 4096)\nset format y '%%.0s%%c'\n"
            "set yrange [%.6g:%.6g]\nset multiplot\nset tmargin at screen 0.74\nset bmargin at screen 0.13\n",
            pow(10, floor(log10(least))), pow(10, ceil(log10(most))));
    fprintf(script, "set lmargin at screen 0.09\nset rmargin at screen 0.52\nset ylabel 'frames/s'\n"
                    "set key at screen 0.5,0.985 center top vertical maxrows 4 Left reverse samplen 2.5\n");
    write_panel(script, m, table, 0);
    fprintf(script,
            "unset key\nunset ylabel\nset format y ''\nset lmargin at screen 0.56\nset rmargin at screen 0.98\n");
    write_panel(script, m, table, 1);
    fprintf(script, "unset multiplot\n");
}
