/* scale_threads.c -- see scale_threads.h. */
#include "bench/scale_threads.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "measure/made.h"
#include "measure/probe.h"
#include "optim/optim.h"

enum { ROUNDS = 15, WAITING = 16, ACTORS = 4096, LINES = 4, LINE_BYTES = 64, BUFFER_FLOATS = 24000000 };

/* Best s of an update by `threads`. */
static double best(struct optim *optim, int threads, float *theta, size_t params, const struct optim_grad *grads)
{
    double seconds = HUGE_VAL;
    if (optim_threads(optim, threads)) return HUGE_VAL;
    for (int round = 0; round < 3; round++) {
        const double from = clock_seconds();
        optim_apply(optim, theta, theta + params, grads, WAITING);
        seconds = fmin(seconds, clock_seconds() - from);
    }
    return seconds;
}

double scale_serial_measure(const struct setup *setup, const struct grad_form *form)
{
    double load = 0, one = HUGE_VAL, two = HUGE_VAL;
    const double said = scale_serial_said(form->factors > 0);
    if (probe_cores() < 2 || getloadavg(&load, 1) != 1 || load > 0.5 * probe_cores()) return said;
    const struct optim_config config = setup_optim_config(setup);
    struct optim *optim = optim_new(&config, form->params, 1);
    if (!optim) return said;
    struct optim_grad grads[WAITING];
    struct rng rng = rng_make(1, 0, RNG_TEST, 0);
    const size_t params = form->params, fit = BUFFER_FLOATS / params,
                 blocks = fit < 1         ? 1
                          : fit < WAITING ? fit
                                          : WAITING;
    float *theta = memory_floats(2 * params), *grad = memory_floats(blocks * params);
    for (size_t i = 0; i < blocks; i++) made_gradient(form, &rng, grad + i * params);
    for (size_t i = 0; i < WAITING; i++) /* each its own, as from so many mailboxes: memory may be what limits */
        grads[i] =
            (struct optim_grad){.grad = grad + i % blocks * params, .scale = 1, .lr = 1e-6f, .factors = form->factors};
    for (int round = 0; round < ROUNDS; round++) {
        one = fmin(one, best(optim, 1, theta, params, grads));
        two = fmin(two, best(optim, 2, theta, params, grads));
    }
    free(theta);
    free(grad);
    optim_free(&optim);
    return fmin(fmax(2 * two / one - 1, 0), 1); /* two = one (serial + (1 - serial) / 2) */
}

double scale_scan_measure(void)
{
    enum { WORDS = LINE_BYTES / 8 };
    uint64_t *lines = memory_new((size_t)ACTORS * LINES * WORDS, sizeof *lines);
    volatile uint64_t sum;
    double seconds = HUGE_VAL;
    for (int round = 0; round < ROUNDS; round++) {
        const double from = clock_seconds();
        for (size_t a = 0; a < ACTORS; a++) sum = lines[a * LINES * WORDS];
        seconds = fmin(seconds, clock_seconds() - from);
    }
    (void)sum;
    free(lines);
    return seconds / ACTORS;
}
