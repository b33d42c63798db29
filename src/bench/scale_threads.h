/* scale_threads.h -- what more threads of rank 0 share of an update. Local. */
#ifndef DUNLIN_BENCH_SCALE_THREADS_H
#define DUNLIN_BENCH_SCALE_THREADS_H

#include "measure/costs.h"
#include "optim/grad.h"
#include "setup/setup.h"

/* The share of an update by 16 gradients of this form, each its own, that stays as it is with two threads, from 0 to 1,
 * by one and two threads in turn; scale_serial_said() where the machine has no second core to itself. */
double scale_serial_measure(const struct setup *setup, const struct grad_form *form);
/* s, of a core: a look at one actor's line in the window, among thousands that nobody has written since the last look.
 * One that its actor has comes from that core's cache, once for each gradient that is found: not measured. */
double scale_scan_measure(void);

#endif
