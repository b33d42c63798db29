/* signals.c -- see signals.h. */
#include "job/signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

static volatile sig_atomic_t stop_signal; /* written by the handler alone */

static void on_signal(int sig)
{
    if (!stop_signal) stop_signal = sig;
}

void signals_install(bool catch_them)
{
    struct sigaction act = {0};
    act.sa_handler = catch_them ? on_signal : SIG_IGN;
    act.sa_flags = SA_RESTART;
    const int caught[] = {SIGINT, SIGTERM, SIGUSR1};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) sigaction(caught[i], &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL); /* a closed terminal must not end a run */
    sigaction(SIGXFSZ, &act, NULL); /* a full quota is an error of write(), not a death */
}

int signals_stop(void)
{
    return stop_signal;
}

bool signals_hurry(void)
{
    return (stop_signal == SIGINT || stop_signal == SIGTERM) && !getenv("DUNLIN_LAUNCHED");
}

const char *signals_name(int sig)
{
    switch (sig) {
    case SIGINT:
        return "SIGINT";
    case SIGTERM:
        return "SIGTERM";
    case SIGUSR1:
        return "SIGUSR1";
    default:
        return "a signal";
    }
}
