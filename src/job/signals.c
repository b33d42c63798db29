/* signals.c -- see signals.h. */
#include "job/signals.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job/family.h"

enum { LINE = 256 };

static volatile sig_atomic_t stop_signal; /* written by the handler alone */

static void on_signal(int sig)
{
    if (!stop_signal) stop_signal = sig;
}

/* Whose default is a death without a word; MPI tells of faults. */
static struct {
    int sig;
    const char *name;
    char line[LINE];
} deadly[] = {{.sig = SIGALRM, .name = "SIGALRM, of alarm() or a timer"},
              {.sig = SIGVTALRM, .name = "SIGVTALRM, of a timer"},
              {.sig = SIGPROF, .name = "SIGPROF, of a timer"},
              {.sig = SIGXCPU, .name = "SIGXCPU, of a limit of processor time"},
              {.sig = SIGIO, .name = "SIGIO"},
              {.sig = SIGUSR2, .name = "SIGUSR2"},
              {.sig = SIGHUP, .name = "SIGHUP"},
              {.sig = SIGQUIT, .name = "SIGQUIT"},
              {.sig = SIGTRAP, .name = "SIGTRAP"},
              {.sig = SIGSYS, .name = "SIGSYS"}};
enum { DEADLY = sizeof deadly / sizeof *deadly };

static void on_deadly(int sig)
{
    for (int i = 0; i < DEADLY; i++)
        if (deadly[i].sig == sig && write(STDERR_FILENO, deadly[i].line, strlen(deadly[i].line)) < 0) break;
    raise(sig); /* its default by now */
}

static void name_deadly(void)
{
    struct sigaction act = {.sa_handler = on_deadly, .sa_flags = (int)SA_RESETHAND | SA_NODEFER}, now;
    for (int i = 0; i < DEADLY; i++) {
        const bool ours = !sigaction(deadly[i].sig, NULL, &now) && now.sa_handler == on_deadly;
        snprintf(
            deadly[i].line, LINE,
            "dunlin: rank %d: ended by %s: a library has asked for it, the environment's if it is one, or somebody "
            "has sent it\n",
            family_any_rank(), deadly[i].name);
        if (ours || now.sa_handler == SIG_DFL) sigaction(deadly[i].sig, &act, NULL);
    }
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
    name_deadly();
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
