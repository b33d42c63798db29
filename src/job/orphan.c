/* orphan.c -- see orphan.h. MPI's own threads notice it, too, but not inside MPI_Init, and not for ranks that wait in a
 * call of the kernel. */
#include "job/orphan.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "job/ending.h"

enum { STACK = 1 << 16 };
static const double LOOK = 0.5; /* s */

static void *look(void *parent)
{
    while (getppid() == (pid_t)(intptr_t)parent) clock_sleep(LOOK);
    kill(getpid(), SIGTERM);
    clock_sleep(ENDING_ORPHANS);
    kill(getpid(), SIGKILL);
    return NULL;
}

void orphan_watch(void)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    (void)thread_start(&thread, &attributes, look, (void *)(intptr_t)getppid());
    pthread_attr_destroy(&attributes);
}
