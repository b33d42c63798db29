/* scale_figure.c -- the picture of `dunlin bench scale`: frames/s over actors, one column for each t_max; above one
 * line for each way over the wire, and the real runs of sleeping actors as points on the line that the model has for
 * them; below one for each number of threads of rank 0. */
#include "bench/scale_figure.h"

#include <math.h>

#include "view/figure.h"

/* the wire's form, as figure.c has its colours, and 1, 2, 4, 8 threads; combine, or over the link: the dash */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73"}, *const of_threads[] = {"#222222", "#0072B2",
                                                                                               "#D55E00", "#009E73"};

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

/* How a way is drawn. */
static void write_look(FILE *f, const struct scale_way *way, bool threads)
{
    const char *dash = way->most ? "(2,3)" : way->sum || (threads && !way->near) ? "(8,4)" : "1";
    const char *colour = threads ? of_threads[(int)log2(way->threads)] : way->direct ? "#E69F00" : colours[way->wire];
    fprintf(f, " using 1:2 with lines lw 2.2 dt %s lc rgb '%s' title '%s%s'", dash, colour, way->name,
            threads ? way->threads > 1 ? " threads" : " thread" : "");
}

static void write_measured(FILE *f, const struct scale_measured *m, int t)
{
    static const char *const here[] = {"one node", "by TCP"}, *const points[] = {"'#222222'", "'#CC79A7'"};
    for (int far = 0; far < 2; far++) {
        if (!(far ? m->idle_far : m->idle).count) continue;
        fprintf(f, ", \\\n  $m%d%d using 1:2 with points pt %d ps 0.9 lw 1.4 lc rgb %s title '%s, measured'", far, t,
                far ? 4 : 6, points[far], here[far]);
        fprintf(f, ", \\\n  $m%d%d using 1:3 with lines lw 1 lc rgb %s title 'simulated'", far, t, points[far]);
    }
}

static void write_panel(FILE *f, const struct scale_measured *m, const struct scale_table *table, int t, bool threads)
{
    const struct scale_curve *first = &table->curve[t * SCALE_WAYS];
    const double one = first->at[0].rollouts_per_s * first->t_max * m->repeat;
    fprintf(f, "set title 't-max %d' offset 0,-0.5\n", idle_t_max[t]);
    fprintf(f, "plot [1:%d] %.6g*x with lines dt 3 lw 1.2 lc rgb '#888888' title 'nobody waits'",
            first->actors[first->points - 1], one);
    for (int i = threads ? WIRE_WAYS : 0; i < (threads ? SCALE_WAYS : WIRE_WAYS); i++) {
        fprintf(f, ", \\\n  $c%d", t * SCALE_WAYS + i);
        write_look(f, &table->curve[t * SCALE_WAYS + i].way, threads);
    }
    if (!threads) write_measured(f, m, t);
    fprintf(f, "\n");
}

/* A row of panels, its key above it. */
static void write_row(FILE *f, const struct scale_measured *m, const struct scale_table *table, bool threads)
{
    const double top = threads ? 0.39 : 0.875, bottom = threads ? 0.07 : 0.555;
    fprintf(f, "set tmargin at screen %.3f\nset bmargin at screen %.3f\n", top, bottom);
    fprintf(f,
            "set lmargin at screen 0.09\nset rmargin at screen 0.52\nset ylabel 'frames/s'\nset format y '%%.0s%%c'\n"
            "set key at screen 0.5,%.3f center top vertical maxrows %d Left reverse samplen 2.5\n",
            threads ? 0.487 : 0.995, threads ? 3 : 4);
    write_panel(f, m, table, 0, threads);
    fprintf(f, "unset key\nunset ylabel\nset format y ''\nset lmargin at screen 0.56\nset rmargin at screen 0.98\n");
    write_panel(f, m, table, 1, threads);
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
    figure_head(script, svg ? FIGURE_SVG : FIGURE_PNG, 900, 980);
    write_rows(script, m, table);
    fprintf(script,
            "set logscale x 2\nset logscale y 10\nset offsets 0, 0, 0, 0\nset xlabel 'actors'\n"
            "set xtics (1, 4, 16, 64, 256, '1k' 1024, '4k' 4096)\nset yrange [%.6g:%.6g]\nset multiplot\n",
            pow(10, floor(log10(least))), pow(10, ceil(log10(most))));
    write_row(script, m, table, false);
    write_row(script, m, table, true);
    fprintf(script, "unset multiplot\n");
}
