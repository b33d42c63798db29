/* probe.h -- what every measurement needs: numbers and their median, cores, the printed line, a start under mpirun.
 * Local. */
#ifndef DUNLIN_MEASURE_PROBE_H
#define DUNLIN_MEASURE_PROBE_H

#include <sys/types.h>

/* Numbers, one a slice. Owner: series_free(). */
struct series {
    double *x;
    int n, room;
};
void series_add(struct series *s, double x);
double series_median(const struct series *s); /* 0 where there is none */
void series_free(struct series *s);

/* A figure on stdout: NAME value V UNIT limit V UNIT ratio R, where R is value / limit: of rates at best 1 from below,
 * of times 1 from above. */
void probe_print(const char *name, double value, double limit, const char *unit);

/* CPU seconds of this process so far, all threads. */
double probe_cpu_seconds(void);

/* Cores this process might use when it started. */
int probe_cores(void);
/* Keeps the calling thread on the i-th of them, counted round. */
void probe_pin(int i);

/* Forks mpirun with `ranks` ranks of this program, silent; words follow the program's name and end with NULL; extra:
 * "NAME=VALUE" for the ranks' environment, several with blanks between, or NULL. It ends with us. Returns mpirun's
 * process, or -1 after error_set(). */
pid_t bench_start(int ranks, const char *const *words, const char *extra);
/* The same with its stderr on ours and its stdout to read from *from, which the caller closes. */
pid_t bench_start_read(int ranks, const char *const *words, const char *extra, int *from);
/* The same with both on ours, waiting for its end; returns its exit status. */
int bench_launch(int ranks, const char *const *words);

#endif
