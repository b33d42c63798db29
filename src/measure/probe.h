/* probe.h -- what every measurement needs: numbers and their median, cores, the printed line. Local. */
#ifndef DUNLIN_MEASURE_PROBE_H
#define DUNLIN_MEASURE_PROBE_H

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

#endif
